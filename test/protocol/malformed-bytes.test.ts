/** Whatever the bytes say: a value or a ProtocolViolation, at once, and no more memory than the bytes allow. */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Codec, codecOf, encodeMessage, generateCodec } from '../../src/protocol/compile.ts'
import { composeCodec } from '../../src/protocol/composed-codec.ts'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { frameSizeAt, requestFrame } from '../../src/protocol/frame.ts'
import { decodeRequestHeader, peekApi, requestHeaderVersion } from '../../src/protocol/header.ts'
import { type FieldLayout, layoutOf, type StructLayout } from '../../src/protocol/layout.ts'
import { Produce } from '../../src/protocol/messages/00-produce.ts'
import { Metadata } from '../../src/protocol/messages/03-metadata.ts'
import {
  decodeAssignment,
  decodeSubscription,
} from '../../src/protocol/messages/embedded/consumer-protocol.ts'
import { decodeOffsetsTopicKey } from '../../src/protocol/messages/embedded/offsets-topic.ts'
import {
  decodeKey,
  decodeVersioned,
  decodeVersionedLeniently,
  encodeKey,
  encodeMetadataRecord,
  encodeVersioned,
} from '../../src/protocol/messages/embedded/prefixes.ts'
import { decodeMetadataRecord } from '../../src/protocol/messages/embedded/cluster-metadata.ts'
import { Reader } from '../../src/protocol/reader.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { hasVersion } from '../../src/protocol/versions.ts'
import { apis, embedded, messages, versionsOf } from './known-messages.ts'
import { type Chance, chanceOf, everything, randomStruct } from './random-values.ts'
import { expectSame } from './same-value.ts'

type AnyCodec = Codec<unknown, unknown>

const isLong = process.env.ODRADEK_LONG !== undefined
/** Of each message and version: what is varied is the damage. */
const SAMPLES = 1
const TIME = { timeout: isLong ? 240_000 : 30_000 }

// Nobody looks at the stacks of a million violations, and they take most of the time.
const { stackTraceLimit } = Error
beforeAll(() => void (Error.stackTraceLimit = 0))
afterAll(() => void (Error.stackTraceLimit = stackTraceLimit))

/** The value, or the violation; anything else that is thrown fails the test. */
function outcome(decode: () => unknown): unknown {
  try {
    return decode()
  } catch (error) {
    if (error instanceof ProtocolViolation) return 'violation'
    throw error
  }
}

/**
 * A reader that counts the elements that arrays claim, which is what memory is taken for before the elements are read: by
 * arrays within one another at most as often as they are deep.
 */
class CountingReader extends Reader {
  claimed = 0

  override count(leastSize: number): number {
    return this.noted(super.count(leastSize))
  }

  override nullableCount(leastSize: number): number {
    return this.noted(super.nullableCount(leastSize))
  }

  override compactCount(leastSize: number): number {
    return this.noted(super.compactCount(leastSize))
  }

  override nullableCompactCount(leastSize: number): number {
    return this.noted(super.nullableCompactCount(leastSize))
  }

  /** `count` asks `nullableCount`, so an array that may not be null is counted twice. */
  private noted(count: number): number {
    this.claimed += Math.max(count, 0)
    return count
  }
}

function* cuts(bytes: Buffer): Generator<Buffer> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length)
}

/** Each byte in turn made another: any value, and where `thoroughly` with one bit and with all bits turned; in long runs more of both. */
function* damages(bytes: Buffer, chance: Chance, thoroughly = true): Generator<Buffer> {
  const any = (): number => 1 + Math.floor(chance() * 255)
  for (let at = 0; at < bytes.length; at++) {
    const turned = [any()]
    if (isLong) turned.push(...Array.from({ length: 8 }, (_, bit) => 1 << bit), any(), any())
    if (isLong || thoroughly) turned.push(0xff, 1 << (at % 8))
    for (const bits of turned) {
      const copy = Buffer.from(bytes)
      copy[at]! ^= bits
      yield copy
    }
  }
}

/** A value of the message that takes few bytes, so that each of them can have its turn. */
function sample(layout: StructLayout, codec: AnyCodec, chance: Chance): Buffer {
  const samples = Array.from({ length: 6 }, () => {
    const writer = new Writer()
    codec.encode(writer, randomStruct(layout, chance))
    return writer.copy()
  })
  const small = samples.filter(({ length }) => length <= 400)
  return small.sort((a, b) => b.length - a.length)[0] ?? samples.sort(byLength)[0]!
}

const byLength = (a: Buffer, b: Buffer): number => a.length - b.length

function arrayDepth(layout: StructLayout): number {
  const depths = layout.fields.map(({ struct, element }) => {
    const inner = struct ?? element?.struct
    return (element ? 1 : 0) + (inner ? arrayDepth(inner) : 0)
  })
  return Math.max(0, ...depths)
}

/** Both codecs come to the same, and claim no more elements than the bytes could hold, once for each depth of arrays. */
function expectBounded(
  bytes: Buffer,
  depth: number,
  generated: AnyCodec,
  composed: AnyCodec,
): unknown {
  const reader = new CountingReader(bytes)
  const result = outcome(() => generated.decode(reader))
  expectSame(
    outcome(() => composed.decode(new Reader(bytes))),
    result,
  )
  const most = 2 * depth * bytes.length
  if (reader.claimed > most) throw new Error(`${reader.claimed} elements of ${bytes.length} bytes`)
  return result
}

describe('bytes that are cut short or damaged anywhere', () => {
  it.each([...messages, everything].map((each) => [each.name, each] as const))(
    '%s',
    TIME,
    (_name, each) => {
      for (const version of versionsOf(each)) {
        const layout = layoutOf(each, version)
        const generated = generateCodec(layout, 'Tested')
        const composed = composeCodec(layout)
        const depth = arrayDepth(layout)
        const { min, max } = each.versions
        const isTurn = [min, each.flexible.min, max].includes(version)
        fc.assert(
          fc.property(fc.integer(), (seed) => {
            const chance = chanceOf(seed)
            const whole = sample(layout, generated, chance)
            for (const cut of cuts(whole)) {
              if (expectBounded(cut, depth, generated, composed) !== 'violation') {
                throw new Error(`v${version}: ${cut.length} of ${whole.length} bytes were enough`)
              }
            }
            for (const bytes of damages(whole, chance, isTurn)) {
              expectBounded(bytes, depth, generated, composed)
            }
          }),
          { numRuns: SAMPLES },
        )
      }
    },
  )
})

describe('whole frames, read as a broker reads them', () => {
  /** Size, header by the key and version in it, body; undefined for what is not served. */
  function readFrame(bytes: Buffer): unknown {
    const size = frameSizeAt(bytes, 0, 1_000_000)
    if (size === undefined || bytes.length - 4 < size) return undefined
    const reader = new Reader(bytes, 4, 4 + size)
    const { apiKey, apiVersion } = peekApi(reader)
    const api = apis.find(({ key }) => key === apiKey)
    if (!api || !hasVersion(api.versions, apiVersion)) return undefined
    decodeRequestHeader(reader, requestHeaderVersion(api, apiVersion))
    return codecOf<Message>(api.request, apiVersion).decode(reader)
  }

  it.each(apis.map((api) => [api.name, api] as const))('%s', TIME, (_name, api) => {
    const origin = { correlationId: 7, clientId: 'tester' }
    const chance = chanceOf(api.key)
    for (const version of new Set([api.versions.min, api.versions.max])) {
      const codec = codecOf<Message>(api.request, version)
      const body = sample(layoutOf(api.request, version), codec as AnyCodec, chance)
      const request = codec.decode(new Reader(body))
      const frame = Buffer.concat(requestFrame(api, version, origin, request))
      expectSame(readFrame(frame), request)
      for (const bytes of [...cuts(frame), ...damages(frame, chance)]) {
        outcome(() => readFrame(bytes))
      }
    }
  })
})

describe('embedded formats with what precedes them', () => {
  const chance = chanceOf(20_261_125)
  const lenient = ['ConsumerProtocolSubscription', 'ConsumerProtocolAssignment']

  /** All that reads a message with its prefix. */
  function readers(message: Message): ((bytes: Buffer) => unknown)[] {
    const all = [(bytes: Buffer) => decodeVersioned(message, bytes)]
    if (message.apiKey !== undefined) all.push((bytes) => decodeKey(message, bytes))
    if (lenient.includes(message.name)) {
      all.push((bytes) => decodeVersionedLeniently(message, bytes))
    }
    return [
      ...all,
      decodeMetadataRecord,
      decodeOffsetsTopicKey,
      decodeSubscription,
      decodeAssignment,
    ]
  }

  function forms(message: Message, version: number, value: Record<string, unknown>): Buffer[] {
    const all = [encodeVersioned<Message>(message, version, value as never)]
    if (message.apiKey === undefined) return all
    if (version === 0) all.push(encodeKey<Message>(message, value as never))
    return [...all, encodeMetadataRecord<Message>(message, version, value as never)]
  }

  it.each(embedded.map((message) => [message.name, message] as const))(
    '%s',
    TIME,
    (_name, message) => {
      for (const version of versionsOf(message)) {
        const layout = layoutOf(message, version)
        const body = sample(layout, codecOf<Message>(message, version) as AnyCodec, chance)
        const value = codecOf<Message>(message, version).decode(new Reader(body))
        expectSame(encodeMessage<Message>(message, version, value as never), body)
        for (const whole of forms(message, version, value)) {
          for (const bytes of [...cuts(whole), ...damages(whole, chance)]) {
            for (const read of readers(message)) outcome(() => read(bytes))
          }
        }
      }
    },
  )
})

describe('the memory that decoding takes', () => {
  /** Of arrays, which are what a few bytes could claim many of. */
  function* elements(layout: StructLayout): Generator<FieldLayout> {
    for (const { place, struct, element } of layout.fields) {
      if (place === 'absent') continue
      if (element) yield element
      const inner = struct ?? element?.struct
      if (inner) yield* elements(inner)
    }
  }

  it('is bounded by the bytes: no element of an array takes none', () => {
    for (const message of messages) {
      for (const version of versionsOf(message)) {
        const free = [...elements(layoutOf(message, version))].filter((e) => e.leastSize === 0)
        expect(free.map(({ path }) => `${message.name} v${version} ${path}`)).toEqual([])
      }
    }
  })
})

describe('claims that the bytes do not keep', () => {
  const decode = (version: number, hex: string) => () =>
    codecOf(Metadata.request, version).decode(new Reader(Buffer.from(hex, 'hex')))

  it('an array of more elements than there are bytes for', () => {
    expect(decode(1, '7fffffff')).toThrow(ProtocolViolation)
    expect(decode(1, '000000020001')).toThrow('claims 2 elements')
    // Two topics take at least 2 x (uuid + string + tags) bytes in v12.
    expect(decode(12, `03${'00'.repeat(35)}`)).toThrow('claims 2 elements')
    expect(decode(12, `03${'00'.repeat(36)}0000`)).not.toThrow('claims')
  })

  it('an array of more than a million elements, even if all are there', () => {
    const bytes = Buffer.alloc(4 + 2 * 1_000_001 + 3)
    bytes.writeInt32BE(1_000_001)
    expect(() => codecOf(Metadata.request, 1).decode(new Reader(bytes))).toThrow('1000001 elements')
    bytes.writeInt32BE(1_000_000)
    const { topics } = codecOf(Metadata.request, 1).decode(new Reader(bytes))
    expect(topics).toHaveLength(1_000_000)
  })

  it.each([
    ['count', 4],
    ['nullableCount', 4],
    ['compactCount', 2],
    ['nullableCompactCount', 2],
  ] as const)('an array of more than a million elements, by %s', (method, countSize) => {
    const reader = (count: number) => {
      const writer = new Writer()
      if (method.includes('ompact')) writer.compactCount(count)
      else writer.count(count)
      return new Reader(Buffer.concat([writer.copy(), Buffer.alloc(1_000_001)]))
    }
    expect(reader(1_000_000)[method](1)).toBe(1_000_000)
    expect(() => reader(1_000_001)[method](1)).toThrow('claims 1000001 elements')
    const short = new Reader(reader(1000).buffer.subarray(0, countSize + 999))
    expect(() => short[method](1)).toThrow(ProtocolViolation)
  })

  it('a negative count, and null where an array must be', () => {
    expect(decode(1, 'fffffffe')).toThrow(ProtocolViolation)
    expect(decode(0, 'ffffffff')).toThrow(ProtocolViolation)
    expect(decode(1, 'ffffffff')).not.toThrow()
  })

  it('more than ten thousand tagged fields', () => {
    const section = (count: number) => {
      const writer = new Writer()
      writer.uvarint(count)
      for (let index = 0; index < count; index++) {
        writer.uvarint(index + 10)
        writer.uvarint(0)
      }
      return new Reader(writer.copy())
    }
    expect(() => section(10_001).skipTags()).toThrow('10001 tagged fields')
    const reader = section(10_000)
    reader.skipTags()
    expect(reader.remaining).toBe(0)
  })

  it('records longer than the frame', () => {
    const request = `ffff${'0001'}${'00000000'}00000001${'000161'}00000001${'00000000'}`
    const decodeProduce = (records: string) => () =>
      codecOf(Produce.request, 3).decode(new Reader(Buffer.from(request + records, 'hex')))
    expect(decodeProduce('00000003616263')).not.toThrow()
    expect(decodeProduce('00000004616263')).toThrow(ProtocolViolation)
    expect(decodeProduce('7fffffff616263')).toThrow(ProtocolViolation)
    expect(decodeProduce('fffffffe616263')).toThrow(ProtocolViolation)
  })
})
