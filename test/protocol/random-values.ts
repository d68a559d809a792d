/** Seeded random values of any schema at any version. */

import { errors } from '../../src/protocol/errors.ts'
import type { FieldLayout, StructLayout } from '../../src/protocol/layout.ts'
import { type Message, message } from '../../src/protocol/schema.ts'
import * as schema from '../../src/protocol/schema.ts'

export type Chance = () => number

/** mulberry32: small, and the same everywhere. */
export function chanceOf(seed: number): Chance {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const texts = ['', 'a', 'orders', 'Zażółć', '😀', 'x'.repeat(24), 'é'.repeat(20), 'y'.repeat(200)]
const bits = { int8: 8, int16: 16, int32: 32, uint16: 16, uint32: 32 } as const

function pick<Item>(items: readonly Item[], chance: Chance): Item {
  return items[Math.floor(chance() * items.length)]!
}

function randomBytes(length: number, chance: Chance): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(chance() * 256)))
}

/** A value that may be written; fields are left out now and then. */
export function randomStruct(layout: StructLayout, chance: Chance): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const field of layout.fields) {
    const writable = field.place !== 'absent' || field.ignorable
    const needed = field.place === 'in place' && field.default === null && !field.nullable
    if (needed || (writable && chance() < 0.85)) value[field.name] = randomValue(field, chance)
  }
  return value
}

function randomValue(field: FieldLayout, chance: Chance): unknown {
  if (field.nullable && chance() < 0.2) return null
  const { type } = field
  if (type === 'struct') return randomStruct(field.struct!, chance)
  if (type === 'array') {
    const length = Math.floor(chance() * 4)
    return Array.from({ length }, () => randomValue({ ...field.element!, nullable: false }, chance))
  }
  if (type === 'string') return pick(texts, chance)
  if (type === 'bytes') return randomBytes(pick([0, 1, 126, 127, 128, 300], chance), chance)
  if (type === 'records') return randomRecords(chance)
  if (type === 'uuid') return randomBytes(16, chance).toString('base64url')
  if (type === 'bool') return chance() < 0.5
  if (type === 'errorCode') return pick(errors, chance).name
  if (type === 'float64') return chance() * 1e9 - 5e8
  if (type === 'int64') return randomInt64(chance)
  return randomInteger(bits[type], type.startsWith('u'), chance)
}

function randomRecords(chance: Chance): Buffer | Buffer[] {
  const piece = (): Buffer => randomBytes(pick([0, 61, 2047, 2048, 3000], chance), chance)
  return chance() < 0.5 ? piece() : [piece(), piece()]
}

function randomInteger(size: number, unsigned: boolean, chance: Chance): number {
  const low = unsigned ? 0 : -(2 ** (size - 1))
  return pick([low, low + 2 ** size - 1, 0, 1, Math.floor(chance() * 100)], chance)
}

function randomInt64(chance: Chance): bigint | number {
  return pick(
    [
      -(2n ** 63n),
      2n ** 63n - 1n,
      -1n,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      -1,
      -4_294_967_296,
      Math.floor(chance() * 1e13),
    ],
    chance,
  )
}

/** What reading gives of a value that was written: defaults for what was left out or had no room, integers of 64 bits as bigint. */
export function readBack(
  layout: StructLayout,
  value: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(
    layout.fields.map((field) => {
      const given = field.place === 'absent' ? undefined : value[field.name]
      return [field.name, given === undefined ? fallback(field) : readBackField(field, given)]
    }),
  )
}

function readBackField(field: FieldLayout, value: unknown): unknown {
  if (value === null) return null
  const { type, struct, element } = field
  if (type === 'int64') return BigInt(value as bigint | number)
  if (type === 'records') return Array.isArray(value) ? Buffer.concat(value) : value
  if (type === 'struct') return readBack(struct!, value as Record<string, unknown>)
  if (type !== 'array') return value
  return (value as unknown[]).map((part) => readBackField(element!, part))
}

function fallback(field: FieldLayout): unknown {
  if (field.default === null) return null
  if (field.type === 'struct') return readBack(field.struct!, {})
  return field.type === 'array' ? [] : field.default
}

const point = { x: schema.int32(), y: schema.int32('0+', { default: -1 }) }

/** All that the DSL can say, some of which no message of today says. */
export const everything: Message = message({
  name: 'Everything',
  versions: '0-3',
  flexible: '2+',
  fields: {
    flag: schema.bool(),
    small: schema.uint16(),
    large: schema.uint32('1+', { ignorable: true, default: 7 }),
    ratio: schema.float64(),
    plainText: schema.string('0+', { nullable: '0+', flexible: 'none' }),
    names: schema.array('0+', schema.string(), { nullable: '1+' }),
    ids: schema.array('0+', schema.uuid()),
    times: schema.array('1-2', schema.int64(), { default: [], ignorable: true }),
    maybe: schema.struct('0+', point, { nullable: '1+' }),
    always: schema.struct('0+', { ...point, inner: schema.array('3+', point, { default: [] }) }),
    taggedMaybe: schema.struct('2+', point, {
      nullable: '2+',
      default: null,
      tag: 3,
      tagged: '2+',
    }),
    taggedAlways: schema.struct('2+', point, { default: {}, tag: 0, tagged: '2+' }),
    taggedText: schema.string('0+', { default: 'x', tag: 1, tagged: '3+' }),
    taggedBytes: schema.bytes('2+', {
      nullable: '3+',
      default: Buffer.alloc(0),
      tag: 7,
      tagged: '2+',
    }),
    taggedPoints: schema.array('2+', point, { nullable: '2+', default: [], tag: 2, tagged: '2+' }),
    taggedCode: schema.errorCode('2+', { default: 'NONE', tag: 200, tagged: '2+' }),
    records: schema.records('0+', { nullable: '0+' }),
  },
})
