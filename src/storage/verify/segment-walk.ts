/** A segment's batches as they lie in its file, in bounded memory, and where that ends early. */

import {
  BatchView,
  claimedSizeAt,
  HEADER_SIZE,
  MAGIC,
  MAGIC_OFFSET,
} from '../../protocol/records/batch-view.ts'
import type { ReadableFile } from './readable-disk.ts'

const CHUNK_BYTES = 1024 * 1024

/** Whole batches of magic 2, good until the next chunk is asked for. */
export interface WalkedChunk {
  bytes: Buffer
  position: number
}

/** Where no batch of magic 2 stands whole. */
export interface WalkEnd {
  position: number
  kind: 'torn' | 'length' | 'magic'
  text: string
}

/** Gives chunk after chunk from `from` to `to`; returns why it ended before, `undefined` at the end. */
export async function* walkChunks(
  file: ReadableFile,
  from: number,
  to: number,
): AsyncGenerator<WalkedChunk, WalkEnd | undefined, undefined> {
  let buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(to - from, 1)))
  let needed = 0
  for (let position = from; position < to; ) {
    const length = Math.min(Math.max(CHUNK_BYTES, needed), to - position)
    if (buffer.length < length) buffer = Buffer.allocUnsafeSlow(length)
    const read = await file.read(buffer.subarray(0, length), position)
    const there = buffer.subarray(0, read)
    const whole = wholeBatches(there)
    if (whole > 0) {
      yield { bytes: there.subarray(0, whole), position }
      position += whole
      needed = 0
      if (buffer.length > CHUNK_BYTES) buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
      continue
    }
    const end = whyNone(there, position, to)
    if (end || read < length) return end ?? tornAt(position, to - position, read)
    needed = claimedSizeAt(there, 0)!
  }
  return undefined
}

export function* batchesOf({
  bytes,
  position,
}: WalkedChunk): Generator<{ batch: BatchView; position: number }, void, undefined> {
  for (let at = 0; at < bytes.length; ) {
    const size = claimedSizeAt(bytes, at)!
    yield { batch: new BatchView(bytes.subarray(at, at + size)), position: position + at }
    at += size
  }
}

/** Bytes up to the first batch that is cut off, or that is none. */
function wholeBatches(bytes: Buffer): number {
  for (let at = 0; ; ) {
    const size = claimedSizeAt(bytes, at)
    if (size === undefined || size < HEADER_SIZE || at + size > bytes.length) return at
    if (bytes[at + MAGIC_OFFSET] !== MAGIC) return at
    at += size
  }
}

/** `undefined` where more bytes may make a batch of what is here. */
function whyNone(bytes: Buffer, position: number, to: number): WalkEnd | undefined {
  const left = to - position
  const size = claimedSizeAt(bytes, 0)
  if (size === undefined) return tornAt(position, left, left)
  const magic = bytes[MAGIC_OFFSET]
  if (magic === 0 || magic === 1) {
    const text = `a message set of magic ${magic}, older than record batches, stands here`
    return { position, kind: 'magic', text }
  }
  if (size < HEADER_SIZE) {
    return { position, kind: 'length', text: `a batch claims ${size} bytes, less than a header` }
  }
  if (size > left) return tornAt(position, left, size)
  if (magic === MAGIC) return undefined
  return { position, kind: 'length', text: `what stands here has magic ${magic}, not 2` }
}

function tornAt(position: number, left: number, size: number): WalkEnd {
  const text =
    size > left
      ? `a batch claims ${size} bytes, and ${left} are left`
      : `the last ${left} bytes are no whole batch`
  return { position, kind: 'torn', text }
}
