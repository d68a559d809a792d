import { describe, expect, it } from 'vitest'
import { apiOf, isRequestOf, readRequest, readResponse } from '../../src/protocol/any-frame.ts'
import { apiTable } from '../../src/protocol/api-table.ts'
import { codecOf } from '../../src/protocol/compile.ts'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { requestFrame, responseFrame } from '../../src/protocol/frame.ts'
import { layoutOf } from '../../src/protocol/layout.ts'
import { Produce } from '../../src/protocol/messages/00-produce.ts'
import { Heartbeat } from '../../src/protocol/messages/12-heartbeat.ts'
import { Reader } from '../../src/protocol/reader.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { apis, versionsOf } from './known-messages.ts'
import { chanceOf, randomStruct } from './random-values.ts'
import { expectSame } from './same-value.ts'

const origin = { correlationId: 9, clientId: 'me' }
const request = { groupId: 'g', generationId: 1, memberId: 'm' }

/** Some value, as it is read back. */
function sample(message: Message, version: number): Record<string, unknown> {
  const codec = codecOf(message, version)
  const writer = new Writer()
  codec.encode(writer, randomStruct(layoutOf(message, version), chanceOf(version)) as never)
  return codec.decode(new Reader(Buffer.concat(writer.finish())))
}

describe('a frame of any API', () => {
  it.each(apis.map((api) => [api.name, api] as const))('%s', (_name, api) => {
    for (const version of versionsOf(api)) {
      const asked = sample(api.request, version)
      const read = readRequest(Buffer.concat(requestFrame(api, version, origin, asked)))
      expect(read).toMatchObject({ apiKey: api.key, apiVersion: version, ...origin })
      expect(read.api).toBe(api)
      expectSame(read.request, asked)
      const answered = sample(api.response, version)
      const frame = Buffer.concat(responseFrame(api, version, 7, answered))
      expectSame(readResponse(api, version, frame), { correlationId: 7, response: answered })
    }
  })

  it('is known by the key of its API', () => {
    for (const { key, absence } of apiTable) {
      expect(apiOf(key)?.key).toBe(absence === undefined ? key : undefined)
    }
    expect(apiOf(4711)).toBeUndefined()
  })

  it('has its type, once it is known what it is', () => {
    const read = readRequest(Buffer.concat(requestFrame(Heartbeat, 4, origin, request)))
    expect(isRequestOf(read, Produce)).toBe(false)
    if (!isRequestOf(read, Heartbeat)) throw new Error('It is a Heartbeat.')
    const { memberId }: { memberId: string } = read.request
    expect(memberId).toBe('m')
  })

  it('is a whole one, of an API and a version that have a schema', () => {
    const frame = Buffer.concat(requestFrame(Heartbeat, 4, origin, request))
    for (const wrong of [frame.subarray(0, -1), Buffer.concat([frame, frame]), frame.subarray(4)]) {
      expect(() => readRequest(wrong)).toThrow(ProtocolViolation)
    }
    const withHeader = (key: number, version: number) => {
      const changed = Buffer.from(frame)
      changed.writeInt16BE(key, 4)
      changed.writeInt16BE(version, 6)
      return changed
    }
    expect(() => readRequest(withHeader(52, 0))).toThrow('no schema for the API key 52')
    expect(() => readRequest(withHeader(12, 5))).toThrow('Heartbeat has no version 5.')
    expect(() => readResponse(Heartbeat, -1, frame)).toThrow('Heartbeat has no version -1.')
  })
})
