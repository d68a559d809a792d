/** Loads packages at their first use: what a broker never needs adds neither to its start nor to its memory. */

import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** A package that is always there. */
export function required<Package>(name: string): Package {
  return load(name) as Package
}

/** An optional package; null where it is not installed, not built for this platform, or does not what `works` asks of it. */
export function optional<Package>(
  name: string,
  works: (found: Package) => boolean,
): Package | null {
  try {
    const found = load(name) as Package
    return works(found) ? found : null
  } catch {
    return null
  }
}

/** Where a file lies that lies beside a package's main one. */
export function besideMain(name: string, file: string): string {
  return createRequire(load.resolve(name)).resolve(file)
}

/** The bytes of such a file that is code too, but of a kind that Node does not load by itself: WebAssembly. */
export function bytesOf(path: string): Buffer {
  const { readFileSync } = load('node:fs') as { readFileSync: (path: string) => Buffer }
  return readFileSync(path)
}

/** Makes the next load of such a module a fresh one. */
export function forget(path: string): void {
  delete load.cache[path]
}
