import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { frameSizeAt, requestFrame, responseFrame } from '../../src/protocol/frame.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  peekApi,
  requestHeaderVersion,
  responseHeaderVersion,
} from '../../src/protocol/header.ts'
import { Fetch } from '../../src/protocol/messages/01-fetch.ts'
import { Heartbeat } from '../../src/protocol/messages/12-heartbeat.ts'
import { ApiVersions } from '../../src/protocol/messages/18-api-versions.ts'
import { Reader } from '../../src/protocol/reader.ts'
import { hasVersion } from '../../src/protocol/versions.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { apis, versionsOf } from './known-messages.ts'

describe('frameSizeAt', () => {
  const sizes = Buffer.alloc(12)
  sizes.writeInt32BE(100, 0)
  sizes.writeInt32BE(-1, 4)
  sizes.writeInt32BE(0, 8)

  it('knows a size once four bytes are there', () => {
    expect(frameSizeAt(sizes, 0, 100)).toBe(100)
    expect(frameSizeAt(sizes, 8, 100)).toBe(0)
    expect(frameSizeAt(sizes, 9, 100)).toBeUndefined()
    expect(frameSizeAt(Buffer.alloc(0), 0, 100)).toBeUndefined()
  })

  it('refuses what is negative or over the limit', () => {
    expect(() => frameSizeAt(sizes, 4, 100)).toThrow(ProtocolViolation)
    expect(() => frameSizeAt(sizes, 0, 99)).toThrow(
      'A frame of 100 bytes is larger than the limit of 99.',
    )
  })
})

describe('headers', () => {
  it('are flexible where the body is, but for the answer to ApiVersions', () => {
    for (const api of apis) {
      for (const version of versionsOf(api)) {
        const isFlexible = hasVersion(api.flexible, version)
        expect(requestHeaderVersion(api, version)).toBe(isFlexible ? 2 : 1)
        const isApiVersions = api === ApiVersions
        expect(responseHeaderVersion(api, version)).toBe(isFlexible && !isApiVersions ? 1 : 0)
      }
    }
  })

  it('have a client id that is never compact, and may be null', () => {
    const hexOf = (version: 0 | 1 | 2, clientId: string | null): string => {
      const writer = new Writer()
      encodeRequestHeader(writer, version, { apiKey: 1, apiVersion: 2, correlationId: 3, clientId })
      return writer.copy().toString('hex')
    }
    expect(hexOf(2, 'ab')).toBe('0001000200000003' + '00026162' + '00')
    expect(hexOf(1, 'ab')).toBe('0001000200000003' + '00026162')
    expect(hexOf(1, null)).toBe('0001000200000003' + 'ffff')
    expect(hexOf(0, 'ab')).toBe('0001000200000003')
  })

  it('are read back, tags that nobody knows skipped', () => {
    const bytes = Buffer.from('00120003ffffffff' + '00026162' + '010703aabbcc' + '2a', 'hex')
    const reader = new Reader(bytes)
    expect(peekApi(reader)).toEqual({ apiKey: 18, apiVersion: 3 })
    expect(decodeRequestHeader(reader, 2)).toEqual({
      apiKey: 18,
      apiVersion: 3,
      correlationId: -1,
      clientId: 'ab',
    })
    expect(reader.int8()).toBe(42)
    expect(decodeRequestHeader(new Reader(bytes), 0).clientId).toBeNull()
  })
})

describe('whole frames', () => {
  it('a response has size, header and body', () => {
    const frame = Buffer.concat(
      responseFrame(Heartbeat, 4, 7, { errorCode: 'REBALANCE_IN_PROGRESS' }),
    )
    expect(frame.toString('hex')).toBe('0000000c' + '00000007' + '00' + '00000000' + '001b' + '00')
  })

  it('a response carries large records by reference', () => {
    const records = Buffer.alloc(10_000, 5)
    const pieces = responseFrame(Fetch, 11, 7, {
      responses: [
        {
          topic: 'orders',
          partitions: [{ partitionIndex: 0, errorCode: 'NONE', highWatermark: 1, records }],
        },
      ],
    })
    expect(pieces).toContain(records)
    const frame = Buffer.concat(pieces)
    expect(frameSizeAt(frame, 0, 1e6)).toBe(frame.length - 4)
    const reader = new Reader(frame, 4)
    expect(decodeResponseHeader(reader, 0)).toBe(7)
  })

  it('a request has size, header and body', () => {
    const frame = requestFrame(
      Heartbeat,
      0,
      { correlationId: 9, clientId: 'c' },
      {
        groupId: 'g',
        generationId: 1,
        memberId: 'm',
      },
    )
    expect(Buffer.concat(frame).toString('hex')).toBe(
      '00000015' + '000c0000' + '00000009' + '000163' + '000167' + '00000001' + '00016d',
    )
  })
})
