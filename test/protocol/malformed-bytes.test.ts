import { deepStrictEqual } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { type Codec, generateCodec } from '../../src/protocol/compile.ts'
import { composeCodec } from '../../src/protocol/composed-codec.ts'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { type FieldLayout, layoutOf, type StructLayout } from '../../src/protocol/layout.ts'
import { Metadata } from '../../src/protocol/messages/03-metadata.ts'
import { Produce } from '../../src/protocol/messages/00-produce.ts'
import { Reader } from '../../src/protocol/reader.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { codecOf } from '../../src/protocol/compile.ts'
import { messages, versionsOf } from './known-messages.ts'
import { type Chance, chanceOf, everything, randomStruct } from './random-values.ts'

type AnyCodec = Codec<unknown, unknown>

/** The value, or the violation; anything else that is thrown fails the test. */
function outcome(codec: AnyCodec, bytes: Buffer): unknown {
  try {
    return codec.decode(new Reader(bytes))
  } catch (error) {
    if (error instanceof ProtocolViolation) return 'violation'
    throw error
  }
}

function* cuts(bytes: Buffer): Generator<Buffer> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length)
}

/** Each byte in turn made another: all bits turned, one bit turned, and any value. */
function* damages(bytes: Buffer, chance: Chance): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) {
    const turned = [0xff, 1 << (at % 8), 1 + Math.floor(chance() * 255)]
    for (const bits of turned) {
      const copy = Buffer.from(bytes)
      copy[at]! ^= bits
      yield copy
    }
  }
}

/** Some value of the message that takes few bytes, so that each of them can have its turn. */
function sample(layout: StructLayout, codec: AnyCodec, chance: Chance): Buffer {
  const samples = Array.from({ length: 6 }, () => {
    const writer = new Writer()
    codec.encode(writer, randomStruct(layout, chance))
    return writer.copy()
  })
  const small = samples.filter(({ length }) => length <= 1000)
  return small.sort((a, b) => b.length - a.length)[0] ?? samples.sort(byLength)[0]!
}

const byLength = (a: Buffer, b: Buffer): number => a.length - b.length

describe('bytes that are cut short or damaged anywhere', () => {
  it.each([...messages, everything].map((each) => [each.name, each] as const))(
    '%s',
    (_name, each) => {
      const chance = chanceOf(each.name.length)
      for (const version of new Set([each.versions.min, each.flexible.min, each.versions.max])) {
        if (version > each.versions.max || version < each.versions.min) continue
        const layout = layoutOf(each, version)
        const generated = generateCodec(layout, 'Tested')
        const composed = composeCodec(layout)
        const whole = sample(layout, generated, chance)
        for (const cut of cuts(whole)) expect(outcome(generated, cut)).toBe('violation')
        for (const bytes of damages(whole, chance)) {
          deepStrictEqual(outcome(generated, bytes), outcome(composed, bytes))
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
