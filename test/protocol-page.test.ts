import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absences } from '../scripts/protocol-page/absences.ts'
import { entryFunctions } from '../scripts/protocol-page/entry.ts'
import { fieldList } from '../scripts/protocol-page/field-list.ts'
import { apiFacts, protocolPage } from '../scripts/protocol-page/page.ts'
import { handlers } from '../src/broker/apis/index.ts'
import { apiTable } from '../src/protocol/api-table.ts'
import * as protocol from '../src/protocol/index.ts'
import { int32, array, message, string, struct } from '../src/protocol/schema.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = join(root, 'docs/PROTOCOL.md')

describe('docs/PROTOCOL.md', () => {
  const page = protocolPage(root)

  it('is what the sources say', () => {
    const isFresh = existsSync(file) && readFileSync(file, 'utf8') === page
    expect(isFresh, 'docs/PROTOCOL.md is stale. Write it anew with: npm run docs').toBe(true)
  })

  it('has a section for every API that a client can ask for, and a line for every other', () => {
    for (const { key, name, absence } of apiTable) {
      const isThere = page.includes(
        absence === undefined ? `\n### ${key} ${name}\n` : `| ${name} |`,
      )
      expect(isThere, name).toBe(true)
    }
  })

  it('gives a reason for every API that is not served, and none for one that is', () => {
    const isServed = new Set(handlers.map(({ api }) => api.key))
    const unserved = apiFacts(join(root, 'src/protocol'))
      .map(({ row }) => row.key)
      .filter((key) => !isServed.has(key))
    const told = Object.keys(absences).map(Number)
    expect(
      unserved.filter((key) => !told.includes(key)),
      'scripts/protocol-page/absences.ts wants a reason for these',
    ).toEqual([])
    expect(
      told.filter((key) => isServed.has(key)),
      'served now: take them off scripts/protocol-page/absences.ts',
    ).toEqual([])
  })

  it('names nothing of the entry that it does not export', () => {
    const names = entryFunctions.flatMap(([, all]) => all)
    expect(names.filter((name) => !(name in protocol))).toEqual([])
  })

  it('leaves no link without its section', () => {
    const anchor = (title: string) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
    const titles = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) => anchor(title!))
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target)
    expect(links.length).toBeGreaterThan(80)
    expect(links.filter((target) => !titles.includes(target!))).toEqual([])
  })
})

describe('a list of fields', () => {
  it('says type, versions, nullability, tag and default', () => {
    const sample = message({
      name: 'Sample',
      versions: '0-5',
      flexible: '3+',
      fields: {
        id: int32(),
        name: string('2+', { nullable: '4+', default: 'x' }),
        old: string('0-1'),
        parts: array('0+', { size: int32('1-3', { default: -1 }), names: array('0+', string()) }),
        place: struct(
          '3+',
          { x: int32() },
          { nullable: '3+', default: null, tag: 1, tagged: '3+' },
        ),
      },
    })
    expect(fieldList(sample)).toBe(
      [
        'id       int32',
        'name     string    v2+   may be null v4+, default x',
        'old      string    v0-1',
        'parts    [ ]',
        '  size   int32     v1-3  default -1',
        '  names  string[]',
        'place    { }       v3+   may be null, tag 1, default null',
        '  x      int32',
      ].join('\n'),
    )
  })
})
