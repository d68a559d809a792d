/** Reads of a log: whole stored batches from an offset on, out of the tail cache or from a segment's file. */

import {
  BASE_OFFSET,
  BATCH_LENGTH,
  claimedSizeAt,
  HEADER_SIZE,
  LAST_OFFSET_DELTA,
  LENGTH_OVERHEAD,
  MAGIC,
  MAGIC_OFFSET,
  readInt64,
} from '../../protocol/records/batch-view.ts'
import type { Slab } from '../../slab-pool.ts'
import { StorageError } from '../engine.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { segmentIndexOf } from './segment-search.ts'

/** Most bytes that one read of a file asks for. */
const LARGEST_READ = 8 * 1024 * 1024
/** Reads of at most this, from what was written in this life and not long ago, are done at once: the machine has it in memory. */
const SYNC_READ_BYTES = 256 * 1024
/** That is: no further behind the log's end, and with no more written since by all logs. */
const RECENT_BYTES = 64 * 1024 * 1024
const RECENT_BYTES_OF_ALL = 1024 * 1024 * 1024
/** What is read more than wanted, for what lies between an index entry and the offset. */
const BEFORE_BYTES = 8 * 1024

export interface Bounds {
  maxBytes: number
  /** The first batch is returned even when it is larger than that. */
  firstWhole: boolean
  /** Nothing from here on is returned: where a batch begins, or the end of the log. */
  endOffset: number
}

export interface Stretch {
  buffers: readonly Buffer[]
  size: number
  /** Retained for the reader, who releases them. */
  held: readonly Slab[]
}

const NOTHING: Stretch = { buffers: [], size: 0, held: [] }
/** The segment ends before the offset, as compaction may leave it. */
const PAST_END: Stretch = { buffers: [], size: 0, held: [] }

/** The batches from that which holds `offset` on, below the high watermark and within one segment. `offset` must be in the log. */
export function readLog(
  log: PartitionLog,
  offset: number,
  bounds: Bounds,
): Stretch | Promise<Stretch> {
  const { segments } = log
  for (let i = segmentIndexOf(segments, offset); i < segments.length; i++) {
    const segment = segments[i]!
    const end = visibleEnd(log, segment)
    if (offset >= log.highWatermark.offset) return NOTHING
    // Compaction may leave a segment empty.
    if (segment.size === 0) continue
    if (end <= 0) return NOTHING
    const cached = readTail(log, segment, offset, end, bounds)
    if (cached) {
      if (cached.size > 0 || cached === NOTHING) return cached
      continue
    }
    if (segment.hasIndexes) return readFile(log, segment, offset, bounds)
    return segment.openIndexes().then(() => {
      if (offset < log.logStartOffset) throw new StorageError(`${segment.path} is gone.`)
      return readLog(log, offset, bounds)
    })
  }
  return NOTHING
}

/** Where in a segment readers have to stop. */
export function visibleEnd(log: PartitionLog, segment: Segment): number {
  if (Number.isNaN(segment.place)) return segment.size
  return Math.min(segment.size, log.highWatermark.place - segment.place)
}

/** `undefined` when memory does not have it. */
function readTail(
  log: PartitionLog,
  segment: Segment,
  offset: number,
  end: number,
  { maxBytes, firstWhole, endOffset }: Bounds,
): Stretch | undefined {
  const { tail } = log
  const { place } = segment
  const tailStart = tail.start
  if (!(tailStart < place + end)) return undefined
  const { offsets } = segment
  let from = place + offsets.positionBefore(offset)
  if (from < tailStart) {
    from = Math.max(tailStart, place)
    if (tail.baseOffsetAt(from) > offset) return undefined
  }
  const start = tail.seek(offset, from, place + end)
  if (start === place + end) return PAST_END
  let stop = place + end
  if (endOffset < log.highWatermark.offset) {
    stop = tail.seek(endOffset, Math.max(start, place + offsets.positionBefore(endOffset)), stop)
    if (stop <= start) return NOTHING
  }
  if (stop - start > maxBytes) {
    const known = Math.max(start, place + offsets.batchBefore(start + maxBytes - place))
    stop = tail.lastEnd(known, start + maxBytes)
    if (stop <= start) {
      if (!firstWhole) return NOTHING
      stop = start + tail.sizeAt(start)
    }
  }
  const { buffers, held } = tail.slices(start, stop)
  return { buffers, size: stop - start, held }
}

function readFile(
  log: PartitionLog,
  segment: Segment,
  offset: number,
  bounds: Bounds,
): Stretch | Promise<Stretch> {
  const end = visibleEnd(log, segment)
  const read = new FileRead(segment, offset, end, bounds)
  if (read.length > SYNC_READ_BYTES || !isRecent(log, segment.place + read.position)) {
    return readFileLater(log, segment, read, bounds)
  }
  try {
    while (read.result === undefined) {
      const room = read.room(log)
      read.take(room.subarray(0, segment.file.readSync(room, read.position)))
    }
  } catch (error) {
    read.finish()
    throw error
  }
  return read.result === PAST_END ? readNext(log, segment, offset, bounds) : read.result
}

function isRecent({ writer }: PartitionLog, place: number): boolean {
  return (
    place >= writer.firstPlace &&
    writer.written.place - place < RECENT_BYTES &&
    writer.bytesSince < RECENT_BYTES_OF_ALL
  )
}

async function readFileLater(
  log: PartitionLog,
  segment: Segment,
  read: FileRead,
  bounds: Bounds,
): Promise<Stretch> {
  try {
    await segment.use(async (file) => {
      while (read.result === undefined) {
        const room = read.room(log)
        read.take(room.subarray(0, await file.read(room, read.position)))
      }
    })
  } catch (error) {
    read.finish()
    throw error
  }
  return read.result === PAST_END ? readNext(log, segment, read.offset, bounds) : read.result!
}

/** The segment ends before the offset: the next one has it, of those that there are by now. */
function readNext(
  log: PartitionLog,
  { baseOffset }: Segment,
  offset: number,
  bounds: Bounds,
): Stretch | Promise<Stretch> {
  const next = log.segments.find((segment) => segment.baseOffset > baseOffset)
  return next ? readLog(log, Math.max(offset, next.baseOffset), bounds) : NOTHING
}

/**
 * One read of a segment's file, told apart from how the bytes come in: asks for a range, takes what was there, until there is
 * a result. What stands in the file is not believed where it cannot be: each step moves on, asks for more, or throws.
 */
class FileRead {
  readonly offset: number
  position: number
  length: number
  result: Stretch | undefined
  private slab: Slab | undefined
  /** The batch to come begins at this offset or behind it. */
  private nextOffset: number
  private readonly segment: Segment
  private readonly end: number
  private readonly maxBytes: number
  private readonly firstWhole: boolean
  private readonly endOffset: number

  constructor(segment: Segment, offset: number, end: number, bounds: Bounds) {
    const { maxBytes, firstWhole, endOffset } = bounds
    this.segment = segment
    this.offset = offset
    this.end = end
    this.position = segment.positionBefore(offset)
    this.nextOffset = segment.baseOffset
    this.maxBytes = Math.max(0, Math.min(maxBytes, LARGEST_READ))
    this.firstWhole = firstWhole
    this.endOffset = endOffset
    this.length = this.ask()
  }

  /** Where the range that is asked for is to be read to. */
  room({ slabs }: PartitionLog): Buffer {
    this.slab?.release()
    this.slab = slabs.take(this.length)
    return this.slab.bytes.subarray(0, this.length)
  }

  take(bytes: Buffer): void {
    let at = 0
    while (at + HEADER_SIZE <= bytes.length && lastOffsetAt(bytes, at) < this.offset) {
      const size = this.sizeAt(bytes, at)
      this.nextOffset = lastOffsetAt(bytes, at) + 1
      at += size
    }
    const rest = bytes.length - at
    if (this.position + at >= this.end) {
      this.finish(PAST_END)
    } else if (rest < HEADER_SIZE) {
      this.again(at, this.ask(), bytes)
    } else {
      this.cut(bytes.subarray(at), at, bytes)
    }
  }

  /** Nothing of what was read is wanted. */
  finish(result?: Stretch): void {
    this.slab?.release()
    this.slab = undefined
    this.result = result
  }

  /** `found` begins with the batch that holds the offset. */
  private cut(found: Buffer, at: number, bytes: Buffer): void {
    const first = this.sizeAt(bytes, at)
    const isBeyond = readInt64(found, BASE_OFFSET) >= this.endOffset
    if (isBeyond || (first > this.maxBytes && !this.firstWhole)) {
      this.finish(NOTHING)
      return
    }
    if (first > found.length) {
      this.again(at, Math.max(first, this.maxBytes), bytes)
      return
    }
    const limit = Math.min(this.maxBytes, found.length)
    let size = first
    let nextOffset = lastOffsetAt(found, 0) + 1
    while (size + HEADER_SIZE <= limit && isBatchAt(found, size, nextOffset)) {
      if (readInt64(found, size + BASE_OFFSET) >= this.endOffset) break
      const end = size + claimedSizeAt(found, size)!
      if (end > limit) break
      nextOffset = lastOffsetAt(found, size) + 1
      size = end
    }
    this.segment.readUpTo(nextOffset, this.position + at + size)
    this.result = { buffers: [found.subarray(0, size)], size, held: [this.slab!] }
  }

  /** The size of the batch that has to stand at `at` in what came. */
  private sizeAt(bytes: Buffer, at: number): number {
    const position = this.position + at
    const size = claimedSizeAt(bytes, at)!
    if (!isBatchAt(bytes, at, this.nextOffset)) throw this.damageAt(position)
    // Where the next batch begins that the index knows, this one has ended.
    const isInside = at + size <= bytes.length || position + size <= this.batchAfter(position)
    if (position + size > this.end || !isInside) throw this.damageAt(position)
    return size
  }

  private batchAfter(position: number): number {
    return this.segment.offsets.batchAfter(position) ?? this.end
  }

  /** Asks for `length` bytes from `at` in what came; that must be more than came before. */
  private again(at: number, length: number, bytes: Buffer): void {
    const next = Math.min(length, this.end - this.position - at)
    if (bytes.length < this.length || (at === 0 && next <= this.length)) {
      throw this.damageAt(this.position + at)
    }
    this.position += at
    this.length = next
  }

  private ask(): number {
    return Math.min(this.end - this.position, this.maxBytes + BEFORE_BYTES)
  }

  private damageAt(position: number): StorageError {
    return new StorageError(
      `${this.segment.path} is damaged: no whole batch stands at ${position}, where one should.`,
    )
  }
}

/** Whether what stands there may be a batch, of this offset or a later one; its checksum is the reader's matter. */
function isBatchAt(bytes: Buffer, at: number, nextOffset: number): boolean {
  return (
    bytes.readInt32BE(at + BATCH_LENGTH) >= HEADER_SIZE - LENGTH_OVERHEAD &&
    bytes.readInt8(at + MAGIC_OFFSET) === MAGIC &&
    bytes.readInt32BE(at + LAST_OFFSET_DELTA) >= 0 &&
    readInt64(bytes, at + BASE_OFFSET) >= nextOffset
  )
}

function lastOffsetAt(bytes: Buffer, at: number): number {
  return readInt64(bytes, at + BASE_OFFSET) + bytes.readInt32BE(at + LAST_OFFSET_DELTA)
}
