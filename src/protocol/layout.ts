/** A schema at one version: where each field lies, and how. Codecs are made of this. */

import type { Field, Fields, FieldType, Message } from './schema.ts'
import { commonVersions, hasVersion, type VersionRange } from './versions.ts'

export interface StructLayout {
  /** In the order of the schema. */
  readonly fields: readonly FieldLayout[]
  /** By ascending tag. */
  readonly tagged: readonly FieldLayout[]
  /** Ends with a tag section. */
  readonly flexible: boolean
  /** No struct of this layout takes fewer bytes. */
  readonly leastSize: number
}

export interface FieldLayout {
  readonly name: string
  /** Like `topics.partitions.records`. */
  readonly path: string
  readonly type: FieldType
  readonly place: 'in place' | 'tagged' | 'absent'
  readonly compact: boolean
  readonly nullable: boolean
  readonly ignorable: boolean
  readonly tag: number
  readonly default: unknown
  /** Of an array. */
  readonly element: FieldLayout | undefined
  /** Of a struct. */
  readonly struct: StructLayout | undefined
  /** No value takes fewer bytes, in its place. */
  readonly leastSize: number
}

export function layoutOf(message: Message, version: number): StructLayout {
  if (!hasVersion(message.versions, version)) {
    throw new TypeError(`${message.name} has no version ${version}.`)
  }
  return structLayout(message.fields, '', {
    version,
    flexible: hasVersion(message.flexible, version),
    within: message.versions,
  })
}

interface Frame {
  readonly version: number
  readonly flexible: boolean
  /** The versions in which the enclosing struct is there at all. */
  readonly within: VersionRange
}

function structLayout(schema: Fields, path: string, frame: Frame): StructLayout {
  const fields = Object.entries(schema).map(([name, field]) => {
    if (!/^[a-z]\w*$/i.test(name)) throw new TypeError(`"${name}" cannot be the name of a field.`)
    return fieldLayout(field, name, path === '' ? name : `${path}.${name}`, frame)
  })
  const tagged = fields.filter(({ place }) => place === 'tagged').sort((a, b) => a.tag - b.tag)
  const inPlace = fields.filter(({ place }) => place === 'in place')
  return {
    fields,
    tagged,
    flexible: frame.flexible,
    leastSize: inPlace.reduce((sum, { leastSize }) => sum + leastSize, frame.flexible ? 1 : 0),
  }
}

function fieldLayout(field: Field, name: string, path: string, frame: Frame): FieldLayout {
  const { version } = frame
  const within = commonVersions(field.versions, frame.within)
  const tagged = frame.flexible && hasVersion(field.tagged, version)
  const compact = field.flexible ? hasVersion(field.flexible, version) : frame.flexible
  const nullable = hasVersion(field.nullable, version)
  const element = field.element && fieldLayout(field.element, name, path, { ...frame, within })
  const struct = field.fields && structLayout(field.fields, path, { ...frame, within })
  return {
    name,
    path,
    type: field.type,
    place: !hasVersion(within, version) ? 'absent' : tagged ? 'tagged' : 'in place',
    compact,
    nullable,
    ignorable: field.ignorable,
    tag: field.tag,
    default: field.default,
    element,
    struct,
    leastSize: leastSizeOf(field.type, compact, nullable, struct),
  }
}

const FIXED_SIZES: Partial<Record<FieldType, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  errorCode: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
}

function leastSizeOf(
  type: FieldType,
  compact: boolean,
  nullable: boolean,
  struct: StructLayout | undefined,
): number {
  if (struct) return nullable ? 1 : struct.leastSize
  return FIXED_SIZES[type] ?? (compact ? 1 : type === 'string' ? 2 : 4)
}

/** A value was given to a field that this version has not. */
export function noRoom(path: string): TypeError {
  return new TypeError(`${path} has a value in a version that has no room for it.`)
}

export function mayNotBeNull(path: string): TypeError {
  return new TypeError(`${path} is null in a version in which it may not be.`)
}
