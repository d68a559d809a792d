/** CRC-32C (Castagnoli), the checksum of record batches: native code where it loads, plain JavaScript otherwise. */

import javascript from 'crc-32/crc32c.js'
import { type Checksum, loadNative } from './native-checksum.ts'

/** Below this many bytes the call into native code costs more than it saves. */
const NATIVE_FROM_BYTES = 220
const CHECK_VALUE = 0xe3069283

/** Undefined until first asked for, since it adds to the start; null where it does not load. */
let native: Checksum | null | undefined

/** The checksum as an unsigned number. `seed` is the checksum of what stands before these bytes. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  if (bytes.length >= NATIVE_FROM_BYTES) {
    const fast = native === undefined ? nativeCrc32c() : native
    if (fast) return fast(bytes, seed)
  }
  return javascriptCrc32c(bytes, seed)
}

export function javascriptCrc32c(bytes: Uint8Array, seed = 0): number {
  return javascript.buf(bytes, seed) >>> 0
}

/** The native implementation, loaded when first asked for; null where the optional package is missing or wrong. */
export function nativeCrc32c(): Checksum | null {
  if (native === undefined) native = loadNative('crc32c', CHECK_VALUE)
  return native
}

/** Which implementation checks batches of usual size, for the log at start. */
export function crc32cImplementation(): 'native' | 'javascript' {
  return nativeCrc32c() ? 'native' : 'javascript'
}
