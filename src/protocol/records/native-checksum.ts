/** Checksums in native code, of an optional package: absent where it is not installed, not built for this platform, or wrong. */

import { createRequire } from 'node:module'

/** The checksum as an unsigned number. `seed` is the checksum of what stands before these bytes. */
export type Checksum = (bytes: Uint8Array, seed?: number) => number

/** What checksums are checked by before they are believed: the published check value is that of the digits 1 to 9. */
const CHECK_INPUT = Buffer.from('123456789')

export function loadNative(name: 'crc32' | 'crc32c', checkValue: number): Checksum | null {
  try {
    const load = createRequire(import.meta.url)
    const found = (load('@node-rs/crc32') as Partial<Record<string, Checksum>>)[name]
    return found?.(CHECK_INPUT, 0) === checkValue ? found : null
  } catch {
    // Not installed, or not built for this platform.
    return null
  }
}
