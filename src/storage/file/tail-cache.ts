/**
 * The recently written ends of all logs, in memory: what is appended is written from here and read from here.
 *
 * Small batches are copied into a log's chunk, one behind the other; of a large one its header alone, and the rest stays in
 * the slab it came in. So a range is a stretch of a log that lies in one piece of memory. Memory is accounted by whole slabs,
 * and the oldest ranges of all logs go first. Positions are a log's own count of bytes in this life, across its segments.
 */

import {
  BASE_OFFSET,
  BATCH_LENGTH,
  LAST_OFFSET_DELTA,
  LENGTH_OVERHEAD,
  readInt64,
} from '../../protocol/records/batch-view.ts'

const SMALLEST_CHUNK = 16 * 1024
const LARGEST_CHUNK = 256 * 1024

const NO_CHUNK = Buffer.alloc(0)

interface Slab {
  size: number
  /** Ranges that lie in it. */
  ranges: number
}

interface Range {
  tail: LogTail
  position: number
  length: number
  bytes: Buffer
  start: number
  slab: Slab
  /** False for the records of a batch whose header lies in another range. */
  isBatchStart: boolean
  isDropped: boolean
}

export class TailCache {
  /** Bytes of memory that the cache holds on to. */
  used = 0
  private readonly limit: number
  private queue: Range[] = []
  private head = 0
  private readonly lentSlabs = new Map<ArrayBufferLike, Slab>()

  constructor(limit: number) {
    this.limit = limit
  }

  open(): LogTail {
    return new LogTail(this)
  }

  newSlab(size: number): Slab {
    this.used += size
    return { size, ranges: 0 }
  }

  /** The slab that a caller's buffer lies in, accounted once however many batches it holds. */
  lentSlab(buffer: ArrayBufferLike): Slab {
    let slab = this.lentSlabs.get(buffer)
    if (!slab) {
      slab = this.newSlab(buffer.byteLength)
      this.lentSlabs.set(buffer, slab)
    }
    return slab
  }

  add(range: Range): void {
    range.slab.ranges++
    this.queue.push(range)
  }

  /** Drops the oldest ranges until the limit holds. */
  trim(): void {
    while (this.used > this.limit && this.head < this.queue.length) {
      const range = this.queue[this.head++]!
      if (!range.isDropped) range.tail.dropThrough(range)
    }
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head)
      this.head = 0
    }
  }

  drop(range: Range): void {
    range.isDropped = true
    if (--range.slab.ranges > 0) return
    this.used -= range.slab.size
    if (range.isBatchStart) range.tail.release(range.slab)
    else this.lentSlabs.delete(range.bytes.buffer)
  }
}

export class LogTail {
  /** Where the next small batch or header is copied to. */
  chunk: Buffer = NO_CHUNK
  chunkUsed = 0
  private slab: Slab | undefined
  private readonly cache: TailCache
  private ranges: Range[] = []
  private head = 0

  constructor(cache: TailCache) {
    this.cache = cache
  }

  /** First position in memory, where a batch begins; `Infinity` when there is none. */
  get start(): number {
    return this.ranges[this.head]?.position ?? Infinity
  }

  /** Makes room for `size` bytes in one piece at `chunkUsed`. */
  reserve(size: number): void {
    if (this.slab && this.chunkUsed + size <= this.chunk.length) return
    const doubled = Math.min(Math.max(this.chunk.length * 2, SMALLEST_CHUNK), LARGEST_CHUNK)
    const length = Math.max(doubled, size)
    this.chunk = Buffer.allocUnsafeSlow(length)
    this.chunkUsed = 0
    this.slab = this.cache.newSlab(length)
  }

  /** Takes `size` bytes of the chunk, written by the caller, as the log's bytes from `position` on: whole batches or one's header. */
  take(size: number, position: number): void {
    const last = this.ranges.at(-1)
    const start = this.chunkUsed
    this.chunkUsed += size
    if (
      last?.bytes === this.chunk &&
      !last.isDropped &&
      last.start + last.length === start &&
      last.position + last.length === position
    ) {
      last.length += size
    } else {
      this.push(position, size, this.chunk, start, this.slab!, true)
    }
  }

  /** Takes the records of a batch, where they lie, as the log's bytes from `position` on. */
  borrow(bytes: Buffer, start: number, position: number): void {
    const slab = this.cache.lentSlab(bytes.buffer)
    this.push(position, bytes.length - start, bytes, start, slab, false)
  }

  /** The log's bytes from `from` to `to`, all of which must be in memory, in as few buffers as they lie in. */
  slices(from: number, to: number): Buffer[] {
    const buffers: Buffer[] = []
    for (let i = this.indexOf(from), at = from; at < to; i++) {
      const { position, length, bytes, start } = this.ranges[i]!
      const end = Math.min(position + length, to)
      buffers.push(bytes.subarray(start + at - position, start + end - position))
      at = end
    }
    return buffers
  }

  /** Where the batch that holds `offset` begins, walking from `from`, where one begins; `end` when it comes after that. */
  seek(offset: number, from: number, end: number): number {
    let i = this.indexOf(from)
    for (let at = from; at < end; ) {
      i = this.forward(i, at)
      const { bytes, start, position } = this.ranges[i]!
      const header = start + at - position
      const lastOffset =
        readInt64(bytes, header + BASE_OFFSET) + bytes.readInt32BE(header + LAST_OFFSET_DELTA)
      if (lastOffset >= offset) return at
      at += bytes.readInt32BE(header + BATCH_LENGTH) + LENGTH_OVERHEAD
    }
    return end
  }

  /** The end of the last batch that ends at or before `limit`, walking from `from`, where a batch begins. */
  lastEnd(from: number, limit: number): number {
    let i = this.indexOf(from)
    for (let at = from; ; ) {
      i = this.forward(i, at)
      const next = at + this.sizeIn(this.ranges[i]!, at)
      if (next > limit) return at
      if (next === limit) return next
      at = next
    }
  }

  /** The size of the batch that begins at a position. */
  sizeAt(position: number): number {
    return this.sizeIn(this.ranges[this.indexOf(position)]!, position)
  }

  baseOffsetAt(position: number): number {
    const range = this.ranges[this.indexOf(position)]!
    return readInt64(range.bytes, range.start + position - range.position + BASE_OFFSET)
  }

  /** Drops ranges up to this one, and what belongs to its last batch. */
  dropThrough(range: Range): void {
    while (!range.isDropped || this.ranges[this.head]?.isBatchStart === false) {
      this.cache.drop(this.ranges[this.head++]!)
    }
    if (this.head > 64 && this.head * 2 > this.ranges.length) {
      this.ranges = this.ranges.slice(this.head)
      this.head = 0
    }
  }

  /** Drops all. */
  clear(): void {
    while (this.head < this.ranges.length) this.cache.drop(this.ranges[this.head++]!)
    this.ranges = []
    this.head = 0
  }

  /** No range is left in this slab: if it is the chunk, the next batch gets another. */
  release(slab: Slab): void {
    if (slab !== this.slab) return
    this.slab = undefined
    this.chunk = NO_CHUNK
  }

  private push(
    position: number,
    length: number,
    bytes: Buffer,
    start: number,
    slab: Slab,
    isBatchStart: boolean,
  ): void {
    const range = {
      tail: this,
      position,
      length,
      bytes,
      start,
      slab,
      isBatchStart,
      isDropped: false,
    }
    this.ranges.push(range)
    this.cache.add(range)
  }

  private sizeIn({ bytes, start, position }: Range, at: number): number {
    return bytes.readInt32BE(start + at - position + BATCH_LENGTH) + LENGTH_OVERHEAD
  }

  /** The range of a position at or behind range `i`. */
  private forward(i: number, position: number): number {
    let at = i
    while (position >= this.ranges[at]!.position + this.ranges[at]!.length) at++
    return at
  }

  private indexOf(position: number): number {
    let low = this.head
    let high = this.ranges.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.ranges[middle]!.position <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}
