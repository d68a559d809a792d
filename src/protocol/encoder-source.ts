/** The source of an encoder: one function per struct. */

import { defaultSource, variantOf } from './decoder-source.ts'
import type { FieldLayout, StructLayout } from './layout.ts'

/** Declares a function `name(w, v)`, and before it those of the structs inside. */
export function encoderSource(layout: StructLayout, name: string): string {
  const functions: string[] = []
  structFunction(layout, name, functions)
  return functions.join('\n')
}

function structFunction(layout: StructLayout, name: string, functions: string[]): void {
  const body: string[] = []
  for (const field of layout.fields) {
    const inner = `${name}_${field.name}`
    const value = `${field.name}$`
    const struct = field.struct ?? field.element?.struct
    if (struct && field.place !== 'absent') structFunction(struct, inner, functions)
    if (field.place === 'absent' && field.ignorable) continue
    body.push(`let ${value} = v.${field.name}`)
    if (field.place === 'absent') {
      body.push(`if (!(${isDefault(field, value)})) throw noRoom(${JSON.stringify(field.path)})`)
    } else if (field.place === 'in place') {
      body.push(`if (${value} === undefined) ${value} = ${defaultSource(field)}`)
      body.push(...writeStatements(field, value, inner))
    }
  }
  if (layout.flexible) body.push(...tagSection(layout, name))
  functions.push(`function ${name}(w, v) {\n${body.join('\n')}\n}`)
}

function tagSection(layout: StructLayout, name: string): string[] {
  const { tagged } = layout
  if (tagged.length === 0) return ['w.uvarint(0)']
  const stated = tagged.map((field) => `!(${isDefault(field, `${field.name}$`)})`)
  return [
    ...stated.map((condition, index) => `const t${index} = ${condition}`),
    `w.uvarint(${tagged.map((_, index) => `(t${index} ? 1 : 0)`).join(' + ')})`,
    ...tagged.flatMap((field, index) => [
      `if (t${index}) {`,
      `const opened = w.openTag(${field.tag})`,
      ...writeStatements(field, `${field.name}$`, `${name}_${field.name}`),
      'w.closeTag(opened)',
      '}',
    ]),
  ]
}

function writeStatements(field: FieldLayout, value: string, inner: string): string[] {
  const statements = writeAllowed(field, value, inner)
  if (field.nullable) return statements
  const refuse = `if (${value} === null) throw mayNotBeNull(${JSON.stringify(field.path)})`
  return [refuse, ...statements]
}

function writeAllowed(field: FieldLayout, value: string, inner: string): string[] {
  const { type } = field
  if (type === 'array') return writeArray(field, value, inner)
  if (type === 'struct') return writeStruct(field, value, inner)
  if (type === 'string') return [`w.${variantOf(field, 'String')}(${value})`]
  if (type === 'bytes') return [`w.${variantOf(field, 'Bytes')}(${value})`]
  if (type === 'records') return [`w.${variantOf(field, 'Records')}(${value})`]
  if (type === 'errorCode') return [`w.int16(errorCodeOf(${value}))`]
  return [`w.${type}(${value})`]
}

function writeArray(field: FieldLayout, value: string, inner: string): string[] {
  const count = `${value}n`
  return [
    `const ${count} = ${field.nullable ? `${value} === null ? -1 : ` : ''}${value}.length`,
    `w.${field.compact ? 'compactCount' : 'count'}(${count})`,
    `for (let i = 0; i < ${count}; i++) {`,
    `const e = ${value}[i]`,
    ...writeStatements(field.element!, 'e', inner),
    '}',
  ]
}

function writeStruct(field: FieldLayout, value: string, inner: string): string[] {
  const write = `${inner}(w, ${value})`
  if (!field.nullable) return [write]
  const mark =
    field.place === 'tagged'
      ? `w.uvarint(${value} === null ? 0 : 1)`
      : `w.int8(${value} === null ? -1 : 1)`
  return [mark, `if (${value} !== null) ${write}`]
}

/** An expression that says whether a value, or none, is the field's default. */
function isDefault(field: FieldLayout, value: string): string {
  const { type } = field
  const left = `${value} === undefined`
  if (field.default === null) return `${left} || ${value} === null`
  if (type === 'array' || type === 'bytes') {
    return `${left} || (${value} !== null && ${value}.length === 0)`
  }
  if (type === 'struct') {
    const parts = field.struct!.fields.map(
      (part) => `(${isDefault(part, `${value}.${part.name}`)})`,
    )
    return `${left} || (${[`${value} !== null`, ...parts].join(' && ')})`
  }
  // An int64 may be given as a number: loosely equal.
  return `${left} || ${value} ${type === 'int64' ? '==' : '==='} ${defaultSource(field)}`
}
