/**
 * The way of a log's bytes to its files: what was appended in one turn goes out in one write, and one sync answers many appends.
 *
 *   appended -> written -> synced      three marks; each moves on, never back
 *
 * One write is in flight at a time, and one sync. A failure is final: the writer takes nothing more.
 */

import type { Clock, Timer } from '../../clock.ts'
import type { Slab } from '../../slab-pool.ts'
import type { LogConfig } from '../engine.ts'
import type { Segment } from './segment.ts'
import type { WritePace } from './write-pace.ts'
import type { Slots } from '../../slots.ts'

/** A point in a log: the next offset there, and its count of bytes in this life. */
export interface Mark {
  readonly offset: number
  readonly place: number
}

/** A stretch of memory that goes to a segment, in one piece. */
interface Piece {
  segment: Segment
  bytes: Buffer
  from: number
  to: number
  /** Retained until the piece is written; undefined for memory that is not used again. */
  slab: Slab | undefined
  /** Where it goes in the segment's file. */
  position: number
  /** The log's end behind it; undefined where that lies within a batch. */
  end: Mark | undefined
}

/** What goes to one place of one file in one write. */
interface Run {
  segment: Segment
  position: number
  buffers: Buffer[]
}

/** The first pieces of those pending: their bytes, and where the log ends behind them. */
interface PiecesToWrite {
  count: number
  bytes: number
  first: number
  end: Mark
}

interface Waiter {
  offset: number
  isSync: boolean
  resolve(): void
  reject(cause: unknown): void
}

/** What the writers of an engine share. */
export interface WriteShares {
  readonly clock: Clock
  readonly syncSlots: Slots
  readonly pace: WritePace
  /** Has the writer's `write` called when this turn's appends are in. */
  schedule(writer: LogWriter): void
}

/** From here on `flush.ms` is no time that anybody waits for: a year. */
const FLUSH_NEVER_MS = 365 * 24 * 3600 * 1000

export interface WriterOwner {
  readonly config: LogConfig
  /** What is written or synced has moved on. */
  onProgress(): void
  /** Has to stop the writer. */
  onFailure(cause: unknown, during: 'write' | 'sync'): void
  /** Makes the names of the log's files survive a power cut. */
  syncNames(): Promise<void>
}

export class LogWriter {
  appended: Mark
  written: Mark
  synced: Mark
  /** Written and not synced. */
  dirtyBytes = 0
  /** A file was made whose name is not synced. */
  hasNewNames = false
  isScheduled = false
  /** Where this life began. */
  readonly firstPlace: number
  private lastWrite = 0
  private readonly owner: WriterOwner
  private readonly shares: WriteShares
  private pending: Piece[] = []
  private pendingBytes = 0
  private isWriting = false
  private writing: Promise<void> = Promise.resolve()
  private isSyncing = false
  private syncing: Promise<void> = Promise.resolve()
  private syncWanted = -1
  private readonly dirtySegments = new Set<Segment>()
  private waiters: Waiter[] = []
  private failure: { cause: unknown } | undefined
  private flushTimer: Timer | undefined

  /** `syncedOffset`: what is known to survive a power cut. */
  constructor(owner: WriterOwner, shares: WriteShares, end: Mark, syncedOffset: number) {
    this.owner = owner
    this.shares = shares
    this.appended = end
    this.written = end
    this.firstPlace = end.place
    this.synced = syncedOffset < end.offset ? { offset: syncedOffset, place: 0 } : end
  }

  /** What is acknowledged under the log's flush policy: with `flush.messages=N`, fewer than N records that are not synced. */
  get acknowledged(): Mark {
    const unsynced = this.written.offset - this.synced.offset
    return unsynced >= this.owner.config.flushMessages ? this.synced : this.written
  }

  /** Bytes that all logs have written since this one did. */
  get bytesSince(): number {
    return this.shares.pace.writtenBytes - this.lastWrite
  }

  /** Goes by the owner's config as it now is. */
  policyChanged(): void {
    this.flushTimer?.cancel()
    this.flushTimer = undefined
    if (this.failure) return
    this.wantByPolicy()
    this.owner.onProgress()
    if (this.syncWanted > this.synced.offset) this.sync()
  }

  /** Queues bytes for the end of a segment. */
  add(
    segment: Segment,
    bytes: Buffer,
    from: number,
    to: number,
    position: number,
    slab: Slab | undefined,
  ): void {
    const last = this.pending.at(-1)
    if (last?.bytes === bytes && last.to === from && last.segment === segment) {
      last.to = to
      last.end = undefined
    } else {
      slab?.retain()
      this.pending.push({ segment, bytes, from, to, position, slab, end: undefined })
    }
    this.pendingBytes += to - from
  }

  /** The log's end has moved to here: all before it was added. */
  moveEnd(offset: number, place: number): void {
    this.appended = { offset, place }
    const last = this.pending.at(-1)
    if (last) last.end = this.appended
    if (!this.isWriting) this.schedule()
  }

  /** A segment with bytes of an earlier life that may not be synced. */
  markDirty(segment: Segment): void {
    this.dirtySegments.add(segment)
  }

  /** Writes what is pending: at once, as much as the pace allows in this turn, or by a thread of the pool. */
  write(): void {
    this.isScheduled = false
    if (this.failure || this.isWriting || this.pending.length === 0) return
    const { pace } = this.shares
    const { most, left } = pace
    const batch = this.piecesWithin(Math.min(most, left))
    if (batch.count > 0) this.writeNow(batch)
    else if (batch.first > most) this.writing = this.writeLater()
    if (this.pending.length > 0 && !this.isWriting) this.schedule()
  }

  /** Resolved: what is appended now is written, and synced if so asked. */
  settled(isSync: boolean): Promise<void> {
    const { offset } = this.appended
    if (this.failure) return Promise.reject(this.failure.cause)
    const mark = isSync ? this.synced : this.written
    if (mark.offset >= offset) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.waiters.push({ offset, isSync, resolve, reject })
      if (!isSync) return
      this.syncWanted = Math.max(this.syncWanted, offset)
      this.sync()
    })
  }

  /** Has what is written synced soon; failures go the owner's way. */
  requestSync(): void {
    this.syncWanted = Math.max(this.syncWanted, this.written.offset)
    this.sync()
  }

  /** Resolved: no write and no sync is under way in a writer that was stopped. */
  async idle(): Promise<void> {
    await Promise.all([this.writing, this.syncing])
  }

  /** Takes nothing more, and answers nobody who waits but with `cause`. */
  stop(cause: unknown): void {
    if (this.failure) return
    this.failure = { cause }
    this.flushTimer?.cancel()
    this.pending = []
    this.pendingBytes = 0
    this.shares.pace.dirtyBytes -= this.dirtyBytes
    this.dirtyBytes = 0
    const { waiters } = this
    this.waiters = []
    for (const waiter of waiters) waiter.reject(cause)
  }

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    this.shares.schedule(this)
  }

  /** How many pieces, whole batches only, come to at most `most` bytes; `first`: the bytes of the fewest that could be written. */
  private piecesWithin(most: number): PiecesToWrite {
    const found: PiecesToWrite = { count: 0, bytes: 0, first: 0, end: this.written }
    let bytes = 0
    for (const [i, { from, to, end }] of this.pending.entries()) {
      bytes += to - from
      if (bytes > most && found.first > 0) break
      if (!end) continue
      found.first ||= bytes
      if (bytes <= most) Object.assign(found, { count: i + 1, bytes, end })
    }
    return found
  }

  private take(count: number, bytes: number): Piece[] {
    const pieces = this.pending
    this.pending = pieces.splice(count)
    this.pendingBytes -= bytes
    return pieces
  }

  private writeNow({ count, bytes, end }: PiecesToWrite): void {
    const pieces = this.take(count, bytes)
    try {
      this.shares.pace.write(bytes, () => {
        for (const { segment, buffers, position } of runsOf(pieces)) {
          this.dirtySegments.add(segment)
          segment.file.writeSync(buffers, position)
          if (position === 0) this.hasNewNames = true
        }
      })
    } catch (cause) {
      this.fail(cause, 'write')
      return
    }
    giveBack(pieces)
    this.wrote(end, bytes)
  }

  private async writeLater(): Promise<void> {
    this.isWriting = true
    try {
      while (this.pending.length > 0 && !this.failure) {
        const end = this.appended
        const bytes = this.pendingBytes
        const pieces = this.take(this.pending.length, bytes)
        for (const { segment, buffers, position } of runsOf(pieces)) {
          // Whoever has stopped the writer may have given the folder to another log.
          if (this.failure) return
          await segment.use((file) => file.write(buffers, position))
          this.dirtySegments.add(segment)
          if (position === 0) this.hasNewNames = true
        }
        giveBack(pieces)
        if (!this.failure) this.wrote(end, bytes)
      }
    } catch (cause) {
      this.fail(cause, 'write')
    } finally {
      this.isWriting = false
    }
  }

  private wrote(end: Mark, bytes: number): void {
    this.written = end
    this.dirtyBytes += bytes
    const { pace } = this.shares
    pace.dirtyBytes += bytes
    pace.writtenBytes += bytes
    this.lastWrite = pace.writtenBytes
    this.wantByPolicy()
    this.answer()
    this.owner.onProgress()
    if (this.syncWanted > this.synced.offset) this.sync()
  }

  /** Asks for a sync, now or later, where the flush policy does. */
  private wantByPolicy(): void {
    const { flushMessages, flushMs } = this.owner.config
    const unsynced = this.written.offset - this.synced.offset
    if (unsynced === 0) return
    if (unsynced >= flushMessages) {
      this.syncWanted = Math.max(this.syncWanted, this.written.offset)
    } else if (flushMs < FLUSH_NEVER_MS && !this.flushTimer) {
      this.flushTimer = this.shares.clock.after(flushMs, () => {
        this.flushTimer = undefined
        this.requestSync()
      })
    }
  }

  private sync(): void {
    if (!this.isSyncing) this.syncing = this.syncWhatIsWanted()
  }

  private async syncWhatIsWanted(): Promise<void> {
    this.isSyncing = true
    try {
      while (!this.failure && this.syncWanted >= 0) {
        // What is wanted may not be written yet: `wrote` comes back here.
        if (this.written.offset < this.syncWanted) break
        this.syncWanted = -1
        const target = this.written
        const bytes = this.dirtyBytes
        await this.syncFiles()
        if (this.failure) break
        this.synced = target
        this.dirtyBytes -= bytes
        this.shares.pace.dirtyBytes -= bytes
        this.answer()
        this.owner.onProgress()
      }
    } catch (cause) {
      this.fail(cause, 'sync')
    } finally {
      this.isSyncing = false
    }
  }

  private async syncFiles(): Promise<void> {
    const segments = [...this.dirtySegments]
    this.dirtySegments.clear()
    const hasNewNames = this.hasNewNames
    this.hasNewNames = false
    await this.shares.syncSlots.run(async () => {
      for (const segment of segments) {
        if (!segment.isGone) await segment.use((file) => file.sync())
      }
      if (hasNewNames && !this.failure) await this.owner.syncNames()
    })
  }

  private answer(): void {
    if (this.waiters.length === 0) return
    const waiting: Waiter[] = []
    for (const waiter of this.waiters) {
      const mark = waiter.isSync ? this.synced : this.written
      if (mark.offset >= waiter.offset) waiter.resolve()
      else waiting.push(waiter)
    }
    this.waiters = waiting
  }

  private fail(cause: unknown, during: 'write' | 'sync'): void {
    this.owner.onFailure(cause, during)
  }
}

/** Their bytes are written. After a failed write nobody knows who still reads them, so that they are left to the garbage collector. */
function giveBack(pieces: readonly Piece[]): void {
  for (const { slab } of pieces) slab?.release()
}

/** Joins pieces that follow one another in the same file. */
function runsOf(pieces: readonly Piece[]): Run[] {
  const runs: Run[] = []
  let run: Run | undefined
  for (const { segment, bytes, from, to, position } of pieces) {
    if (run?.segment !== segment) {
      run = { segment, position, buffers: [] }
      runs.push(run)
    }
    run.buffers.push(bytes.subarray(from, to))
  }
  return runs
}
