/** Reads of a log: whole stored batches from an offset on, out of the tail cache or from a segment's file. */

import {
  BASE_OFFSET,
  BATCH_LENGTH,
  HEADER_SIZE,
  LAST_OFFSET_DELTA,
  LENGTH_OVERHEAD,
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
const RECENT_BYTES = 64 * 1024 * 1024
/** What is read more than wanted, for what lies between an index entry and the offset. */
const BEFORE_BYTES = 8 * 1024

export interface Bounds {
  maxBytes: number
  /** The first batch is returned even when it is larger than that. */
  firstWhole: boolean
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
    if (end <= 0 || offset >= log.highWatermark.offset) return NOTHING
    const cached = readTail(log, segment, offset, end, bounds)
    if (cached) {
      if (cached.size > 0 || cached === NOTHING) return cached
      continue
    }
    return readFile(log, i, offset, bounds)
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
  { maxBytes, firstWhole }: Bounds,
): Stretch | undefined {
  const { tail } = log
  const { place, offsets } = segment
  const tailStart = tail.start
  if (!(tailStart < place + end)) return undefined
  let from = place + offsets.positionBefore(offset)
  if (from < tailStart) {
    from = Math.max(tailStart, place)
    if (tail.baseOffsetAt(from) > offset) return undefined
  }
  const start = tail.seek(offset, from, place + end)
  if (start === place + end) return PAST_END
  let stop = place + end
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
  index: number,
  offset: number,
  bounds: Bounds,
): Stretch | Promise<Stretch> {
  const segment = log.segments[index]!
  const end = visibleEnd(log, segment)
  const read = new FileRead(offset, end, segment.offsets.positionBefore(offset), bounds)
  const isRecent = end - read.position < RECENT_BYTES && log.writer.written.place > segment.place
  if (!isRecent || read.length > SYNC_READ_BYTES) return readFileLater(log, index, read, bounds)
  while (read.result === undefined) {
    const room = read.room(log)
    read.take(room.subarray(0, segment.file.readSync(room, read.position)))
  }
  return read.result === PAST_END ? readNext(log, index, offset, bounds) : read.result
}

async function readFileLater(
  log: PartitionLog,
  index: number,
  read: FileRead,
  bounds: Bounds,
): Promise<Stretch> {
  const segment = log.segments[index]!
  await segment.use(async (file) => {
    while (read.result === undefined) {
      const room = read.room(log)
      read.take(room.subarray(0, await file.read(room, read.position)))
    }
  })
  return read.result === PAST_END ? readNext(log, index, read.offset, bounds) : read.result!
}

/** The segment ends before the offset: the next one has it. */
function readNext(
  log: PartitionLog,
  index: number,
  offset: number,
  bounds: Bounds,
): Stretch | Promise<Stretch> {
  const next = log.segments[index + 1]
  return next ? readLog(log, Math.max(offset, next.baseOffset), bounds) : NOTHING
}

/** One read of a segment's file, told apart from how the bytes come in: asks for a range, takes what was there, until there is a result. */
class FileRead {
  readonly offset: number
  position: number
  length: number
  result: Stretch | undefined
  private slab: Slab | undefined
  private readonly end: number
  private readonly maxBytes: number
  private readonly firstWhole: boolean

  constructor(offset: number, end: number, position: number, { maxBytes, firstWhole }: Bounds) {
    this.offset = offset
    this.end = end
    this.position = position
    this.maxBytes = Math.max(0, Math.min(maxBytes, LARGEST_READ))
    this.firstWhole = firstWhole
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
      at += sizeAt(bytes, at)
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

  /** `found` begins with the batch that holds the offset. */
  private cut(found: Buffer, at: number, bytes: Buffer): void {
    const first = sizeAt(found, 0)
    if (first > this.maxBytes && !this.firstWhole) {
      this.finish(NOTHING)
      return
    }
    if (first > found.length) {
      this.again(at, Math.max(first, this.maxBytes), bytes)
      return
    }
    let size = first
    const limit = Math.min(this.maxBytes, found.length)
    while (size + HEADER_SIZE <= limit && size + sizeAt(found, size) <= limit) {
      size += sizeAt(found, size)
    }
    this.result = { buffers: [found.subarray(0, size)], size, held: [this.slab!] }
  }

  /** Nothing of what was read is wanted. */
  private finish(result: Stretch): void {
    this.slab?.release()
    this.slab = undefined
    this.result = result
  }

  /** Asks for `length` bytes from `at` in what came; that must be more than came before. */
  private again(at: number, length: number, bytes: Buffer): void {
    const next = Math.min(length, this.end - this.position - at)
    if (bytes.length < this.length || (at === 0 && next <= this.length)) {
      throw new StorageError(`No whole batch stands where one should, at ${this.position + at}.`)
    }
    this.position += at
    this.length = next
  }

  private ask(): number {
    return Math.min(this.end - this.position, this.maxBytes + BEFORE_BYTES)
  }
}

function sizeAt(bytes: Buffer, at: number): number {
  const size = bytes.readInt32BE(at + BATCH_LENGTH) + LENGTH_OVERHEAD
  if (size < HEADER_SIZE) throw new StorageError(`A stored batch claims ${size} bytes.`)
  return size
}

function lastOffsetAt(bytes: Buffer, at: number): number {
  return readInt64(bytes, at + BASE_OFFSET) + bytes.readInt32BE(at + LAST_OFFSET_DELTA)
}
