/** `odradek/protocol` as a package's user has it: the built entry, by the programs of the README. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { run } from './harness/programs.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const programs = [...readme.matchAll(/```ts\n(.*?)```/gs)]
  .map(([, code]) => code!)
  .filter((code) => code.includes("from 'odradek/protocol'"))

describe('the programs of the README about the protocol', () => {
  it('are there', () => expect(programs.length).toBeGreaterThan(0))

  // They lie in the package, and so find it by its name; what they print stands in them, behind each line that does.
  it.each(programs.map((code, i) => [i, code] as const))(
    'print what they say: %i',
    async (i, code) => {
      const file = join(root, `dist/readme-${process.pid}-${i}.mjs`)
      writeFileSync(file, code)
      try {
        const { stdout } = await run(process.execPath, [file])
        const said = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
        expect(stdout.trimEnd().split('\n')).toEqual(said)
      } finally {
        rmSync(file)
      }
    },
  )
})
