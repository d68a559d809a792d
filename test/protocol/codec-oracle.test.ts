import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Codec, codecOf, encodeMessage, generateCodec } from '../../src/protocol/compile.ts'
import { composeCodec } from '../../src/protocol/composed-codec.ts'
import { layoutOf } from '../../src/protocol/layout.ts'
import { Reader } from '../../src/protocol/reader.ts'
import { int32, message, string, struct, uuid } from '../../src/protocol/schema.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { messages, versionsOf } from './known-messages.ts'
import { chanceOf, everything, randomStruct, readBack } from './random-values.ts'
import { expectSame } from './same-value.ts'

const ROUNDS = process.env.ODRADEK_LONG ? 200 : 12

type AnyCodec = Codec<unknown, unknown>

function written(codec: AnyCodec, value: unknown): Buffer {
  const writer = new Writer()
  codec.encode(writer, value)
  return Buffer.concat(writer.finish())
}

function read(codec: AnyCodec, bytes: Buffer): unknown {
  const reader = new Reader(bytes)
  const value = codec.decode(reader)
  expect(reader.remaining).toBe(0)
  return value
}

describe('generated and composed codecs agree, and read what they wrote', () => {
  it.each([...messages, everything].map((each) => [each.name, each] as const))(
    '%s',
    (_name, each) => {
      for (const version of versionsOf(each)) {
        const layout = layoutOf(each, version)
        const generated = generateCodec(layout, 'Tested')
        const composed = composeCodec(layout)
        fc.assert(
          fc.property(fc.integer(), (seed) => {
            const value = randomStruct(layout, chanceOf(seed))
            const bytes = written(generated, value)
            expect(bytes.equals(written(composed, value)), `v${version}`).toBe(true)
            const decoded = read(generated, bytes)
            expectSame(decoded, readBack(layout, value))
            expectSame(read(composed, bytes), decoded)
            expect(written(generated, decoded).equals(bytes), `v${version}`).toBe(true)
          }),
          { numRuns: ROUNDS },
        )
      }
    },
  )
})

const sample = message({
  name: 'Sample',
  versions: '0-2',
  flexible: '2+',
  fields: {
    id: int32(),
    strict: string('1+', { default: '' }),
    lenient: string('1+', { default: '', ignorable: true }),
    nullableLater: string('0+', { nullable: '1+', default: null }),
    place: struct(
      '2+',
      { x: int32(), y: int32('0+', { default: -1 }) },
      { default: {}, tag: 0, tagged: '2+' },
    ),
    topicId: uuid('2+', { default: 'AAAAAAAAAAAAAAAAAAAAAA' }),
  },
})

const makers: [string, (version: number) => AnyCodec][] = [
  ['generated', (version) => generateCodec(layoutOf(sample, version), 'Sample')],
  ['composed', (version) => composeCodec(layoutOf(sample, version))],
]

describe.each(makers)('a %s codec', (_name, codecAt) => {
  const base = { id: 1, nullableLater: '' }

  it('refuses a value that the version has no room for', () => {
    expect(() => written(codecAt(0), { ...base, strict: 'a' })).toThrow('strict has a value')
    expect(() => written(codecAt(1), { ...base, place: { x: 1 } })).toThrow('place has a value')
    expect(() => written(codecAt(1), { ...base, place: { x: 0, y: 0 } })).toThrow(
      'place has a value',
    )
    expect(() => written(codecAt(0), { ...base, strict: '', place: { x: 0, y: -1 } })).not.toThrow()
  })

  it('drops what may be ignored', () => {
    const bytes = written(codecAt(0), { ...base, lenient: 'gone' })
    expect(bytes.equals(written(codecAt(0), base))).toBe(true)
  })

  it('refuses null where the version has none', () => {
    expect(() => written(codecAt(0), { id: 1, nullableLater: null })).toThrow(
      'nullableLater is null',
    )
    expect(() => written(codecAt(0), { id: 1 })).toThrow('nullableLater is null')
    expect(written(codecAt(1), { id: 1 }).toString('hex')).toBe('0000000100000000ffff')
  })

  it('reads a default for what is not there', () => {
    expect(read(codecAt(0), Buffer.from('000000050001' + '62', 'hex'))).toEqual({
      id: 5,
      strict: '',
      lenient: '',
      nullableLater: 'b',
      place: { x: 0, y: -1 },
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    })
  })

  it('gives defaults that nobody else holds', () => {
    const bytes = written(codecAt(0), base)
    const one = read(codecAt(0), bytes) as { place: { x: number } }
    one.place.x = 99
    expect(read(codecAt(0), bytes)).toMatchObject({ place: { x: 0 } })
  })

  it('leaves a tagged field out when it has its default, and skips tags that it does not know', () => {
    const bytes = written(codecAt(2), { id: 1, place: { x: 0 } })
    const uuidBytes = '00'.repeat(16)
    expect(bytes.toString('hex')).toBe(`00000001010100${uuidBytes}00`)
    const more = Buffer.from(
      `00000001010100${uuidBytes}02` + '0009000000070000000800' + '6302beef',
      'hex',
    )
    expect(read(codecAt(2), more)).toMatchObject({ id: 1, place: { x: 7, y: 8 } })
  })

  it('refuses a number that its type does not hold', () => {
    for (const id of [2 ** 31, 1.5, Number.NaN, -(2 ** 31) - 1]) {
      expect(() => written(codecAt(1), { ...base, id })).toThrow(TypeError)
    }
  })
})

describe('where code may not be generated', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('composed codecs take over', () => {
    const fresh = { ...sample }
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('Code generation from strings disallowed for this context')
    })
    expect(codecOf(fresh, 1).decode.name).not.toBe('decodeSample1')
    expect(encodeMessage(fresh, 1, { id: 1 }).toString('hex')).toBe('0000000100000000ffff')
  })

  it('and elsewhere they do not', () => {
    expect(codecOf({ ...sample }, 1).decode.name).toBe('decodeSample1')
  })
})

describe('codecOf', () => {
  it('makes each codec once', () => {
    expect(codecOf(sample, 1)).toBe(codecOf(sample, 1))
    expect(codecOf(sample, 1)).not.toBe(codecOf(sample, 2))
  })

  it('knows no version that the message lacks', () => {
    expect(() => codecOf(sample, 3)).toThrow('Sample has no version 3.')
    expect(() => codecOf(sample, -1)).toThrow('Sample has no version -1.')
  })
})
