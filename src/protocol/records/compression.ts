/**
 * The codecs of record batches, and opening and closing them.
 *
 * Only gzip is opened here so far. A batch in snappy, lz4 or zstd can be checked up to its checksum, stored and sent on,
 * but its records cannot be looked at: `canOpen` says so, and `inflate` throws UNSUPPORTED_COMPRESSION_TYPE.
 */

import { gzip, gzipSync } from 'node:zlib'
import { gunzipPieces, gunzipSync } from './gunzip.ts'
import { InvalidRecord } from './invalid-record.ts'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** In the order of their numbers in a batch's attributes. */
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CODEC_MASK = 0x07

/** What one batch may inflate to unless the caller says otherwise: no larger request can come in uncompressed either. */
export const MAX_INFLATED_BYTES = 100 * 1024 * 1024
/** Up to this many bytes are inflated while the caller waits; more goes to the thread pool. */
const QUICK_INFLATED_BYTES = 512 * 1024
/** Up to this many bytes are compressed while the caller waits: gzip does 60 MB/s. */
const QUICK_DEFLATED_BYTES = 64 * 1024

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

/** As `inflate` where that is quick; undefined where the bytes inflate to so much that `inflatePieces` has to. */
export function inflateQuickly(compression: Compression, bytes: Buffer): Buffer | undefined {
  if (compression !== 'gzip') return inflate(compression, bytes)
  // The last four bytes claim the size. A bomb lies there, and is caught by the limit of this first attempt.
  const claimed = bytes.length >= 4 ? bytes.readUInt32LE(bytes.length - 4) : 0
  if (bytes.length > QUICK_INFLATED_BYTES || claimed > QUICK_INFLATED_BYTES) return undefined
  try {
    return gunzipSync(bytes, QUICK_INFLATED_BYTES)
  } catch (error) {
    if (error instanceof InvalidRecord && error.error === 'MESSAGE_TOO_LARGE') return undefined
    throw error
  }
}

/** The records' bytes as they were before compression, in pieces that come from the thread pool one after the other, so that they never take memory all together. */
export function inflatePieces(
  compression: Compression,
  bytes: Buffer,
  limit = MAX_INFLATED_BYTES,
): AsyncIterable<Buffer> {
  if (compression === 'gzip') return gunzipPieces(bytes, limit)
  throw unopened(compression)
}

/** Compresses; throws for a codec that cannot be written here. */
export function deflate(compression: Compression, bytes: Buffer): Buffer {
  if (compression === 'none') return bytes
  if (compression === 'gzip') return gzipSync(bytes)
  throw unopened(compression)
}

/** Whether so many bytes can be compressed while the caller waits. */
export function deflatesQuickly(compression: Compression, size: number): boolean {
  return compression === 'none' || size <= QUICK_DEFLATED_BYTES
}

/** As `deflate`, on the thread pool. */
export function deflateLater(compression: Compression, bytes: Buffer): Promise<Buffer> {
  if (compression !== 'gzip') throw unopened(compression)
  return new Promise((resolve, reject) => {
    gzip(bytes, (error, compressed) => (error ? reject(error) : resolve(compressed)))
  })
}

function unopened(compression: Compression): InvalidRecord {
  return new InvalidRecord(
    `Records compressed with ${compression} cannot be read by this version.`,
    'UNSUPPORTED_COMPRESSION_TYPE',
  )
}
