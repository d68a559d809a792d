/**
 * Codecs composed of closures: what runs where code may not be generated, and what tests hold the generated ones against.
 */

import { errorCodeOf, errorNameOf, ProtocolViolation } from './errors.ts'
import { type FieldLayout, mayNotBeNull, noRoom, type StructLayout } from './layout.ts'
import type { Reader } from './reader.ts'
import type { ScalarType } from './schema.ts'
import type { Writer } from './writer.ts'

type Read = (reader: Reader) => unknown
type Write = (writer: Writer, value: unknown) => void
type Struct = Record<string, unknown>
type RecordsValue = Buffer | readonly Buffer[]

export interface ComposedCodec {
  decode: Read
  encode: Write
}

export function composeCodec(layout: StructLayout): ComposedCodec {
  return { decode: readStruct(layout), encode: writeStruct(layout) }
}

const scalarReads: Record<ScalarType, Read> = {
  bool: (r) => r.bool(),
  int8: (r) => r.int8(),
  int16: (r) => r.int16(),
  int32: (r) => r.int32(),
  int64: (r) => r.int64(),
  uint16: (r) => r.uint16(),
  uint32: (r) => r.uint32(),
  float64: (r) => r.float64(),
  uuid: (r) => r.uuid(),
  errorCode: (r) => errorNameOf(r.int16()),
}

const scalarWrites: Record<ScalarType, Write> = {
  bool: (w, value) => w.bool(value as boolean),
  int8: (w, value) => w.int8(value as number),
  int16: (w, value) => w.int16(value as number),
  int32: (w, value) => w.int32(value as number),
  int64: (w, value) => w.int64(value as bigint | number),
  uint16: (w, value) => w.uint16(value as number),
  uint32: (w, value) => w.uint32(value as number),
  float64: (w, value) => w.float64(value as number),
  uuid: (w, value) => w.uuid(value as string),
  errorCode: (w, value) => w.int16(errorCodeOf(value as Parameters<typeof errorCodeOf>[0])),
}

function readStruct(layout: StructLayout): Read {
  const steps = layout.fields.map((field) => ({ field, read: readField(field) }))
  const tagged = new Map(
    steps.filter(({ field }) => field.place === 'tagged').map((step) => [step.field.tag, step]),
  )
  return (reader) => {
    const value: Struct = {}
    for (const { field, read } of steps) {
      value[field.name] = field.place === 'in place' ? read(reader) : defaultValue(field)
    }
    if (!layout.flexible) return value
    for (let left = reader.tagCount(); left > 0; left--) {
      const tag = reader.uvarint()
      const end = reader.tagEnd()
      const step = tagged.get(tag)
      if (step === undefined) {
        reader.position = end
        continue
      }
      value[step.field.name] = step.read(reader)
      reader.closeTag(tag, end)
    }
    return value
  }
}

function readField(field: FieldLayout): Read {
  const { compact, nullable, type } = field
  if (type === 'string') {
    if (compact) return (r) => (nullable ? r.nullableCompactString() : r.compactString())
    return (r) => (nullable ? r.nullableString() : r.string())
  }
  if (type === 'bytes' || type === 'records') {
    if (compact) return (r) => (nullable ? r.nullableCompactBytes() : r.compactBytes())
    return (r) => (nullable ? r.nullableBytes() : r.bytes())
  }
  if (type === 'array') return readArray(field, field.element!)
  if (type !== 'struct') return scalarReads[type]
  const read = readStruct(field.struct!)
  if (!nullable) return read
  if (field.place === 'tagged') return (r) => (r.taggedPresence() ? read(r) : null)
  return (r) => (r.presence() ? read(r) : null)
}

function readArray({ compact, nullable }: FieldLayout, element: FieldLayout): Read {
  const read = readField(element)
  return (reader) => {
    const count = compact
      ? reader.nullableCompactCount(element.leastSize)
      : reader.nullableCount(element.leastSize)
    if (count === -1 && nullable) return null
    if (count === -1) throw new ProtocolViolation('A null array, where none may be.')
    return Array.from({ length: count }, () => read(reader))
  }
}

function writeStruct(layout: StructLayout): Write {
  const steps = layout.fields.map((field) => ({ field, write: writeField(field) }))
  const tagged = layout.tagged.map((field) => ({ field, write: writeField(field) }))
  return (writer, value) => {
    const struct = value as Struct
    for (const { field, write } of steps) {
      if (field.place === 'in place') {
        write(writer, present(field, struct[field.name]))
      } else if (field.place === 'absent' && !field.ignorable) {
        if (!isDefault(field, struct[field.name])) throw noRoom(field.path)
      }
    }
    if (!layout.flexible) return
    const stated = tagged.filter(({ field }) => !isDefault(field, struct[field.name]))
    writer.uvarint(stated.length)
    for (const { field, write } of stated) {
      const opened = writer.openTag(field.tag)
      write(writer, struct[field.name])
      writer.closeTag(opened)
    }
  }
}

function writeField(field: FieldLayout): Write {
  const write = writeValue(field)
  if (field.nullable) return write
  return (writer, value) => {
    if (value === null) throw mayNotBeNull(field.path)
    write(writer, value)
  }
}

function writeValue(field: FieldLayout): Write {
  const { compact, type } = field
  if (type === 'string') {
    if (compact) return (w, value) => w.nullableCompactString(value as string | null)
    return (w, value) => w.nullableString(value as string | null)
  }
  if (type === 'bytes') {
    if (compact) return (w, value) => w.nullableCompactBytes(value as Buffer | null)
    return (w, value) => w.nullableBytes(value as Buffer | null)
  }
  if (type === 'records') {
    if (compact) return (w, value) => w.nullableCompactRecords(value as RecordsValue | null)
    return (w, value) => w.nullableRecords(value as RecordsValue | null)
  }
  if (type === 'array') return writeArray(field, writeField(field.element!))
  if (type === 'struct') return writeNullableStruct(field, writeStruct(field.struct!))
  return scalarWrites[type]
}

function writeArray({ compact }: FieldLayout, write: Write): Write {
  return (writer, value) => {
    const elements = value as readonly unknown[] | null
    const count = elements === null ? -1 : elements.length
    if (compact) writer.compactCount(count)
    else writer.count(count)
    for (const element of elements ?? []) write(writer, element)
  }
}

function writeNullableStruct({ nullable, place }: FieldLayout, write: Write): Write {
  if (!nullable) return write
  return (writer, value) => {
    if (place === 'tagged') writer.uvarint(value === null ? 0 : 1)
    else writer.int8(value === null ? -1 : 1)
    if (value !== null) write(writer, value)
  }
}

/** What a field is where it is absent. */
function defaultValue(field: FieldLayout): unknown {
  if (field.default === null) return null
  if (field.type === 'array') return []
  if (field.type !== 'struct') return field.default
  return Object.fromEntries(field.struct!.fields.map((inner) => [inner.name, defaultValue(inner)]))
}

function present(field: FieldLayout, value: unknown): unknown {
  return value === undefined ? defaultValue(field) : value
}

function isDefault(field: FieldLayout, value: unknown): boolean {
  if (value === undefined) return true
  if (value === null || field.default === null) return value === field.default
  if (field.type === 'int64') return BigInt(value as bigint | number) === field.default
  if (field.type === 'struct') {
    return field.struct!.fields.every((inner) => isDefault(inner, (value as Struct)[inner.name]))
  }
  if (field.type !== 'array' && field.type !== 'bytes') return value === field.default
  return (value as readonly unknown[] | Buffer).length === 0
}
