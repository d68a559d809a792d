/**
 * Bounds what a power cut takes and what a start has to read: syncs dirty logs in the background, takes snapshots of
 * their producers, and keeps the recovery points and log starts of the data folder.
 */

import type { Clock, Timer } from '../../clock.ts'
import {
  CLEANED_TO,
  decodeOffsetCheckpoint,
  encodeOffsetCheckpoint,
  END_SIZES,
  LOG_STARTS,
  type OffsetCheckpoint,
  RECOVERY_POINTS,
} from './checkpoints.ts'
import { Coalesced } from './coalesced.ts'
import { type Disk, isFull } from './disk.ts'
import type { EngineShares } from './engine-shares.ts'
import { syncEpochs } from './log-names.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Occasion } from './producer-snapshots.ts'
import { Slots } from '../../slots.ts'

/** Logs of one round, those first that waited longest; where there are many more, so many that all have had their turn after a few rounds. */
const ROUND_LOGS = 256
const ROUNDS_FOR_ALL = 6
/** Logs of a round, or of a stop, that are checkpointed at the same time: no more than keeps the disk busy, as each has files open, and who waits for a sync of his own waits behind them. */
const CHECKPOINTED_AT_ONCE = 4
/** With more than this dirty the dirtiest log is synced at once. */
const SYNC_BEHIND_BYTES = 64 * 1024 * 1024
/** A log with less than this behind its checkpoint has its records alone synced: the rest of a checkpoint would cost more than they do. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024
/** Recovery points are written at the latest when so much was synced since. */
const SAVE_BEHIND_BYTES = 64 * 1024 * 1024

class OffsetFile {
  readonly offsets: OffsetCheckpoint
  /** Whether there was a file, and it could be read. */
  readonly wasThere: boolean
  private readonly writing: Coalesced

  constructor(disk: Disk, path: string) {
    const found = decodeOffsetCheckpoint(disk.readFile(path))
    this.wasThere = found !== undefined
    this.offsets = found ?? new Map()
    this.writing = new Coalesced(() => disk.replaceFile(path, encodeOffsetCheckpoint(this.offsets)))
  }

  /** Resolved: the file has the offsets as they are now, and survives a power cut. */
  save(): Promise<void> {
    return this.writing.run()
  }
}

export class Checkpointer {
  readonly recoveryPoints: OffsetFile
  readonly logStarts: OffsetFile
  /** Written when a round of compaction has ended. */
  readonly cleanedTo: OffsetFile
  /** Written by a clean stop. */
  readonly endSizes: OffsetFile
  private readonly shares: EngineShares
  private readonly timer: Timer
  /** Logs with records that are behind their recovery point, in the order in which they became so. */
  private readonly behind = new Set<PartitionLog>()
  /** Where in its count of bytes the last checkpoint of a log was begun, in this life. */
  private readonly places = new WeakMap<PartitionLog, number>()
  private round: Promise<void> | undefined
  private readonly slots = new Slots(CHECKPOINTED_AT_ONCE)
  private isSyncing = false
  private syncedBytes = 0

  /** `intervalMs`: how often logs with new records are synced and their recovery points written. */
  constructor(shares: EngineShares, clock: Clock, intervalMs: number) {
    this.shares = shares
    const { disk, directory } = shares
    this.recoveryPoints = new OffsetFile(disk, `${directory}/${RECOVERY_POINTS}`)
    this.logStarts = new OffsetFile(disk, `${directory}/${LOG_STARTS}`)
    this.cleanedTo = new OffsetFile(disk, `${directory}/${CLEANED_TO}`)
    this.endSizes = new OffsetFile(disk, `${directory}/${END_SIZES}`)
    this.timer = clock.every(intervalMs, () => {
      this.round ??= this.checkpointMany().finally(() => {
        this.round = undefined
      })
    })
  }

  /** A log has written or synced something. */
  progressed(log: PartitionLog): void {
    if (log.checkpointOffset !== log.logEndOffset) this.behind.add(log)
    if (this.shares.writes.pace.dirtyBytes > SYNC_BEHIND_BYTES && !this.isSyncing) {
      this.isSyncing = true
      void this.syncDirtiest()
    }
  }

  /** What is known to survive a power cut of a log: nothing of one that came after the last checkpoint; `undefined` where the checkpoint is lost. */
  recoveryPointOf(name: string): number | undefined {
    const { offsets, wasThere } = this.recoveryPoints
    return offsets.get(name) ?? (wasThere ? 0 : undefined)
  }

  /** Drops what is known of a log that is deleted. Resolved: a log of the same name will not inherit it. */
  async forget(log: PartitionLog | undefined, name: string): Promise<void> {
    if (log) this.behind.delete(log)
    this.endSizes.offsets.delete(name)
    const saves = [this.recoveryPoints, this.logStarts, this.cleanedTo]
      .filter(({ offsets }) => offsets.delete(name))
      .map((file) => file.save())
    await Promise.all(saves)
  }

  /** Syncs a log and writes its indexes and, where the occasion asks for it, its producers; true when that is done, or the log is gone. */
  checkpoint(log: PartitionLog, occasion: Occasion): Promise<boolean> {
    // One after the other, so that the last to end is the newest.
    log.checkpointing = log.checkpointing.then(() => this.checkpointNow(log, occasion))
    return log.checkpointing
  }

  /** Checkpoints all of these logs, to which nothing is appended any more; true when a start need read nothing of them. */
  async close(logs: readonly PartitionLog[]): Promise<boolean> {
    this.timer.cancel()
    await this.round
    await Promise.all(logs.map((log) => this.slots.run(() => this.closeLog(log))))
    const files = [this.recoveryPoints, this.logStarts, this.endSizes]
    await Promise.all(files.map((file) => file.save()))
    return logs.every((log) => !log.offline && !this.isBehind(log))
  }

  private async closeLog(log: PartitionLog): Promise<void> {
    await log.checkpointing
    const needsProducers = log.producers.size > 0 && log.snapshots.newest !== log.logEndOffset
    if (needsProducers || this.isBehind(log)) await this.checkpoint(log, 'lasting')
    if (log.hasFolder && !log.isEnded) await this.saveRest(log)
    if (log.hasFolder) this.endSizes.offsets.set(log.name, log.activeSize)
  }

  /** A start may have found less than the indexes knew, and nothing to checkpoint since. */
  private async saveRest(log: PartitionLog): Promise<void> {
    try {
      await this.saveEpochs(log)
      await log.aborted.sync()
      await log.syncIndexes()
    } catch (error) {
      log.checkpointOffset = -1
      this.shares.log.warn({ err: error, folder: log.folder }, 'A checkpoint of a log failed.')
    }
  }

  private async saveEpochs(log: PartitionLog): Promise<void> {
    log.saveEpochs()
    await syncEpochs(this.shares, log.folder, log.epochs)
  }

  private isBehind(log: PartitionLog): boolean {
    if (log.checkpointOffset !== log.logEndOffset) return true
    return log.hasFolder && this.recoveryPoints.offsets.get(log.name) !== log.logEndOffset
  }

  private async checkpointNow(log: PartitionLog, occasion: Occasion): Promise<boolean> {
    this.behind.delete(log)
    const end = log.writer.appended
    log.checkpointOffset = end.offset
    this.places.set(log, end.place)
    const snapshot = log.snapshots.take(end, occasion)
    try {
      await log.writer.settled(true)
      if (log.hasFolder && !log.isEnded) {
        await this.saveEpochs(log)
        await log.aborted.sync()
        if (snapshot) await log.snapshots.save(snapshot)
        await log.snapshots.secure(occasion, end.offset)
        await log.syncIndexes()
      }
      if (!log.isEnded) this.recoveryPoints.offsets.set(log.name, end.offset)
      return !log.offline
    } catch (error) {
      log.checkpointOffset = -1
      if (isFull(error)) this.shares.fullDisk.noticed(error)
      // The log itself has gone offline where that was the cause; all else can be made again from its batches.
      if (!log.isDeleted) {
        this.shares.log.warn({ err: error, folder: log.folder }, 'A checkpoint of a log failed.')
      }
      return false
    }
  }

  private async checkpointMany(): Promise<void> {
    const count = Math.max(ROUND_LOGS, Math.ceil(this.behind.size / ROUNDS_FOR_ALL))
    const logs = [...this.behind].slice(0, count)
    if (logs.length === 0) return
    await Promise.all(logs.map((log) => this.slots.run(() => this.checkpoint(log, 'regular'))))
    await this.saveRecoveryPoints()
  }

  private async syncDirtiest(): Promise<void> {
    while (this.shares.writes.pace.dirtyBytes > SYNC_BEHIND_BYTES) {
      let dirtiest: PartitionLog | undefined
      for (const log of this.behind) {
        if (log.writer.dirtyBytes > (dirtiest?.writer.dirtyBytes ?? 0)) dirtiest = log
      }
      if (!dirtiest) break
      await this.relieve(dirtiest)
      if (this.syncedBytes > SAVE_BEHIND_BYTES) await this.saveRecoveryPoints()
    }
    this.isSyncing = false
  }

  private async relieve(log: PartitionLog): Promise<void> {
    const { writer } = log
    if (writer.appended.place - (this.places.get(log) ?? 0) >= CHECKPOINT_BYTES) {
      this.syncedBytes += writer.dirtyBytes
      await this.checkpoint(log, 'passing')
      return
    }
    try {
      await writer.settled(true)
    } catch {
      // The log has gone offline by it, or has ended: it says so itself, and is dirty no more.
    }
  }

  private async saveRecoveryPoints(): Promise<void> {
    this.syncedBytes = 0
    try {
      await this.recoveryPoints.save()
    } catch (error) {
      this.shares.log.warn({ err: error }, 'The recovery points could not be written.')
    }
  }
}
