/**
 * Opens gzip (RFC 1952) as Java's reader does, which is how Kafka reads it: several members follow one another, what
 * comes after the last one and is no member is ignored. Node's own gunzip refuses such bytes. Output is bounded.
 *
 *   0  magic     1f 8b        then, by flag: extra (uint16 length and bytes), name and comment (zero-terminated),
 *   2  method    8            header CRC (2 bytes); then the deflated bytes, CRC-32 and size modulo 2^32 (both
 *   3  flags     uint8        little-endian)
 *   4  time, extra flags, operating system
 */

import { createInflateRaw, inflateRawSync, type Inflate } from 'node:zlib'
import { crc32 } from './crc32.ts'
import { inflatesTooFar } from './inflate-errors.ts'
import { InvalidRecord } from './invalid-record.ts'

const HEADER_SIZE = 10
const TRAILER_SIZE = 8
const HAS_HEADER_CRC = 0x02
const HAS_EXTRA = 0x04
const HAS_NAME = 0x08
const HAS_COMMENT = 0x10

/** What is inflated at a time on the thread pool. */
const PIECE_BYTES = 64 * 1024

/** What zlib gives when asked for `info`, which its types do not say. */
interface Inflated {
  buffer: Buffer
  engine: Inflate
}

/**
 * The content, member by member. Throws `InvalidRecord`: UNKNOWN_SERVER_ERROR, as Kafka answers, for what is no gzip;
 * MESSAGE_TOO_LARGE beyond `limit` bytes.
 */
export function* gunzipMembers(bytes: Buffer, limit: number): Generator<Buffer, void, undefined> {
  let room = limit
  let start = memberStart(bytes, 0)
  if (start === undefined) throw noGzip()
  while (start !== undefined) {
    const member = openMember(bytes, start, room)
    if (member === undefined) throw inflatesTooFar(limit)
    room -= member.content.length
    yield member.content
    start = memberStart(bytes, member.end)
  }
}

/**
 * The same on the thread pool, piece by piece: no more than two pieces are there at a time. Throws where `gunzipMembers` does,
 * once it comes to it.
 */
export async function* gunzipPieces(
  bytes: Buffer,
  limit: number,
): AsyncGenerator<Buffer, void, undefined> {
  let room = limit
  let start = memberStart(bytes, 0)
  if (start === undefined) throw noGzip()
  for (let index = 0; start !== undefined; index++) {
    // Where members follow one another there can be very many, each of which would wait for the pool.
    const small = index > 0 ? openMember(bytes, start, Math.min(room, PIECE_BYTES)) : undefined
    if (small !== undefined) {
      room -= small.content.length
      yield small.content
      start = memberStart(bytes, small.end)
      continue
    }
    const member = createInflateRaw({ chunkSize: PIECE_BYTES })
    member.end(bytes.subarray(start))
    const found = { size: 0, checksum: 0 }
    try {
      for await (const piece of member as AsyncIterable<Buffer>) {
        if (piece.length > room) throw inflatesTooFar(limit)
        room -= piece.length
        found.size += piece.length
        found.checksum = crc32(piece, found.checksum)
        yield piece
      }
    } catch (error) {
      throw error instanceof InvalidRecord ? error : broken(error)
    }
    start = memberStart(bytes, memberEnd(bytes, start + member.bytesWritten, found))
  }
}

/** The member whose deflated bytes begin at `start`, and where it ends; undefined where it has more than `most` bytes. */
function openMember(
  bytes: Buffer,
  start: number,
  most: number,
): { content: Buffer; end: number } | undefined {
  let inflated: Inflated
  try {
    inflated = inflateRawSync(bytes.subarray(start), options(most)) as unknown as Inflated
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw broken(error)
  }
  const { buffer: content, engine } = inflated
  if (content.length > most) return undefined
  const found = { size: content.length, checksum: crc32(content) }
  return { content, end: memberEnd(bytes, start + engine.bytesWritten, found) }
}

/** Node refuses a limit of nothing. */
function options(most: number): { maxOutputLength: number; info: true } {
  return { maxOutputLength: Math.max(most, 1), info: true }
}

/** Where the deflated bytes of the member at `position` begin; undefined where no member stands. */
function memberStart(bytes: Buffer, position: number): number | undefined {
  if (position + HEADER_SIZE > bytes.length) return undefined
  if (bytes.readUInt16BE(position) !== 0x1f8b || bytes[position + 2] !== 8) return undefined
  const flags = bytes[position + 3]!
  let start = position + HEADER_SIZE
  if (flags & HAS_EXTRA) {
    if (start + 2 > bytes.length) return undefined
    start += 2 + bytes.readUInt16LE(start)
  }
  for (const flag of [HAS_NAME, HAS_COMMENT]) {
    if ((flags & flag) === 0) continue
    const terminator = bytes.indexOf(0, start)
    if (terminator === -1) return undefined
    start = terminator + 1
  }
  if (flags & HAS_HEADER_CRC) start += 2
  return start <= bytes.length ? start : undefined
}

/** Checks the trailer, which stands at `trailer`, of a member with this content, and returns the position behind it. */
function memberEnd(
  bytes: Buffer,
  trailer: number,
  { size, checksum }: { size: number; checksum: number },
): number {
  if (trailer + TRAILER_SIZE > bytes.length) {
    throw new InvalidRecord('The gzip of the records is cut off.', 'UNKNOWN_SERVER_ERROR')
  }
  const sizeIsRight = bytes.readUInt32LE(trailer + 4) === size % 2 ** 32
  if (!sizeIsRight || bytes.readUInt32LE(trailer) !== checksum) {
    throw new InvalidRecord('The gzip of the records has a wrong trailer.', 'UNKNOWN_SERVER_ERROR')
  }
  return trailer + TRAILER_SIZE
}

function noGzip(): InvalidRecord {
  return new InvalidRecord('The compressed records are no gzip.', 'UNKNOWN_SERVER_ERROR')
}

function broken(cause: unknown): InvalidRecord {
  return new InvalidRecord('The gzip of the records is broken.', 'UNKNOWN_SERVER_ERROR', { cause })
}
