/**
 * Lets a codec write tags that its schema does not know, as golden vectors carry them: each becomes a tagged struct of int8.
 *
 * Ours skips such tags when it reads, so without this a vector that has some could not be written to the same bytes.
 */

import type { FieldLayout, StructLayout } from '../../src/protocol/layout.ts'

type Struct = Record<string, unknown>

interface UnknownTag {
  tag: number
  data: string
}

/** Of vectors: the unknown tags of a struct, last in it. */
export const UNKNOWN_TAGS = '_unknownTags'

/** The layout with all unknown tags that occur anywhere in the value, and the value with these as fields. */
export function knowingAllTags(
  layout: StructLayout,
  value: Struct,
): { layout: StructLayout; value: Struct } {
  const found = new Map<string, FieldLayout>()
  const known = collect(value, found) as Struct
  return { layout: found.size === 0 ? layout : widened(layout, [...found.values()]), value: known }
}

function collect(value: unknown, found: Map<string, FieldLayout>): unknown {
  if (Array.isArray(value)) return value.map((element) => collect(element, found))
  if (typeof value !== 'object' || value === null) return value
  const { [UNKNOWN_TAGS]: unknownTags = [], ...rest } = value as Struct
  const struct: Struct = {}
  for (const [name, part] of Object.entries(rest)) struct[name] = collect(part, found)
  for (const { tag, data } of unknownTags as UnknownTag[]) {
    const bytes = new Int8Array(Buffer.from(data, 'base64'))
    const field = tagField(tag, bytes.length)
    found.set(field.name, field)
    struct[field.name] = {
      isThere: true,
      ...Object.fromEntries([...bytes].map((byte, at) => [`at${at}`, byte])),
    }
  }
  return struct
}

const plainField: Omit<FieldLayout, 'name' | 'path'> = {
  type: 'int8',
  place: 'in place',
  compact: false,
  nullable: false,
  ignorable: false,
  tag: -1,
  default: 0,
  element: undefined,
  struct: undefined,
  leastSize: 1,
}

/** `isThere` is never written, as it is not among the `tagged`: by it the struct has not its default, and so is not left out. */
function tagField(tag: number, size: number): FieldLayout {
  const name = `tag${tag}of${size}`
  const bytes = Array.from({ length: size }, (_, at): FieldLayout => {
    return { ...plainField, name: `at${at}`, path: `${name}.at${at}` }
  })
  const isThere: FieldLayout = {
    ...plainField,
    name: 'isThere',
    path: `${name}.isThere`,
    type: 'bool',
    place: 'tagged',
    default: false,
  }
  const struct = { fields: [isThere, ...bytes], tagged: [], flexible: false, leastSize: size }
  return { ...plainField, name, path: name, type: 'struct', place: 'tagged', tag, struct }
}

function widened(layout: StructLayout, unknown: readonly FieldLayout[]): StructLayout {
  const inner = (field: FieldLayout): FieldLayout => ({
    ...field,
    struct: field.struct && widened(field.struct, unknown),
    element: field.element && inner(field.element),
  })
  const fields = [...layout.fields.map(inner), ...unknown]
  const tagged = fields.filter(({ place }) => place === 'tagged').sort((a, b) => a.tag - b.tag)
  return { ...layout, fields, tagged }
}
