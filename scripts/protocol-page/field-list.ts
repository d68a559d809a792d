/** A schema as text: a line for each field, with its type and the versions that it is in. */

import { type Field, type Fields, type Message, ZERO_UUID } from '../../src/protocol/schema.ts'
import { commonVersions, hasVersion, type VersionRange } from '../../src/protocol/versions.ts'

interface Line {
  name: string
  type: string
  versions: string
  rest: string
}

/** `within`: the versions that the message has; a field that is in all of them needs not say so. */
export function fieldList({ fields, versions }: Message): string {
  const lines = linesOf(fields, '', versions)
  if (lines.length === 0) return '(no fields)'
  const width = (pick: (line: Line) => string) => Math.max(...lines.map((l) => pick(l).length))
  const names = width(({ name }) => name)
  const types = width(({ type }) => type)
  const ranges = width((line) => line.versions)
  return lines
    .map(({ name, type, versions: range, rest }) =>
      `${name.padEnd(names)}  ${type.padEnd(types)}  ${range.padEnd(ranges)}  ${rest}`.trimEnd(),
    )
    .join('\n')
}

function linesOf(fields: Fields, indent: string, within: VersionRange): Line[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const versions = commonVersions(field.versions, within)
    const line = {
      name: indent + name,
      type: typeText(field),
      versions: isSame(versions, within) ? '' : `v${rangeText(versions, within)}`,
      rest: restOf(field, versions),
    }
    const inner = field.fields ?? field.element?.fields
    return [line, ...(inner ? linesOf(inner, `${indent}  `, versions) : [])]
  })
}

function typeText({ type, element }: Field): string {
  if (type === 'struct') return '{ }'
  if (type !== 'array') return type
  return element?.type === 'struct' ? '[ ]' : `${element?.type}[]`
}

function restOf(field: Field, versions: VersionRange): string {
  const words: string[] = []
  const nullable = commonVersions(field.nullable, versions)
  if (nullable.min <= nullable.max) words.push(`may be null${since(nullable, versions)}`)
  const tagged = commonVersions(field.tagged, versions)
  if (tagged.min <= tagged.max) words.push(`tag ${field.tag}${since(tagged, versions)}`)
  const stated = defaultText(field)
  if (stated !== undefined) words.push(`default ${stated}`)
  if (field.flexible && !hasVersion(field.flexible, versions.max)) words.push('never compact')
  return words.join(', ')
}

function since(range: VersionRange, within: VersionRange): string {
  return isSame(range, within) ? '' : ` v${rangeText(range, within)}`
}

function defaultText({ type, default: value }: Field): string | undefined {
  if (value === null) return type === 'records' ? undefined : 'null'
  if (typeof value === 'bigint') return value === 0n ? undefined : `${value}`
  if (typeof value === 'number') return value === 0 ? undefined : `${value}`
  if (typeof value === 'boolean') return value ? 'true' : undefined
  if (typeof value !== 'string' || value === '' || value === 'NONE') return undefined
  return value === ZERO_UUID ? undefined : value
}

function isSame(one: VersionRange, other: VersionRange): boolean {
  return one.min === other.min && one.max === other.max
}

/** `3+` where it goes up to the end of what it lies in. */
function rangeText(range: VersionRange, within: VersionRange): string {
  if (range.max === within.max && range.min < range.max) return `${range.min}+`
  return versionsText(range)
}

export function versionsText({ min, max }: VersionRange): string {
  if (max < min) return 'none'
  return min === max ? `${min}` : `${min}-${max}`
}
