/**
 * Zstandard (RFC 8878). The frames are walked before they are opened: the walk finds what is cut off, and what the
 * content can have at most, so that neither a frame that does not say its size nor one that lies takes memory.
 *
 *   0  magic       28 b5 2f fd (50-5f 2a 4d 18: a frame to be skipped, with its length in uint32)
 *   4  descriptor  bits 6-7 form of the content size, 5 single segment, 2 checksum, 0-1 form of the dictionary id
 *      window descriptor (unless single segment), dictionary id, content size, then blocks: a header of 3 bytes
 *      (little-endian: bit 0 last, 1-2 type, the rest size) and bytes; at last the checksum (4 bytes)
 */

import { brokenRecords, inflatesTooFar } from './inflate-errors.ts'
import { zstdCodec, type ZstdCodec } from './zstd-codec.ts'

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const SINGLE_SEGMENT = 0x20
const HAS_CHECKSUM = 0x04
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const REPEATED = 1
const COMPRESSED = 2
const RESERVED = 3
/** No block has more, compressed or not. */
const MAX_BLOCK_BYTES = 128 * 1024

interface Frame {
  bytes: Buffer
  /** What the content has at most. */
  bound: number
}

/** The records' bytes, frame by frame; throws `InvalidRecord` where that cannot be, or is more than `limit`. */
export function* zstdFrames(
  bytes: Buffer,
  limit: number,
  codec: ZstdCodec = zstdCodec(),
): Generator<Buffer, void, undefined> {
  let room = limit
  for (const frame of framesIn(bytes)) {
    const content = uncompressed(frame, room, codec)
    if (content === undefined) throw inflatesTooFar(limit)
    room -= content.length
    yield content
  }
}

function uncompressed(frame: Frame, room: number, codec: ZstdCodec): Buffer | undefined {
  try {
    return codec.uncompress(frame.bytes, Math.min(frame.bound, room))
  } catch (error) {
    throw broken('is damaged', error)
  }
}

function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let position = 0
  if (bytes.length === 0) throw broken('is not there')
  while (position < bytes.length) {
    if (position + 8 > bytes.length) throw broken('is cut off')
    const magic = bytes.readUInt32LE(position)
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
      position += 8 + bytes.readUInt32LE(position + 4)
      if (position > bytes.length) throw broken('is cut off')
      continue
    }
    if (magic !== MAGIC) throw broken('has no frame')
    const { end, bound } = walk(bytes, position)
    frames.push({ bytes: bytes.subarray(position, end), bound })
    position = end
  }
  return frames
}

function walk(bytes: Buffer, start: number): { end: number; bound: number } {
  const descriptor = bytes[start + 4]!
  const { end: blocks, contentSize } = afterHeader(bytes, start + 5, descriptor)
  let position = blocks
  let bound = 0
  for (;;) {
    if (position + 3 > bytes.length) throw broken('is cut off')
    const header = bytes.readUIntLE(position, 3)
    const kind = (header >>> 1) & 0x03
    const size = header >>> 3
    if (kind === RESERVED || size > MAX_BLOCK_BYTES) throw broken('is damaged')
    bound += kind === COMPRESSED ? MAX_BLOCK_BYTES : size
    position += 3 + (kind === REPEATED ? 1 : size)
    if ((header & 1) !== 0) break
  }
  if ((descriptor & HAS_CHECKSUM) !== 0) position += 4
  if (position > bytes.length) throw broken('is cut off')
  return { end: position, bound: Math.min(bound, contentSize) }
}

/** Where the blocks begin, and the size that the header says, Infinity where it says none. */
function afterHeader(
  bytes: Buffer,
  start: number,
  descriptor: number,
): { end: number; contentSize: number } {
  const isSingle = (descriptor & SINGLE_SEGMENT) !== 0
  const form = descriptor >>> 6
  const length = form === 0 && isSingle ? 1 : CONTENT_SIZE_BYTES[form as 0 | 1 | 2 | 3]
  const window = isSingle ? 0 : 1
  const position = start + window + DICTIONARY_ID_BYTES[(descriptor & 0x03) as 0 | 1 | 2 | 3]
  const end = position + length
  if (end > bytes.length) throw broken('is cut off')
  if (length === 0) return { end, contentSize: Infinity }
  if (length === 8) return { end, contentSize: Number(bytes.readBigUInt64LE(position)) }
  const value = bytes.readUIntLE(position, length)
  return { end, contentSize: length === 2 ? value + 256 : value }
}

function broken(why: string, cause?: unknown): Error {
  return brokenRecords('zstd', why, cause)
}
