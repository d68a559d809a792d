import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const options = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
}

/** Lies below the packages that the programs import. */
let folder: string
beforeAll(() => {
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'types-'))
  const project = join(root, 'scripts/tsconfig.types.json')
  compile(['--project', project, '--outDir', join(folder, 'types')])
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler complains of. */
function compile(args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...args], { encoding: 'utf8' })
  return stdout + stderr
}

function check(name: string, files: string[], overrides: object = {}): string {
  const project = join(folder, `${name}.json`)
  const paths = {
    odradek: ['./types/index.d.ts'],
    'odradek/protocol': ['./types/protocol/index.d.ts'],
  }
  const compilerOptions = { ...options, paths, ...overrides }
  writeFileSync(project, JSON.stringify({ compilerOptions, files }))
  return compile(['--project', project])
}

describe('the types of the package', () => {
  test('fit every program of the README', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const programs = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), ([, code]) => code!).filter(
      (code) => code.includes("from 'odradek"),
    )
    expect(programs.length).toBeGreaterThan(0)
    for (const [i, code] of programs.entries()) {
      writeFileSync(join(folder, `readme-${i}.ts`), code)
      expect(check('readme', [`readme-${i}.ts`])).toBe('')
    }
  }, 60_000)

  test('tell a wrong program', () => {
    writeFileSync(
      join(folder, 'wrong.ts'),
      "import { startBroker } from 'odradek'\nstartBroker({ prot: 1 })\n",
    )
    expect(check('wrong', ['wrong.ts'])).toContain("'prot' does not exist in type 'BrokerOptions'")
  }, 60_000)

  test('need no other package', () => {
    const entries = ['types/index.d.ts', 'types/protocol/index.d.ts']
    expect(check('alone', entries, { skipLibCheck: false })).toBe('')
    const listed = compile(['--listFilesOnly', '--project', join(folder, 'alone.json')])
    const packages = new Set(
      Array.from(listed.matchAll(/node_modules\/((?:@[^/]+\/)?[^/.][^/]*)/g), ([, name]) => name),
    )
    for (const own of ['@types/node', 'typescript', 'undici-types']) packages.delete(own)
    expect([...packages].filter((name) => !name!.startsWith('@typescript/'))).toEqual([])
  }, 60_000)
})
