/** Builds what the compatibility tests start, as users have it, and fetches what takes longer than a test may. */

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hasOracles, toolClassPath } from './harness/programs.ts'

export default async function setup(): Promise<void> {
  const build = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))
  execFileSync(process.execPath, [build, '--if-stale'], { stdio: 'inherit' })
  if (hasOracles()) await toolClassPath()
}
