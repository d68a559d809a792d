/** The source of a decoder: one function per struct, so that each makes objects of one shape. */

import type { FieldLayout, StructLayout } from './layout.ts'

/** Declares a function `name(r)`, and before it those of the structs inside. */
export function decoderSource(layout: StructLayout, name: string): string {
  const functions: string[] = []
  structFunction(layout, name, functions)
  return functions.join('\n')
}

function structFunction(layout: StructLayout, name: string, functions: string[]): void {
  const body: string[] = []
  for (const field of layout.fields) {
    const inner = innerName(name, field)
    const struct = field.struct ?? field.element?.struct
    if (struct && field.place !== 'absent') structFunction(struct, inner, functions)
    if (field.place === 'in place')
      body.push(...readStatements(field, `const ${field.name}$`, inner))
    if (field.place === 'tagged') body.push(`let ${field.name}$ = ${defaultSource(field)}`)
  }
  if (layout.flexible) body.push(...tagSection(layout, name))
  const properties = layout.fields.map((field) =>
    field.place === 'absent'
      ? `${field.name}: ${defaultSource(field)}`
      : `${field.name}: ${field.name}$`,
  )
  body.push(`return { ${properties.join(', ')} }`)
  functions.push(`function ${name}(r) {\n${body.join('\n')}\n}`)
}

/** Fields end in `$` as variables, so that no field can take the name of anything else. */
function innerName(name: string, field: FieldLayout): string {
  return `${name}_${field.name}`
}

function tagSection(layout: StructLayout, name: string): string[] {
  if (layout.tagged.length === 0) return ['r.skipTags()']
  const cases = layout.tagged.map((field) => {
    const read = readStatements(field, `${field.name}$`, innerName(name, field)).join('\n')
    return `case ${field.tag}: {\n${read}\nr.closeTag(tag, end)\nbreak\n}`
  })
  return [
    'for (let left = r.tagCount(); left > 0; left--) {',
    'const tag = r.uvarint()',
    'const end = r.tagEnd()',
    `switch (tag) {\n${cases.join('\n')}\ndefault: r.position = end\n}`,
    '}',
  ]
}

/** Reads a field into `target`, a variable or the declaration of one. */
function readStatements(field: FieldLayout, target: string, inner: string): string[] {
  if (field.type !== 'array') return [`${target} = ${readExpression(field, inner)}`]
  const element = field.element!
  const variable = `${field.name}$`
  const count = `${variable}n`
  const loop = `for (let i = 0; i < ${count}; i++) ${variable}[i] = ${readExpression(element, inner)}`
  const elements = field.nullable
    ? `${count} === -1 ? null : new Array(${count})`
    : `new Array(${count})`
  return [
    `const ${count} = r.${variantOf(field, 'Count')}(${element.leastSize})`,
    `${target} = ${elements}`,
    loop,
  ]
}

function readExpression(field: FieldLayout, inner: string): string {
  const { type } = field
  if (type === 'errorCode') return 'errorNameOf(r.int16())'
  if (type === 'string') return `r.${variantOf(field, 'String')}()`
  if (type === 'bytes' || type === 'records') return `r.${variantOf(field, 'Bytes')}()`
  if (type === 'array') throw new TypeError(`${field.path} is an array of arrays.`)
  if (type !== 'struct') return `r.${type}()`
  if (!field.nullable) return `${inner}(r)`
  return `r.${field.place === 'tagged' ? 'taggedPresence' : 'presence'}() ? ${inner}(r) : null`
}

/** `string`, `nullableString`, `compactString`, `nullableCompactString`: reader and writer name them alike. */
export function variantOf(field: FieldLayout, kind: string): string {
  const name = `${field.nullable ? 'Nullable' : ''}${field.compact ? 'Compact' : ''}${kind}`
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** An expression that makes the default anew, where it is an object. */
export function defaultSource(field: FieldLayout): string {
  if (field.default === null) return 'null'
  if (field.type === 'bytes') return 'noBytes'
  if (field.type === 'array') return '[]'
  if (field.type === 'struct') {
    const parts = field.struct!.fields.map((part) => `${part.name}: ${defaultSource(part)}`)
    return `{ ${parts.join(', ')} }`
  }
  return typeof field.default === 'bigint' ? `${field.default}n` : JSON.stringify(field.default)
}
