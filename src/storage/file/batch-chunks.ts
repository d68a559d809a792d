/** A segment's batches as they lie in its file, a megabyte at a time. */

import { BatchView, claimedSizeAt, HEADER_SIZE } from '../../protocol/records/batch-view.ts'
import type { Segment } from './segment.ts'

const CHUNK_BYTES = 1024 * 1024
/** What a start reads of a log at once: less than a thread of the pool would take to come to its turn. */
const READ_AT_ONCE_BYTES = 64 * 1024

export interface BatchChunk {
  /** Whole batches by the lengths that they claim, and nothing else. */
  bytes: Buffer
  /** Where they lie in the file. */
  position: number
}

/**
 * Reads from `from`, where a batch begins, to `to`; ends early where no whole batch follows.
 * `reuse`: one buffer for all chunks, so that each is good until the next is asked for, and little is read on the loop.
 */
export async function* batchChunks(
  segment: Segment,
  from: number,
  to: number,
  reuse = false,
): AsyncGenerator<BatchChunk, void, undefined> {
  let buffer = Buffer.alloc(0)
  let needed = 0
  for (let position = from; position < to; ) {
    const length = Math.min(Math.max(CHUNK_BYTES, needed), to - position)
    if (!reuse || buffer.length < length) buffer = Buffer.allocUnsafeSlow(length)
    const target = buffer.subarray(0, length)
    const read =
      reuse && to - from <= READ_AT_ONCE_BYTES
        ? segment.file.readSync(target, position)
        : await readInto(segment, target, position)
    const bytes = buffer.subarray(0, wholeBatches(buffer.subarray(0, read)))
    if (bytes.length > 0) {
      yield { bytes, position }
      position += bytes.length
      needed = 0
      continue
    }
    needed = claimedSizeAt(buffer.subarray(0, read), 0) ?? 0
    if (needed < HEADER_SIZE || needed <= length || needed > to - position) return
  }
}

export function* batchesOf({ bytes, position }: BatchChunk): Generator<{
  batch: BatchView
  position: number
}> {
  for (let at = 0; at < bytes.length; ) {
    const size = claimedSizeAt(bytes, at)!
    yield { batch: new BatchView(bytes.subarray(at, at + size)), position: position + at }
    at += size
  }
}

function readInto(segment: Segment, target: Buffer, position: number): Promise<number> {
  return segment.use((file) => file.read(target, position))
}

/** Bytes up to the first batch that is cut off, or that claims a length that none has. */
function wholeBatches(bytes: Buffer): number {
  for (let at = 0; ; ) {
    const size = claimedSizeAt(bytes, at)
    if (size === undefined || size < HEADER_SIZE || at + size > bytes.length) return at
    at += size
  }
}
