/** The version of this package, as its package.json says it. */

import { readFileSync } from 'node:fs'

export function packageVersion(): string {
  // The file lies one folder above both the sources and the bundles.
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  const { version } = manifest as { version: string }
  return version
}
