/** Compaction of an engine's logs: one round of one log at a time, from what is dirty to a new checkpoint. */

import {
  type Compaction,
  type CompactionLimits,
  type Dirtiness,
  defaultCompactionLimits,
  StorageError,
} from '../../engine.ts'
import type { Checkpointer } from '../checkpointer.ts'
import type { EngineShares } from '../engine-shares.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { Removals } from '../removals.ts'
import { type Segment, segmentFiles } from '../segment.ts'
import { type CleanableRange, cleanableRange } from './cleanable-range.ts'
import type { CleanedSegment } from './cleaned-segment.ts'
import { type Cleaned, Cleaner } from './cleaner.ts'
import type { CompactedLog } from './compacted-log.ts'
import { OffsetMap } from './offset-map.ts'
import { swapIn } from './segment-swap.ts'
import { Turns } from './turns.ts'

/** The log ended, or its start moved up, or the engine is closed, while it was cleaned: what is left behind is seen to by the next start. */
class Needless extends Error {
  override readonly name = 'Needless'
}

export class LogCompaction {
  private readonly shares: EngineShares
  private readonly checkpointer: Checkpointer
  private readonly removals: Removals
  private readonly running = new Map<PartitionLog, Promise<Compaction | undefined>>()
  /** Segments that were replaced, and whose files may still be there for those who read them. */
  private readonly replaced = new WeakMap<PartitionLog, Segment[]>()
  private isClosed = false

  constructor(shares: EngineShares, checkpointer: Checkpointer, removals: Removals) {
    this.shares = shares
    this.checkpointer = checkpointer
    this.removals = removals
  }

  /** `undefined` for a log that is not compacted. */
  dirtinessOf(log: PartitionLog, now: number): Dirtiness | undefined {
    if (log.isEnded || !log.hasFolder || !log.config.cleanupPolicy.compact) return undefined
    const { cleanBytes, cleanableBytes, isOverdue } = this.rangeOf(log, now)
    const ratio = cleanableBytes === 0 ? 0 : cleanableBytes / (cleanBytes + cleanableBytes)
    const isDue = cleanableBytes > 0 && (isOverdue || ratio > log.config.minCleanableDirtyRatio)
    return { cleanBytes, cleanableBytes, ratio, isDue }
  }

  /** Resolves with what was done; `undefined` where there was nothing to do, or the log ended meanwhile. */
  compact(
    log: PartitionLog,
    now: number,
    limits: Partial<CompactionLimits> = {},
  ): Promise<Compaction | undefined> {
    const running = this.running.get(log)
    if (running) return running
    const round = this.round(log, now, { ...defaultCompactionLimits, ...limits })
      .catch((error: unknown) => {
        if (error instanceof Needless || this.needlessness(log)) return undefined
        throw error
      })
      .finally(() => this.running.delete(log))
    this.running.set(log, round)
    log.compacting = round.then(nothing, nothing)
    return round
  }

  /** Resolved: nothing is being compacted any more. */
  async close(): Promise<void> {
    this.isClosed = true
    await Promise.allSettled(this.running.values())
  }

  private rangeOf(log: PartitionLog, now: number): CleanableRange {
    return cleanableRange(log, this.checkpointer.cleanedTo.offsets.get(log.name), now)
  }

  private async round(
    log: PartitionLog,
    now: number,
    limits: CompactionLimits,
  ): Promise<Compaction | undefined> {
    if (!this.dirtinessOf(log, now)?.cleanableBytes) return undefined
    const { clock } = this.shares.writes
    const turns = new Turns(clock, limits.bytesPerSecond, () => this.needlessness(log))
    turns.assertNeeded()
    await this.secure(log)
    turns.assertNeeded()
    // Which segments there are, and which of them may be cleaned, may be another matter by now.
    const range = this.rangeOf(log, now)
    if (range.cleanableBytes === 0) return undefined
    const map = new OffsetMap(limits.dedupeBytes, limits.loadFactor, this.shares.random.bytes(16))
    const cleaner = new Cleaner({
      log: this.viewOf(log, range, now),
      map,
      turns,
      takeOver: (cleaned, group) => this.takeOver(log, cleaned, group),
    })
    const cleaned = await cleaner.run().catch((cause: unknown) => {
      const isCut = range.segments.some(
        ({ baseOffset }) => baseOffset < log.segments[0]!.baseOffset,
      )
      throw isCut ? new Needless(`${log.folder} begins later by now.`, { cause }) : cause
    })
    return this.done(log, range.firstDirtyOffset, cleaned, map.bytes)
  }

  private needlessness(log: PartitionLog): Error | undefined {
    return this.isClosed || log.isEnded ? new Needless(`${log.folder} is closed.`) : undefined
  }

  /**
   * Nothing that is cleaned lies behind the recovery point: there a gap would be taken for a loss. And what the batches that go
   * tell of producers is kept elsewhere.
   */
  private async secure(log: PartitionLog): Promise<void> {
    const isDone = await this.checkpointer.checkpoint(log, 'lasting')
    if (!isDone || log.isEnded) {
      if (log.isEnded) throw new Needless(`${log.folder} is closed.`)
      throw new StorageError(`${log.folder} could not be synced, and is not compacted.`)
    }
    await this.checkpointer.recoveryPoints.save()
  }

  private viewOf(log: PartitionLog, range: CleanableRange, now: number): CompactedLog {
    return {
      files: segmentFiles(this.shares, log.folder),
      config: log.config,
      segments: range.segments,
      firstDirtyOffset: range.firstDirtyOffset,
      endOffset: range.endOffset,
      now,
      lastOf: (producerId) => log.producers.lastOf(producerId),
      abortedTransactions: (from, to) => log.aborted.overlapping(from, to),
    }
  }

  private async takeOver(
    log: PartitionLog,
    cleaned: CleanedSegment,
    group: readonly Segment[],
  ): Promise<void> {
    const before = this.replaced.get(log) ?? []
    // Their names go to others now: whoever still reads one would read what is not its.
    for (const old of before) {
      if (group.some(({ baseOffset }) => baseOffset === old.baseOffset)) old.retire()
    }
    try {
      const replaced = await swapIn(log, cleaned, group, this.shares.disk)
      this.replaced.set(log, [...before.filter(({ isGone }) => !isGone), ...replaced])
      const paths = replaced.flatMap((segment) => segment.paths)
      this.removals.files(paths, log.config.fileDeleteDelayMs)
    } catch (error) {
      // What the names are now is found out by opening the log anew, which goes through with it.
      log.onFailure(error, 'write')
      throw error
    }
  }

  private async done(
    log: PartitionLog,
    cleanedFrom: number,
    { cleanedTo, counts }: Cleaned,
    mapBytes: number,
  ): Promise<Compaction> {
    const { bytesRead, bytesKept, recordsRead, recordsKept, invalidRecords } = counts
    this.checkpointer.cleanedTo.offsets.set(log.name, cleanedTo)
    await this.checkpointer.cleanedTo.save()
    const compaction = {
      cleanedFrom,
      cleanedTo,
      bytesBefore: bytesRead,
      bytesAfter: bytesKept,
      recordsBefore: recordsRead,
      recordsAfter: recordsKept,
      mapBytes,
    }
    this.shares.log.info({ folder: log.folder, ...compaction }, 'A log was compacted.')
    if (invalidRecords > 0) {
      this.shares.log.warn(
        { folder: log.folder, invalidRecords },
        'Records without a key were dropped from a compacted log.',
      )
    }
    return compaction
  }
}

function nothing(): void {}
