/**
 * The codecs of record batches, and opening and closing them.
 *
 * Only gzip is opened here so far. A batch in snappy, lz4 or zstd can be checked up to its checksum, stored and sent on,
 * but its records cannot be looked at: `canOpen` says so, and `inflate` throws UNSUPPORTED_COMPRESSION_TYPE.
 */

import { gzip, gzipSync } from 'node:zlib'
import { gunzip, gunzipSync } from './gunzip.ts'
import { InvalidRecord } from './invalid-record.ts'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** In the order of their numbers in a batch's attributes. */
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CODEC_MASK = 0x07

/** What one batch may inflate to unless the caller says otherwise: no larger request can come in uncompressed either. */
export const MAX_INFLATED_BYTES = 100 * 1024 * 1024
/** Up to this many bytes are inflated while the caller waits; more goes to the thread pool. */
const SYNC_INFLATED_BYTES = 512 * 1024
/** Up to this many bytes are compressed while the caller waits: gzip does 60 MB/s. */
const SYNC_DEFLATED_BYTES = 64 * 1024

/** The codec that a batch's attributes name. Kafka has no codecs 5 to 7 and answers them with UNKNOWN_SERVER_ERROR. */
export function compressionOf(attributes: number): Compression {
  const compression = COMPRESSIONS[attributes & CODEC_MASK]
  if (compression === undefined) {
    throw new InvalidRecord(
      `There is no compression codec ${attributes & CODEC_MASK}.`,
      'UNKNOWN_SERVER_ERROR',
    )
  }
  return compression
}

export function codecOf(compression: Compression): number {
  return COMPRESSIONS.indexOf(compression)
}

/** Whether records in this codec can be read here. */
export function canOpen(compression: Compression): boolean {
  return compression === 'none' || compression === 'gzip'
}

/** The records' bytes as they were before compression; throws `InvalidRecord` where that cannot be, or is more than `limit`. */
export function inflate(
  compression: Compression,
  bytes: Buffer,
  limit = MAX_INFLATED_BYTES,
): Buffer {
  if (compression === 'none') return bytes
  if (compression === 'gzip') return gunzipSync(bytes, limit)
  throw unopened(compression)
}

/** As `inflate`, but what is large is a promise, and rejects where `inflate` throws. */
export function inflateSoon(
  compression: Compression,
  bytes: Buffer,
  limit = MAX_INFLATED_BYTES,
): Buffer | Promise<Buffer> {
  if (compression === 'none') return bytes
  if (compression !== 'gzip') throw unopened(compression)
  // The last four bytes claim the size. A bomb lies there, and is caught by the limit of this first attempt.
  const claimed = bytes.length >= 4 ? bytes.readUInt32LE(bytes.length - 4) : 0
  const small = Math.min(SYNC_INFLATED_BYTES, limit)
  if (bytes.length <= SYNC_INFLATED_BYTES && claimed <= small) {
    try {
      return gunzipSync(bytes, small)
    } catch (error) {
      if (!isTooLarge(error) || small === limit) throw error
    }
  }
  return gunzip(bytes, limit)
}

/** Compresses; throws for a codec that cannot be written here. */
export function deflate(compression: Compression, bytes: Buffer): Buffer {
  if (compression === 'none') return bytes
  if (compression === 'gzip') return gzipSync(bytes)
  throw unopened(compression)
}

/** As `deflate`, but what is large is a promise. */
export function deflateSoon(compression: Compression, bytes: Buffer): Buffer | Promise<Buffer> {
  if (compression !== 'gzip' || bytes.length <= SYNC_DEFLATED_BYTES) {
    return deflate(compression, bytes)
  }
  return new Promise((resolve, reject) => {
    gzip(bytes, (error, compressed) => (error ? reject(error) : resolve(compressed)))
  })
}

function isTooLarge(error: unknown): boolean {
  return error instanceof InvalidRecord && error.error === 'MESSAGE_TOO_LARGE'
}

function unopened(compression: Compression): InvalidRecord {
  return new InvalidRecord(
    `Records compressed with ${compression} cannot be read by this version.`,
    'UNSUPPORTED_COMPRESSION_TYPE',
  )
}
