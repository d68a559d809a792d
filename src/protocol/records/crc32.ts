/** CRC-32, the checksum of gzip and of messages before magic 2: plain JavaScript where little, else native code, of a package or of Node. */

import { crc32 as zlibCrc32 } from 'node:zlib'
import javascript from 'crc-32'
import { type Checksum, loadNative } from './native-checksum.ts'

/** Below this many bytes a call into native code costs more than it saves. */
const NATIVE_FROM_BYTES = 180
const CHECK_VALUE = 0xcbf43926

/** Undefined until first asked for, since it adds to the start; null where it does not load. */
let native: Checksum | null | undefined

/** The checksum as an unsigned number. `seed` is the checksum of what stands before these bytes. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  if (bytes.length < NATIVE_FROM_BYTES) return javascriptCrc32(bytes, seed)
  const fast = native === undefined ? nativeCrc32() : native
  // The package's is up to five times as fast as Node's.
  return fast ? fast(bytes, seed) : zlibCrc32(bytes, seed)
}

export function javascriptCrc32(bytes: Uint8Array, seed = 0): number {
  return javascript.buf(bytes, seed) >>> 0
}

/** That of the optional package, loaded when first asked for; null where it is missing or wrong. */
export function nativeCrc32(): Checksum | null {
  if (native === undefined) native = loadNative('crc32', CHECK_VALUE)
  return native
}
