import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { apis, embedded } from './known-messages.ts'

const src = join(import.meta.dirname, '../../src')
const folder = join(src, 'protocol/messages')

/** Like `02-list-offsets.ts`. */
function fileOf({ key, name }: { key: number; name: string }): string {
  const words = name.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()
  return `${String(key).padStart(2, '0')}-${words}.ts`
}

describe('the files of the messages', () => {
  it('are one for each API, by key and name', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
    expect(files.sort()).toEqual(apis.map(fileOf).sort())
  })

  it.each(apis.map((api) => [fileOf(api), api] as const))('%s says what it is', (file, api) => {
    const text = readFileSync(join(folder, file), 'utf8')
    expect(text).toMatch(new RegExp(`^// ${api.name} \\(${api.key}\\): [a-z].*\\.?$`, 'm'))
    expect(text.startsWith(`// ${api.name} (`)).toBe(true)
  })

  it('declare no embedded message that the entry of the package leaves out', () => {
    const declared = readdirSync(join(folder, 'embedded')).flatMap((file) => {
      const text = readFileSync(join(folder, 'embedded', file), 'utf8')
      return [...text.matchAll(/^ {2}name: '(\w+)',$/gm)].map(([, name]) => name)
    })
    expect(declared.sort()).toEqual(embedded.map(({ name }) => name).sort())
  })
})

describe('the entry of the package', () => {
  it('is imported by nobody inside: whoever starts the broker does not pay for all messages', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    const importers = files.filter((file) => {
      if (!file.endsWith('.ts')) return false
      return readFileSync(join(src, file), 'utf8').includes("protocol/index.ts'")
    })
    expect(importers).toEqual([])
  })
})
