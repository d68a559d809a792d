/** Builds what the compatibility tests start: they drive the built package, as users have it. */

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export default function setup(): void {
  const build = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))
  execFileSync(process.execPath, [build, '--if-stale'], { stdio: 'inherit' })
}
