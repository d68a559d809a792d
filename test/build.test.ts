import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A package with the entries of ours, and a part that is loaded later. */
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odradek-build-'))
  for (const name of ['scripts', 'src/cli', 'src/protocol']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  copyFileSync(join(root, 'scripts/build.mjs'), join(folder, 'scripts/build.mjs'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
  for (const name of ['package.json', 'package-lock.json']) writeFileSync(join(folder, name), '{}')
  for (const name of ['index', 'protocol/index']) {
    writeFileSync(join(folder, `src/${name}.ts`), 'export const one = 1')
  }
  writeFileSync(
    join(folder, 'src/cli/main.ts'),
    "const { say } = await import('./later.ts')\nsay()",
  )
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The parts that are loaded later, once this text is built into one. */
function build(text: string): string[] {
  writeFileSync(join(folder, 'src/cli/later.ts'), `export const say = () => console.log('${text}')`)
  const soon = new Date(Date.now() + 60_000)
  utimesSync(join(folder, 'src/cli/later.ts'), soon, soon)
  execFileSync(process.execPath, [join(folder, 'scripts/build.mjs'), '--if-stale'])
  return readdirSync(join(folder, 'dist')).filter((name) => name.startsWith('later-'))
}

test('a build leaves what is loaded later of the build before, and of none before that', () => {
  const [first] = build('first')
  const second = build('second').filter((name) => name !== first)
  expect(second).toHaveLength(1)
  const third = build('third').filter((name) => name !== second[0])
  expect(third).toHaveLength(1)
  expect(third).not.toContain(first)
  const all = readdirSync(join(folder, 'dist')).filter((name) => name.endsWith('.js'))
  expect(all.toSorted()).toEqual(
    ['cli.js', 'index.js', 'protocol.js', second[0]!, third[0]!].toSorted(),
  )
  const built = execFileSync(process.execPath, [join(folder, 'dist/cli.js')], { encoding: 'utf8' })
  expect(built).toBe('third\n')
}, 30_000)
