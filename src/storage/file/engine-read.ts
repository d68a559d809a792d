/** One call of the engine's `read`: log after log, with what is left of its limits and the memory that it lends. */

import { offsetAfter } from '../../protocol/records/batch-view.ts'
import type { Slab } from '../../slab-pool.ts'
import type { LogId, LogOffsets, LogRead, ReadLimits, ReadResult, Want } from '../engine.ts'
import type { LogCatalog } from './log-catalog.ts'
import { readLog, type Stretch } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'

export class EngineRead implements ReadResult {
  readonly reads: LogRead[] = []
  private readonly catalog: LogCatalog
  private readonly wants: readonly Want[]
  private maxBytes: number
  private firstWhole: boolean
  private held: Slab[] = []

  constructor(catalog: LogCatalog, wants: readonly Want[], { maxBytes, firstWhole }: ReadLimits) {
    this.catalog = catalog
    this.wants = wants
    this.maxBytes = maxBytes
    this.firstWhole = firstWhole
  }

  /** At once as far as memory has it. */
  run(): ReadResult | Promise<ReadResult> {
    while (this.reads.length < this.wants.length) {
      const read = this.readOne(this.wants[this.reads.length]!)
      if (read instanceof Promise) return this.runOn(read)
      this.take(read)
    }
    return this
  }

  release(): void {
    const { held } = this
    this.held = []
    for (const slab of held) slab.release()
  }

  private async runOn(first: Promise<LogRead>): Promise<ReadResult> {
    this.take(await first)
    return this.run()
  }

  private take(read: LogRead): void {
    this.maxBytes -= read.size
    if (read.size > 0) this.firstWhole = false
    this.reads.push(read)
  }

  private readOne(want: Want): LogRead | Promise<LogRead> {
    const log = this.catalog.get(want.log)
    if (!log) return { ...NO_LOG, log: want.log }
    const { offset } = want
    const read = emptyRead(want.log, log.offsets())
    const endOffset = want.committedOnly ? read.lastStableOffset : read.highWatermark
    if (log.offline) {
      read.error = 'KAFKA_STORAGE_ERROR'
    } else if (offset < read.logStartOffset || offset > read.highWatermark) {
      read.error = 'OFFSET_OUT_OF_RANGE'
    } else if (offset < endOffset && (this.maxBytes > 0 || this.firstWhole)) {
      return this.fill(read, log, want)
    }
    return read
  }

  private fill(read: LogRead, log: PartitionLog, want: Want): LogRead | Promise<LogRead> {
    const maxBytes = Math.min(want.maxBytes, this.maxBytes)
    const { generation } = log.aborted
    const fail = (error: unknown): LogRead | Promise<LogRead> => {
      // What was read is no longer part of the log.
      if (log.aborted.generation !== generation && !log.offline) return this.readOne(want)
      // While it was read, the log was deleted or its start moved up.
      if (log.isDeleted) return { ...NO_LOG, log: want.log }
      if (want.offset < log.logStartOffset) return { ...read, error: 'OFFSET_OUT_OF_RANGE' }
      this.catalog.couldNotRead(log, error)
      return { ...read, error: 'KAFKA_STORAGE_ERROR' }
    }
    const take = ({ buffers, size, held }: Stretch): LogRead => {
      read.buffers = buffers
      read.size = size
      for (let i = 0; i < held.length; i++) this.held.push(held[i]!)
      return read
    }
    const takeCommitted = (stretch: Stretch): LogRead | Promise<LogRead> => {
      // Records were taken out of the log, or replaced, while these were read: what is listed of aborted ones is not theirs.
      if (log.aborted.generation !== generation) {
        giveBack(stretch)
        return this.readOne(want)
      }
      try {
        read.abortedTransactions = abortedIn(log, want.offset, stretch.buffers)
      } catch (error) {
        giveBack(stretch)
        return fail(error)
      }
      return take(stretch)
    }
    try {
      const { firstWhole } = this
      const endOffset = want.committedOnly ? read.lastStableOffset : Infinity
      const stretch = readLog(log, want.offset, { maxBytes, firstWhole, endOffset })
      const fill = want.committedOnly ? takeCommitted : take
      return stretch instanceof Promise ? stretch.then(fill, fail) : fill(stretch)
    } catch (error) {
      return fail(error)
    }
  }
}

function giveBack({ held }: Stretch): void {
  for (const slab of held) slab.release()
}

function abortedIn(
  { aborted }: PartitionLog,
  from: number,
  buffers: readonly Buffer[],
): LogRead['abortedTransactions'] {
  if (buffers.length === 0 || from > aborted.lastOffset) return []
  const found = aborted.overlapping(from, offsetAfter(buffers))
  return found.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
}

/** A plain object of one shape: a copy of another's fields would be slow to make and to read. */
function emptyRead(log: LogId, offsets: LogOffsets): LogRead {
  return {
    log,
    logStartOffset: offsets.logStartOffset,
    highWatermark: offsets.highWatermark,
    lastStableOffset: offsets.lastStableOffset,
    logEndOffset: offsets.logEndOffset,
    leaderEpoch: offsets.leaderEpoch,
    buffers: [],
    size: 0,
    abortedTransactions: [],
  }
}

const NO_LOG = {
  error: 'UNKNOWN_TOPIC_OR_PARTITION',
  logStartOffset: -1,
  highWatermark: -1,
  lastStableOffset: -1,
  logEndOffset: -1,
  leaderEpoch: -1,
  buffers: [],
  size: 0,
  abortedTransactions: [],
} as const
