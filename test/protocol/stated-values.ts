/** Values as Kafka's JSON states them, turned into what our codecs decode to. */

import { errorNameOf } from '../../src/protocol/errors.ts'
import type { FieldLayout, StructLayout } from '../../src/protocol/layout.ts'
import { UNKNOWN_TAGS } from './unknown-tags.ts'

export type Struct = Record<string, unknown>

/** A vector's value as we decode it, with defaults for what it leaves out. */
export function expected(layout: StructLayout, value: Struct): Struct {
  const known = new Set([UNKNOWN_TAGS, ...layout.fields.map(({ name }) => name)])
  const strange = Object.keys(value).filter((name) => !known.has(name))
  if (strange.length > 0) throw new Error(`the schema has no ${strange.join(', ')}`)
  return Object.fromEntries(
    layout.fields.map((field) => {
      const stated = value[field.name]
      if (stated !== undefined && field.place === 'absent') {
        throw new Error(`${field.path} is absent`)
      }
      return [field.name, stated === undefined ? fallback(field) : converted(field, stated)]
    }),
  )
}

function fallback(field: FieldLayout): unknown {
  if (field.type === 'array' && field.default !== null) return []
  if (field.type === 'struct' && field.default !== null) return expected(field.struct!, {})
  return field.default
}

function converted(field: FieldLayout, value: unknown): unknown {
  if (value === null) return null
  if (field.type === 'array')
    return (value as unknown[]).map((part) => converted(field.element!, part))
  if (field.type === 'struct') return expected(field.struct!, value as Struct)
  if (field.type === 'int64') return BigInt(value as string)
  // Kafka's own JSON tells the size of records alone.
  if (field.type === 'records' && typeof value === 'number') return Buffer.alloc(value)
  if (field.type === 'bytes' || field.type === 'records')
    return Buffer.from(value as string, 'base64')
  if (field.type === 'errorCode') return errorNameOf(value as number)
  return value
}
