// Writes docs/PROTOCOL.md anew, from the sources.
//
//   npm run docs

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'rolldown'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'docs-'))
try {
  await build({
    cwd: root,
    input: { page: join(root, 'scripts/protocol-page/page.ts') },
    platform: 'node',
    external: (id) => id.startsWith('node:') || id.startsWith('@node-rs/'),
    logLevel: 'warn',
    output: { dir: folder, format: 'esm', entryFileNames: '[name].mjs' },
  })
  const { protocolPage } = await import(pathToFileURL(join(folder, 'page.mjs')).href)
  const file = join(root, 'docs/PROTOCOL.md')
  writeFileSync(file, protocolPage(root))
  console.log(`Wrote ${file}.`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
