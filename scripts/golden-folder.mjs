// Writes test/fixtures/golden-folder anew: what the engine makes of a seeded workload, which a test compares byte for byte with
// what the engine makes today. To be run when the format on disk is meant to change:
//
//   node scripts/golden-folder.mjs

import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const test = 'test/storage/verify/golden-folder.test.ts'
const vitest = join(root, 'node_modules/.bin/vitest')
const { status } = spawnSync(vitest, ['run', '--project', 'unit', test], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, GOLDEN_WRITE: '1' },
})
process.exit(status ?? 1)
