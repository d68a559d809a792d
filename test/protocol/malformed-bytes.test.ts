import { deepStrictEqual } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { type Codec, generateCodec } from '../../src/protocol/compile.ts'
import { composeCodec } from '../../src/protocol/composed-codec.ts'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { layoutOf } from '../../src/protocol/layout.ts'
import { Metadata } from '../../src/protocol/messages/03-metadata.ts'
import { Produce } from '../../src/protocol/messages/00-produce.ts'
import { Reader } from '../../src/protocol/reader.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { codecOf } from '../../src/protocol/compile.ts'
import { messages } from './known-messages.ts'
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
  const step = Math.max(1, Math.floor(bytes.length / 60))
  for (let length = 0; length < bytes.length; length += step) yield bytes.subarray(0, length)
}

function* damages(bytes: Buffer, chance: Chance): Generator<Buffer> {
  for (let round = 0; round < 40 && bytes.length > 0; round++) {
    const copy = Buffer.from(bytes)
    for (let hit = 0; hit <= round % 3; hit++) {
      const value = [0, 0xff, 0x80, 0x7f, Math.floor(chance() * 256)][round % 5]!
      copy[Math.floor(chance() * copy.length)] = value
    }
    yield copy
  }
}

describe('bytes that are cut short or damaged', () => {
  it.each([...messages, everything].map((each) => [each.name, each] as const))(
    '%s',
    (_name, each) => {
      const chance = chanceOf(each.name.length)
      for (const version of new Set([each.versions.min, each.flexible.min, each.versions.max])) {
        if (version > each.versions.max || version < each.versions.min) continue
        const layout = layoutOf(each, version)
        const generated = generateCodec(layout, 'Tested')
        const composed = composeCodec(layout)
        const writer = new Writer()
        generated.encode(writer, randomStruct(layout, chance))
        const whole = writer.copy()
        for (const cut of cuts(whole)) expect(outcome(generated, cut)).toBe('violation')
        for (const bytes of [...cuts(whole), ...damages(whole, chance)]) {
          deepStrictEqual(outcome(generated, bytes), outcome(composed, bytes))
        }
      }
    },
  )
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
