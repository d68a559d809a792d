import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { handlers } from '../src/broker/apis/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

describe('the README', () => {
  it('tells the versions of every API that is served, and of no other', () => {
    const [table] = /\| API \| versions \|.*?\n\n/s.exec(readme)!
    const told = [...table.matchAll(/\| (\w+) \| (\d+(?:-\d+)?) (?=\|)/g)].map(
      ([, name, versions]) => `${name} ${versions}`,
    )
    const served = handlers
      .filter(({ api, hidden }) => !hidden && api.name !== 'ApiVersions')
      .map(({ api, versions }) => `${api.name} ${versions}`)
    expect(told.filter((line) => !line.startsWith('ApiVersions')).toSorted()).toEqual(
      served.toSorted(),
    )
  })
})
