/**
 * The recently written ends of all logs, in memory: what is appended is written from here and read from here.
 *
 * Small batches are copied into a log's chunk, one behind the other; of a large one its header alone, and the rest stays in
 * the slab it came in. So a range is a stretch of a log that lies in one piece of memory. Memory is accounted by whole slabs,
 * and the oldest ranges of all logs go first. Positions are a log's own count of bytes in this life, across its segments.
 */

import type { Slab, SlabPool } from '../../slab-pool.ts'
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

/** A piece of memory that ranges lie in. */
interface Block {
  size: number
  /** Ranges that lie in it. */
  ranges: number
  /** Retained as long as there are any; undefined for memory that is not used again. */
  slab: Slab | undefined
}

/** Memory of a log, in as few pieces as it lies in, and the slabs that are retained for whoever reads it. */
export interface Slices {
  buffers: Buffer[]
  held: Slab[]
}

interface Range {
  tail: LogTail
  position: number
  length: number
  bytes: Buffer
  start: number
  block: Block
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
  private readonly lentBlocks = new Map<ArrayBufferLike, Block>()
  private readonly slabs: SlabPool

  constructor(limit: number, slabs: SlabPool) {
    this.limit = limit
    this.slabs = slabs
  }

  open(): LogTail {
    return new LogTail(this)
  }

  newBlock(size: number): Block & { slab: Slab } {
    const slab = this.slabs.take(size)
    return this.account({ size: slab.bytes.length, ranges: 0, slab })
  }

  /** The block that a caller's bytes lie in, accounted once however many batches it holds. */
  lentBlock(bytes: Buffer): Block {
    const { buffer } = bytes
    let block = this.lentBlocks.get(buffer)
    if (!block) {
      const slab = this.slabs.of(bytes)
      slab?.retain()
      block = this.account({ size: buffer.byteLength, ranges: 0, slab })
      this.lentBlocks.set(buffer, block)
    }
    return block
  }

  add(range: Range): void {
    range.block.ranges++
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
    const { block, bytes } = range
    range.isDropped = true
    // The range may stand in a queue for long: its memory must not.
    range.bytes = NO_CHUNK
    if (--block.ranges > 0) return
    this.used -= block.size
    if (range.isBatchStart) range.tail.release(block)
    else this.lentBlocks.delete(bytes.buffer)
    block.slab?.release()
  }

  private account<B extends Block>(block: B): B {
    this.used += block.size
    return block
  }
}

export class LogTail {
  /** Where the next small batch or header is copied to. */
  chunk: Buffer = NO_CHUNK
  chunkUsed = 0
  private block: Block | undefined
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
    if (this.block && this.chunkUsed + size <= this.chunk.length) return
    const doubled = Math.min(Math.max(this.chunk.length * 2, SMALLEST_CHUNK), LARGEST_CHUNK)
    const block = this.cache.newBlock(Math.max(doubled, size))
    this.block = block
    this.chunk = block.slab.bytes
    this.chunkUsed = 0
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
      this.push(position, size, this.chunk, start, this.block!, true)
    }
  }

  /** Takes the records of a batch, where they lie, as the log's bytes from `position` on. */
  borrow(bytes: Buffer, start: number, position: number): void {
    this.push(position, bytes.length - start, bytes, start, this.cache.lentBlock(bytes), false)
  }

  /** The slab that the range which was added last lies in. */
  get lastSlab(): Slab | undefined {
    return this.ranges.at(-1)?.block.slab
  }

  /** The log's bytes from `from` to `to`, all of which must be in memory. */
  slices(from: number, to: number): Slices {
    const buffers: Buffer[] = []
    const held: Slab[] = []
    for (let i = this.indexOf(from), at = from; at < to; i++) {
      const { position, length, bytes, start, block } = this.ranges[i]!
      const end = Math.min(position + length, to)
      buffers.push(bytes.subarray(start + at - position, start + end - position))
      if (block.slab) {
        block.slab.retain()
        held.push(block.slab)
      }
      at = end
    }
    return { buffers, held }
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

  /** No range is left in this block: if it is the chunk, the next batch gets another. */
  release(block: Block): void {
    if (block !== this.block) return
    this.block = undefined
    this.chunk = NO_CHUNK
  }

  private push(
    position: number,
    length: number,
    bytes: Buffer,
    start: number,
    block: Block,
    isBatchStart: boolean,
  ): void {
    const range = {
      tail: this,
      position,
      length,
      bytes,
      start,
      block,
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
