/** Finds whole batches with a right checksum in a segment whose bytes are not to be trusted. */

import {
  BASE_OFFSET,
  BatchView,
  claimedSizeAt,
  HEADER_SIZE,
  hasRightChecksum,
  LAST_OFFSET_DELTA,
  MAGIC,
  MAGIC_OFFSET,
  readInt64,
} from '../../protocol/records/batch-view.ts'
import type { Segment } from './segment.ts'

const WINDOW_BYTES = 1024 * 1024
/** Bytes that a search checks in vain, as a multiple of those that there are. */
const MOST_LOOKED_AT = 4
/** A segment's offsets lie within this of one another. */
const OFFSETS_IN_SEGMENT = 0x8000_0000

export class BatchSearch {
  private readonly segment: Segment
  private readonly end: number
  private window = Buffer.alloc(0)
  private windowStart = 0

  /** Looks at the segment's file up to `end`. */
  constructor(segment: Segment, end: number) {
    this.segment = segment
    this.end = end
  }

  /** The batch at `position`, if a whole one of `offset` or later stands there; good until the next call. */
  async at(position: number, offset: number): Promise<BatchView | undefined> {
    const header = await this.bytes(position, HEADER_SIZE)
    if (!header || !isCandidate(header, 0, offset)) return undefined
    const bytes = await this.bytes(position, claimedSizeAt(header, 0)!)
    return bytes && hasRightChecksum(bytes) ? new BatchView(bytes) : undefined
  }

  /** Where the next good batch stands behind the wrong one at `position`: at the end that this claims, or wherever one is found. */
  async after(position: number, offset: number): Promise<number | undefined> {
    const header = await this.bytes(position, HEADER_SIZE)
    if (!header) return undefined
    const claimed = position + claimedSizeAt(header, 0)!
    if (claimed > position && (await this.at(claimed, offset))) return claimed
    // What was stored as values may look like batches, too: looking at such must end.
    let budget = MOST_LOOKED_AT * this.end
    for (let from = position + 1; from + HEADER_SIZE <= this.end; ) {
      const bytes = await this.bytes(from, Math.min(WINDOW_BYTES, this.end - from))
      if (!bytes) return undefined
      const last = bytes.length - HEADER_SIZE
      for (let at = 0; at <= last; at++) {
        if (!isCandidate(bytes, at, offset)) continue
        if (await this.at(from + at, offset)) return from + at
        budget -= claimedSizeAt(bytes, at)!
        if (budget < 0) return undefined
      }
      from += last + 1
    }
    return undefined
  }

  /** `length` bytes from `position` on; undefined where the file has not so many. */
  private async bytes(position: number, length: number): Promise<Buffer | undefined> {
    if (length < 0 || position + length > this.end) return undefined
    const start = position - this.windowStart
    if (start >= 0 && start + length <= this.window.length) {
      return this.window.subarray(start, start + length)
    }
    const size = Math.min(Math.max(length, WINDOW_BYTES), this.end - position)
    const target = Buffer.allocUnsafeSlow(size)
    const read = await this.segment.use((file) => file.read(target, position))
    this.window = target.subarray(0, read)
    this.windowStart = position
    return read < length ? undefined : this.window.subarray(0, length)
  }
}

function isCandidate(bytes: Buffer, at: number, offset: number): boolean {
  if (bytes[at + MAGIC_OFFSET] !== MAGIC) return false
  const baseOffset = readInt64(bytes, at + BASE_OFFSET)
  return (
    claimedSizeAt(bytes, at)! >= HEADER_SIZE &&
    bytes.readInt32BE(at + LAST_OFFSET_DELTA) >= 0 &&
    baseOffset >= offset &&
    baseOffset - offset < OFFSETS_IN_SEGMENT
  )
}
