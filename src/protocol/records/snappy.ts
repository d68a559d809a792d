/**
 * Snappy: a raw block, which is what librdkafka sends, or the framing of Java's xerial library around blocks, which is
 * what Kafka's own clients send and its brokers write.
 *
 *   0  magic       82 'SNAPPY' 00
 *   8  version     int32           then blocks: length (int32) and that many bytes; where another header stands in the
 *  12  compatible  int32           place of a length, another stream begins
 *
 * A raw block is the size of its content (varint) and then literals and copies of what came before.
 */

import { type BlockCodec, copyLiteral, repeat } from './block-codec.ts'
import { brokenRecords, inflatesTooFar } from './inflate-errors.ts'
import { optional, required } from './package-loader.ts'

const MAGIC = Buffer.from('82534e4150505900', 'hex')
const MAGIC_WORD = MAGIC.readInt32BE(0)
const HEADER = Buffer.concat([MAGIC, Buffer.from('0000000100000001', 'hex')])
const BLOCK_BYTES = 32 * 1024
/** A copy of 64 bytes takes 3: no block inflates further. */
const MOST_BYTES_PER_BYTE = 22

interface NativeSnappy {
  compressSync(block: Buffer): Buffer
  uncompressSync(block: Buffer, options: { asBuffer: true }): Buffer
}
interface JavascriptSnappy {
  compress(block: Buffer): Buffer
}

let native: BlockCodec | null | undefined

/** The records' bytes, block by block; throws `InvalidRecord` where that cannot be, or is more than `limit`. */
export function* snappyBlocks(
  bytes: Buffer,
  limit: number,
  codec: BlockCodec = snappyCodec(),
): Generator<Buffer, void, undefined> {
  let room = limit
  for (const block of blocksIn(bytes)) {
    const size = claimedSize(block)
    if (size > block.length * MOST_BYTES_PER_BYTE) throw broken('claims what it cannot hold')
    if (size > room) throw inflatesTooFar(limit)
    room -= size
    const content = uncompressed(block, size, codec)
    if (content.length !== size) throw broken('ends early')
    yield content
  }
}

/** Kafka's own form, in its parts, one after the other. */
export function* snappyParts(
  bytes: Buffer,
  codec: BlockCodec = snappyCodec(),
): Generator<Buffer, void, undefined> {
  yield HEADER
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = codec.compress(bytes.subarray(start, start + BLOCK_BYTES))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    yield length
    yield block
  }
}

export function compressToSnappy(bytes: Buffer, codec: BlockCodec = snappyCodec()): Buffer {
  return Buffer.concat([...snappyParts(bytes, codec)])
}

export function nativeSnappy(): BlockCodec | null {
  if (native === undefined) {
    const found = optional<NativeSnappy>('snappy', (snappy) => {
      const text = Buffer.from('snappy snappy snappy')
      return snappy.uncompressSync(snappy.compressSync(text), { asBuffer: true }).equals(text)
    })
    native = found && {
      compress: (block) => found.compressSync(block),
      uncompress: (block) => found.uncompressSync(block, { asBuffer: true }),
    }
  }
  return native
}

/** The package compresses. Opening is done here: there it walks backwards, without an end, at a length beyond 2^31. */
export const javascriptSnappy: BlockCodec = {
  compress: (block) => required<JavascriptSnappy>('snappyjs').compress(block),
  uncompress: uncompressBlock,
}

function snappyCodec(): BlockCodec {
  return nativeSnappy() ?? javascriptSnappy
}

function uncompressed(block: Buffer, size: number, codec: BlockCodec): Buffer {
  try {
    return codec.uncompress(block, size)
  } catch (error) {
    throw broken('is damaged', error)
  }
}

function* blocksIn(bytes: Buffer): Generator<Buffer, void, undefined> {
  if (bytes.length < HEADER.length || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) {
    yield bytes
    return
  }
  let position = 0
  while (position < bytes.length) {
    if (position + 4 > bytes.length) throw broken('is cut off')
    const length = bytes.readInt32BE(position)
    if (length === MAGIC_WORD) {
      position += headerLength(bytes, position)
      continue
    }
    const start = position + 4
    if (length < 0 || start + length > bytes.length) throw broken('is cut off')
    yield bytes.subarray(start, start + length)
    position = start + length
  }
}

function headerLength(bytes: Buffer, position: number): number {
  const end = position + HEADER.length
  if (end > bytes.length) throw broken('is cut off')
  if (MAGIC.compare(bytes, position, position + MAGIC.length) !== 0) throw broken('is damaged')
  if (bytes.readInt32BE(position + MAGIC.length) < 1) throw broken('is of an unknown version')
  return HEADER.length
}

/** The size that a block says its content has. */
function claimedSize(block: Buffer): number {
  let size = 0
  for (let i = 0; i < sizeLength(block); i++) size += (block[i]! & 0x7f) * 2 ** (7 * i)
  return size
}

function sizeLength(block: Buffer): number {
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) throw broken('is cut off')
    if (byte < 0x80) return i + 1
  }
  throw broken('is damaged')
}

function uncompressBlock(block: Buffer, size: number): Buffer {
  const content = Buffer.allocUnsafe(size)
  let from = sizeLength(block)
  let to = 0
  while (from < block.length) {
    const tag = block[from++]!
    const kind = tag & 0x03
    if (kind === 0) {
      let length = tag >>> 2
      if (length >= 60) {
        const bytes = length - 59
        length = block.readUIntLE(from, bytes)
        from += bytes
      }
      length++
      if (from + length > block.length || to + length > size) throw broken('is damaged')
      copyLiteral(block, from, content, to, length)
      from += length
      to += length
      continue
    }
    const bytes = kind === 3 ? 4 : kind
    const low = block.readUIntLE(from, bytes)
    from += bytes
    const length = kind === 1 ? ((tag >>> 2) & 0x07) + 4 : (tag >>> 2) + 1
    const distance = kind === 1 ? ((tag >>> 5) << 8) | low : low
    if (distance === 0 || distance > to || to + length > size) throw broken('is damaged')
    repeat(content, to, distance, length)
    to += length
  }
  return content.subarray(0, to)
}

function broken(why: string, cause?: unknown): Error {
  return brokenRecords('snappy', why, cause)
}
