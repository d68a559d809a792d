/**
 * LZ4 frames as Kafka reads and writes them: one frame of independent blocks; what comes after it is ignored, as is the
 * checksum of the content. Blocks that lean on one another are refused, since no Java client could read them.
 *
 *   0  magic    04 22 4d 18
 *   4  flags    bits 6-7 version (1), 5 independent blocks, 4 block checksums, 3 content size, 2 content checksum
 *   5  largest block  bits 4-6: 4 to 7 are 64 kB, 256 kB, 1 MB, 4 MB
 *      content size (uint64) where flagged, then a byte of the checksum of all this but the magic
 *
 * Then blocks: length (uint32, little-endian; the highest bit says that the block is not compressed), bytes, checksum
 * where flagged. A length of 0 is the end.
 *
 * The frames of old clients, in messages of magic 0, have a header checksum that covers the magic too, or a right one.
 */

import type { BlockCodec } from './block-codec.ts'
import { brokenRecords, inflatesTooFar } from './inflate-errors.ts'
import { lz4Codec } from './lz4-block.ts'
import { xxhash32 } from './xxhash32.ts'

const MAGIC = 0x184d2204
const FLAGS_AT = 4
const VERSION_1 = 0x40
const INDEPENDENT = 0x20
const HAS_BLOCK_CHECKSUM = 0x10
const HAS_CONTENT_SIZE = 0x08
const RESERVED_FLAGS = 0x03
const IS_PLAIN = 0x8000_0000

/** Version 1, independent blocks of up to 64 kB, no checksum but that of the header. */
const HEADER = Buffer.from('04224d18604082', 'hex')
/** The same with the checksum that old clients expect. */
const OLD_HEADER = Buffer.from(HEADER)
OLD_HEADER[OLD_HEADER.length - 1] = (xxhash32(HEADER.subarray(0, -1)) >>> 8) & 0xff
const BLOCK_BYTES = 64 * 1024

interface Header {
  length: number
  blockBytes: number
  hasBlockChecksum: boolean
}

/** The records' bytes, block by block; throws `InvalidRecord` where that cannot be, or is more than `limit`. */
export function* lz4Blocks(
  bytes: Buffer,
  limit: number,
  codec: BlockCodec = lz4Codec(),
  isOld = false,
): Generator<Buffer, void, undefined> {
  const { length: start, blockBytes, hasBlockChecksum } = headerOf(bytes, isOld)
  let position = start
  let room = limit
  for (;;) {
    if (position + 4 > bytes.length) throw broken('is cut off')
    const word = bytes.readUInt32LE(position)
    if (word === 0) return
    const length = word % IS_PLAIN
    if (length > blockBytes) throw broken('has too large a block')
    position += 4
    const end = position + length
    if (end + (hasBlockChecksum ? 4 : 0) > bytes.length) throw broken('is cut off')
    const block = bytes.subarray(position, end)
    if (hasBlockChecksum && bytes.readUInt32LE(end) !== xxhash32(block)) {
      throw broken('has a block with a wrong checksum')
    }
    const content = word >= IS_PLAIN ? block : uncompressed(block, blockBytes, codec)
    if (content.length > room) throw inflatesTooFar(limit)
    room -= content.length
    position = hasBlockChecksum ? end + 4 : end
    yield content
  }
}

/** A frame in its parts, one after the other. */
export function* lz4Parts(
  bytes: Buffer,
  codec: BlockCodec = lz4Codec(),
  isOld = false,
): Generator<Buffer, void, undefined> {
  yield isOld ? OLD_HEADER : HEADER
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const content = bytes.subarray(start, start + BLOCK_BYTES)
    const block = codec.compress(content)
    const isPlain = block.length >= content.length
    const written = isPlain ? content : block
    yield uint32(isPlain ? written.length + IS_PLAIN : written.length)
    yield written
  }
  yield uint32(0)
}

export function compressToLz4(bytes: Buffer, codec?: BlockCodec, isOld?: boolean): Buffer {
  return Buffer.concat([...lz4Parts(bytes, codec, isOld)])
}

function headerOf(bytes: Buffer, isOld: boolean): Header {
  if (bytes.length < HEADER.length) throw broken('is cut off')
  if (bytes.readUInt32LE(0) !== MAGIC) throw broken('has no frame')
  const flags = bytes[FLAGS_AT]!
  if ((flags & 0xc0) !== VERSION_1 || (flags & RESERVED_FLAGS) !== 0) {
    throw broken('is of an unknown version')
  }
  if ((flags & INDEPENDENT) === 0) throw broken('has blocks that lean on one another')
  const sizes = bytes[FLAGS_AT + 1]!
  const sizeCode = sizes >>> 4
  if ((sizes & 0x0f) !== 0 || sizeCode < 4 || sizeCode > 7) throw broken('has no block size')
  const checksumAt = FLAGS_AT + 2 + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8)
  if (checksumAt >= bytes.length) throw broken('is cut off')
  const checksum = (xxhash32(bytes.subarray(FLAGS_AT, checksumAt)) >>> 8) & 0xff
  if (!isOld && bytes[checksumAt] !== checksum) throw broken('has a header with a wrong checksum')
  return {
    length: checksumAt + 1,
    blockBytes: 1 << (8 + 2 * sizeCode),
    hasBlockChecksum: (flags & HAS_BLOCK_CHECKSUM) !== 0,
  }
}

function uncompressed(block: Buffer, blockBytes: number, codec: BlockCodec): Buffer {
  // A byte says at most 255: many small blocks do not each take the memory of the largest.
  const size = Math.min(blockBytes, block.length * 255)
  try {
    return codec.uncompress(block, size)
  } catch (error) {
    throw broken('has a damaged block', error)
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function broken(why: string, cause?: unknown): Error {
  return brokenRecords('lz4', why, cause)
}
