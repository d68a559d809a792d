/** The codecs of record batches, and opening and closing what they compressed. What they are made of is loaded at first use. */

import { gzip, gzipSync } from 'node:zlib'
import { joinBlocks } from './block-codec.ts'
import { gunzipMembers, gunzipPieces } from './gunzip.ts'
import { InvalidRecord } from './invalid-record.ts'
import { compressToLz4, lz4Blocks, lz4Parts } from './lz4.ts'
import { compressToSnappy, snappyBlocks, snappyParts } from './snappy.ts'
import { zstdFrames } from './zstd.ts'
import { zstdCodec } from './zstd-codec.ts'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** How a codec's bytes are written: in messages of magic 0 LZ4 has another checksum in its header. */
export type Encoding = Compression | 'oldLz4'

/** In the order of their numbers in a batch's attributes. */
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CODEC_MASK = 0x07

/** What one batch may inflate to unless the caller says otherwise: no larger request can come in uncompressed either. */
export const MAX_INFLATED_BYTES = 100 * 1024 * 1024
/** Up to this many bytes are inflated while the caller waits; more is for a check that takes its turn. */
const QUICK_INFLATED_BYTES = 512 * 1024
/** Opening a part takes the time of so many bytes, however few it holds: a batch can have a hundred thousand empty ones. */
const LEAST_PART_BYTES = 4096
/** Up to this many bytes are compressed while the caller waits: gzip does 60 MB/s. */
const QUICK_DEFLATED_BYTES = 64 * 1024

/** Kafka's own: zlib chooses for gzip. */
const DEFAULT_LEVELS = { gzip: -1, zstd: 3 } as const

/** How hard to compress, for the codecs that can be told; Kafka's defaults when left out. */
export interface CompressionLevels {
  gzip?: number
  zstd?: number
}

/** Resolves when others had their turn. */
export type Pause = () => Promise<void>

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

/** The records' bytes as they were before compression; throws `InvalidRecord` where that cannot be, or is more than `limit`. */
export function inflate(compression: Encoding, bytes: Buffer, limit = MAX_INFLATED_BYTES): Buffer {
  if (compression === 'none') return bytes
  return joinBlocks([...partsOf(compression, bytes, limit)])
}

/** As `inflate` where that is quick; undefined where the bytes inflate to so much that `inflatePieces` has to. */
export function inflateQuickly(compression: Encoding, bytes: Buffer): Buffer | undefined {
  if (compression === 'none') return bytes
  if (bytes.length > QUICK_INFLATED_BYTES) return undefined
  // The last four bytes of gzip claim the size. A bomb lies there, and is caught by the limit of this first attempt.
  const isGzip = compression === 'gzip' && bytes.length >= 4
  const claimed = isGzip ? bytes.readUInt32LE(bytes.length - 4) : 0
  if (claimed > QUICK_INFLATED_BYTES) return undefined
  return inflateWhileQuick(compression, bytes)
}

/** The same without believing what the bytes claim: undefined once so much has come of them. */
export function inflateWhileQuick(compression: Encoding, bytes: Buffer): Buffer | undefined {
  if (compression === 'none') return bytes
  try {
    return joinQuickly(partsOf(compression, bytes, QUICK_INFLATED_BYTES))
  } catch (error) {
    if (error instanceof InvalidRecord && error.error === 'MESSAGE_TOO_LARGE') return undefined
    throw error
  }
}

/** Undefined where the parts are too many. */
function joinQuickly(parts: Iterable<Buffer>): Buffer | undefined {
  const all: Buffer[] = []
  let work = 0
  for (const part of parts) {
    if (work > QUICK_INFLATED_BYTES) return undefined
    work += workOf(part)
    all.push(part)
  }
  return joinBlocks(all)
}

function workOf(part: Buffer): number {
  return Math.max(part.length, LEAST_PART_BYTES)
}

/**
 * The records' bytes as they were before compression, in pieces one after the other, so that they never take memory all
 * together: gzip's come from the thread pool; snappy's and lz4's are blocks and zstd's frames, which are opened here. There
 * is a `pause` now and then.
 */
export function inflatePieces(
  compression: Exclude<Encoding, 'none'>,
  bytes: Buffer,
  pause: Pause,
  limit = MAX_INFLATED_BYTES,
): AsyncIterable<Buffer> {
  const isGzip = compression === 'gzip'
  return paced(isGzip ? gunzipPieces(bytes, limit) : partsOf(compression, bytes, limit), pause)
}

async function* paced(
  parts: Iterable<Buffer> | AsyncIterable<Buffer>,
  pause: Pause,
): AsyncGenerator<Buffer, void, undefined> {
  let work = 0
  for await (const part of parts) {
    yield part
    work += workOf(part)
    if (work < QUICK_INFLATED_BYTES) continue
    work = 0
    await pause()
  }
}

export function deflate(
  compression: Encoding,
  bytes: Buffer,
  levels: CompressionLevels = DEFAULT_LEVELS,
): Buffer {
  switch (compression) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes, { level: levels.gzip ?? DEFAULT_LEVELS.gzip })
    case 'snappy':
      return compressToSnappy(bytes)
    case 'lz4':
    case 'oldLz4':
      return compressToLz4(bytes, undefined, compression === 'oldLz4')
    case 'zstd':
      return zstdCodec().compress(bytes, levels.zstd ?? DEFAULT_LEVELS.zstd)
  }
}

/** Whether so many bytes can be compressed while the caller waits. */
export function deflatesQuickly(compression: Encoding, size: number): boolean {
  return compression === 'none' || size <= QUICK_DEFLATED_BYTES
}

/** As `deflate`: gzip on the thread pool, snappy and lz4 block by block with a `pause` now and then. */
export async function deflateLater(
  compression: Encoding,
  bytes: Buffer,
  levels: CompressionLevels | undefined,
  pause: Pause,
): Promise<Buffer> {
  switch (compression) {
    case 'none':
    case 'zstd':
      return deflate(compression, bytes, levels)
    case 'gzip': {
      const level = levels?.gzip ?? DEFAULT_LEVELS.gzip
      return new Promise((resolve, reject) => {
        gzip(bytes, { level }, (error, compressed) => (error ? reject(error) : resolve(compressed)))
      })
    }
    case 'snappy':
      return joinLater(snappyParts(bytes), pause)
    case 'lz4':
    case 'oldLz4':
      return joinLater(lz4Parts(bytes, undefined, compression === 'oldLz4'), pause)
  }
}

async function joinLater(parts: Iterable<Buffer>, pause: Pause): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const part of paced(parts, pause)) all.push(part)
  return Buffer.concat(all)
}

/** What the compressed bytes consist of, opened one after the other. */
function partsOf(
  compression: Exclude<Encoding, 'none'>,
  bytes: Buffer,
  limit: number,
): Iterable<Buffer> {
  switch (compression) {
    case 'gzip':
      return gunzipMembers(bytes, limit)
    case 'snappy':
      return snappyBlocks(bytes, limit)
    case 'lz4':
    case 'oldLz4':
      return lz4Blocks(bytes, limit, undefined, compression === 'oldLz4')
    case 'zstd':
      return zstdFrames(bytes, limit)
  }
}
