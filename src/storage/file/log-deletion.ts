/**
 * Takes records away from the start of a log, in an order in which no crash brings them back:
 *
 *   what only they tell is written elsewhere -> the new start is on stable storage -> readers see it -> the files go
 */

import { expiryOf } from '../retention.ts'
import { StorageError } from '../engine.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { LogCompaction } from './compaction/log-compaction.ts'
import { isFull } from './disk.ts'
import type { EngineShares } from './engine-shares.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Removals } from './removals.ts'
import type { Segment } from './segment.ts'
import { segmentIndexOf } from './segment-search.ts'

export class LogDeletion {
  private readonly shares: EngineShares
  private readonly checkpointer: Checkpointer
  private readonly removals: Removals
  private readonly compaction: LogCompaction
  /** Segments of which it was said that they are stamped in the future. */
  private readonly told = new WeakSet<Segment>()

  constructor(
    shares: EngineShares,
    checkpointer: Checkpointer,
    removals: Removals,
    compaction: LogCompaction,
  ) {
    this.shares = shares
    this.checkpointer = checkpointer
    this.removals = removals
    this.compaction = compaction
  }

  /** Resolves with the log's start, when it will survive a crash. */
  async truncateBefore(log: PartitionLog, offset: number): Promise<number> {
    const start = Math.min(offset, log.highWatermark.offset)
    if (start <= log.logStartOffset) return log.logStartOffset
    assertOpen(log)
    const count = segmentIndexOf(log.segments, start)
    // What the batches that go tell of producers must be kept elsewhere before.
    if (count > 0) await this.secure(log)
    const isSaved = await this.saveStart(log, start)
    const past = log.moveStart(start)
    const deleted = isSaved
      ? past.flatMap((segment) => segment.setDeleted())
      : await this.setDeletedInOrder(log, past)
    log.notify()
    this.removals.files(deleted, log.config.fileDeleteDelayMs)
    return log.logStartOffset
  }

  /** Where the names of the files are all that tells the start, each new one has to last before the next: a gap would end the log. */
  private async setDeletedInOrder(log: PartitionLog, past: readonly Segment[]): Promise<string[]> {
    const deleted: string[] = []
    for (const segment of past) {
      // Others may have these names by now.
      if (log.isEnded) segment.retire()
      else deleted.push(...segment.setDeleted())
      if (!log.isEnded) await this.shares.disk.syncDirectory(log.folder)
    }
    return deleted
  }

  /** Drops what is past the log's retention. Resolved: it will not come back after a crash. */
  async applyRetention(log: PartitionLog, now: number): Promise<void> {
    if (log.isEnded) return
    const { segments, highWatermark, config, logStartOffset, folder } = log
    const endOffsetOf = (i: number): number => segments[i + 1]?.baseOffset ?? log.logEndOffset
    const retained = { segments, endOffsetOf, highWatermark: highWatermark.offset, config }
    const { bySize, byTime, future } = expiryOf(retained, now)
    if (future) this.tellFuture(log, future)
    const count = bySize + byTime
    if (count === 0) return
    const to = endOffsetOf(count - 1)
    const bytes = segments.slice(0, count).reduce((sum, { size }) => sum + size, 0)
    // The log always has a segment, whose name tells where it goes on.
    if (to === log.logEndOffset) await log.beginEmptySegment()
    await this.truncateBefore(log, to)
    const context = { folder, bySize, byTime, bytes, from: logStartOffset, to }
    this.shares.log.info(context, 'Retention has deleted segments.')
  }

  private async secure(log: PartitionLog): Promise<void> {
    const isDone = await this.checkpointer.checkpoint(log, 'lasting')
    assertOpen(log)
    // On a full disk it matters more that there is room again than what is remembered of producers after a crash.
    if (!isDone && !this.shares.fullDisk.isFull) {
      throw new StorageError(`${log.folder} could not be truncated.`)
    }
  }

  /** False when the disk has no room for the checkpoint, and the names of the segments tell the start as well. */
  private async saveStart(log: PartitionLog, start: number): Promise<boolean> {
    const { logStarts } = this.checkpointer
    const before = logStarts.offsets.get(log.name)
    logStarts.offsets.set(log.name, Math.max(start, before ?? 0))
    let failure: unknown
    try {
      await logStarts.save()
    } catch (error) {
      failure = error
    }
    assertOpen(log)
    if (failure === undefined) return true
    const isOfSegment = log.segments.some(({ baseOffset }) => baseOffset === start)
    if (isFull(failure)) this.shares.fullDisk.noticed(failure)
    if (isFull(failure) && isOfSegment && !this.compaction.isSwapping(log)) return false
    logStarts.offsets.set(log.name, log.logStartOffset)
    throw failure
  }

  private tellFuture({ folder }: PartitionLog, segment: Segment): void {
    if (this.told.has(segment)) return
    this.told.add(segment)
    this.shares.log.warn(
      { folder, file: segment.path, newestTimestamp: segment.newestTimestamp() },
      'A segment has records that are stamped in the future: neither it nor what follows it is deleted by time before then.',
    )
  }
}

function assertOpen({ isEnded, offline, folder }: PartitionLog): void {
  if (isEnded) throw offline ?? new StorageError(`${folder} is closed.`)
}
