/**
 * Opens a log's folder. After a clean stop its end is known and no batch is read. After any other, what lies behind the
 * recovery point is checked batch by batch; the log ends where the first one is torn or wrong, and what follows is cut off.
 * Producers come from the newest snapshot that is not beyond the end, and from the batches behind it.
 */

import { type BatchView, hasRightChecksum, MAGIC } from '../../protocol/records/batch-view.ts'
import type { LogSpec } from '../engine.ts'
import { ProducerStates } from '../producer-state.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import { LEADER_EPOCHS } from './checkpoints.ts'
import type { EngineShares } from './engine-shares.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import {
  encodePartitionMetadata,
  fileName,
  PARTITION_METADATA,
  parseFileName,
} from './log-folder.ts'
import { segmentIndexOf } from './segment-search.ts'
import type { OpenedLog } from './opened-log.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import { Segment, type SegmentFiles } from './segment.ts'

export interface Remembered {
  /** The last stop was a clean one. */
  isClean: boolean
  /** From the checkpoints; `undefined` where they know nothing of the log. */
  recoveryPoint: number | undefined
  logStartOffset: number | undefined
}

/** A log that has no folder yet. */
export function newLog(spec: LogSpec, folder: string, shares: EngineShares): OpenedLog {
  return {
    spec,
    folder,
    segments: [new Segment(0, 0, { disk: shares.disk, files: shares.files, folder })],
    logStartOffset: 0,
    logEndOffset: 0,
    recoveryPoint: 0,
    snapshots: [],
    producers: new ProducerStates(),
    epochs: new LeaderEpochs(undefined),
    hasFolder: false,
  }
}

export async function openLog(
  spec: LogSpec,
  folder: string,
  remembered: Remembered,
  shares: EngineShares,
): Promise<OpenedLog> {
  return new Recovery(spec, folder, remembered, shares).run()
}

class Recovery {
  private readonly spec: LogSpec
  private readonly folder: string
  private readonly remembered: Remembered
  private readonly shares: EngineShares
  private readonly files: SegmentFiles
  private readonly epochs: LeaderEpochs
  private segments: Segment[] = []
  /** Offsets of snapshots, oldest first. */
  private snapshots: number[] = []
  private producers = new ProducerStates()
  private logEndOffset = 0

  constructor(spec: LogSpec, folder: string, remembered: Remembered, shares: EngineShares) {
    this.spec = spec
    this.folder = folder
    this.remembered = remembered
    this.shares = shares
    this.files = { disk: shares.disk, files: shares.files, folder }
    this.epochs = new LeaderEpochs(shares.disk.readFile(`${folder}/${LEADER_EPOCHS}`))
  }

  async run(): Promise<OpenedLog> {
    this.list()
    const { isClean, recoveryPoint } = this.remembered
    const [first] = this.segments
    const logStartOffset = Math.max(this.remembered.logStartOffset ?? 0, first!.baseOffset)
    // Segments before the log start: to be removed, or removed and, some of them, back after a power cut.
    const past = this.segments.splice(0, segmentIndexOf(this.segments, logStartOffset))
    const { baseOffset } = this.segments.at(-1)!
    if (isClean && recoveryPoint !== undefined && recoveryPoint >= baseOffset) {
      this.logEndOffset = recoveryPoint
    } else {
      await this.recover(logStartOffset)
    }
    await this.restoreProducers(past)
    await this.removePast(past)
    this.epochs.truncateEnd(this.logEndOffset)
    return {
      spec: this.spec,
      folder: this.folder,
      segments: this.segments,
      logStartOffset,
      logEndOffset: this.logEndOffset,
      recoveryPoint: Math.min(recoveryPoint ?? 0, this.logEndOffset),
      snapshots: this.snapshots,
      producers: this.producers,
      epochs: this.epochs,
      hasFolder: true,
    }
  }

  private list(): void {
    const { disk } = this.shares
    for (const { name } of disk.list(this.folder) ?? []) {
      const file = parseFileName(name)
      const path = `${this.folder}/${name}`
      if (file?.kind === 'log') {
        this.segments.push(new Segment(file.offset, disk.fileSize(path), this.files))
      } else if (file?.kind === 'snapshot') {
        this.snapshots.push(file.offset)
      } else if (/\.(deleted|cleaned|tmp)$/.test(name)) {
        disk.remove(path)
      }
    }
    this.segments.sort((a, b) => a.baseOffset - b.baseOffset)
    this.snapshots.sort((a, b) => a - b)
    if (this.segments.length === 0) this.restartAt(this.remembered.logStartOffset ?? 0)
    // A power cut may have taken the file's bytes, or the file.
    const metadata = encodePartitionMetadata(this.spec.topicId)
    const metadataPath = `${this.folder}/${PARTITION_METADATA}`
    if (!disk.readFile(metadataPath)?.equals(metadata)) disk.writeFile(metadataPath, metadata)
  }

  /** Finds the end of the log, and leaves nothing behind it. */
  private async recover(logStartOffset: number): Promise<void> {
    const { recoveryPoint } = this.remembered
    const checkFrom = Math.max(recoveryPoint ?? 0, this.segments[0]!.baseOffset)
    const first = segmentIndexOf(this.segments, checkFrom)
    for (let i = first; i < this.segments.length; i++) {
      const segment = this.segments[i]!
      // Where a segment does not follow the one before, that one has lost its end, and what comes behind was not synced either. Compaction leaves such gaps as well, but not behind a recovery point.
      const isApart =
        recoveryPoint === undefined
          ? segment.baseOffset < this.logEndOffset || segment.size === 0
          : segment.baseOffset !== this.logEndOffset
      if (i > first && isApart) {
        await this.removeSegments(i, this.segments.length)
      } else if (!(await this.checkSegment(segment, checkFrom))) {
        await this.removeSegments(i + 1, this.segments.length)
      }
    }
    if (this.logEndOffset < logStartOffset) {
      await this.removeSegments(0, this.segments.length)
      this.restartAt(logStartOffset)
    }
  }

  /** Checks the batches from that which holds `from` on, indexes them, and cuts off what is wrong. False when something was. */
  private async checkSegment(segment: Segment, from: number): Promise<boolean> {
    const { size } = segment
    // The indexes were synced before the recovery point was moved here; what they say of later batches may be of another life.
    const start = segment.loadIndexes(from) ? segment.offsets.positionBefore(from) : 0
    let next = await this.indexBatches(segment, start, size, from)
    // Nothing good where the index points to: the index is wrong.
    if (next === undefined && start > 0) next = await this.indexBatches(segment, 0, size, from)
    if (next === undefined) segment.restart(0, segment.baseOffset)
    this.logEndOffset = next ?? segment.baseOffset
    if (segment.size === size) return true
    this.shares.log.warn(
      { file: segment.path, cutBytes: size - segment.size, logEndOffset: this.logEndOffset },
      'The end of a log was torn, and is cut off.',
    )
    segment.file.truncate(segment.size)
    // What was cut off must not come back behind a recovery point that is already here.
    await segment.use((file) => file.sync())
    return false
  }

  /** Adds the batches from position `start` on to the segment, up to the first that is wrong; gives the offset behind them, `undefined` if there are none. */
  private async indexBatches(
    segment: Segment,
    start: number,
    size: number,
    recoveryPoint: number,
  ): Promise<number | undefined> {
    let next: number | undefined
    for await (const chunk of batchChunks(segment, start, size, true)) {
      for (const { batch, position } of batchesOf(chunk)) {
        if (!isStored(batch, next ?? segment.baseOffset, recoveryPoint)) return next
        if (position === start) segment.restart(start, batch.baseOffset)
        this.index(segment, batch)
        next = batch.nextOffset
      }
    }
    return next
  }

  private index(segment: Segment, batch: BatchView): void {
    const { sizeInBytes, lastOffset, maxTimestamp } = batch
    segment.added(sizeInBytes, lastOffset, maxTimestamp, this.spec.config.indexIntervalBytes)
    this.epochs.begin(batch.partitionLeaderEpoch, batch.baseOffset)
  }

  /** From the newest snapshot that is whole, and the batches behind it. Snapshots of what is lost must not come back. */
  private async restoreProducers(past: readonly Segment[]): Promise<void> {
    const { disk } = this.shares
    const lost = this.snapshots.filter((offset) => offset > this.logEndOffset)
    for (const offset of lost) disk.remove(this.snapshotPath(offset))
    if (lost.length > 0) await disk.syncDirectory(this.folder)
    this.snapshots = this.snapshots.filter((offset) => offset <= this.logEndOffset)
    let from = 0
    for (let last = this.snapshots.at(-1); last !== undefined; last = this.snapshots.at(-1)) {
      const bytes = disk.readFile(this.snapshotPath(last))
      const producers = bytes && decodeProducerSnapshot(bytes)
      if (producers) {
        this.producers = producers
        from = last
        break
      }
      this.snapshots.pop()
    }
    if (from >= this.logEndOffset) return
    for (const segment of past) await this.replayProducers(segment, 0, from)
    for (const segment of this.segments.slice(segmentIndexOf(this.segments, from))) {
      const start = segment.size === 0 ? 0 : segment.offsets.positionBefore(from)
      await this.replayProducers(segment, start, from)
    }
  }

  private async replayProducers(segment: Segment, start: number, from: number): Promise<void> {
    for await (const chunk of batchChunks(segment, start, segment.size, true)) {
      for (const { batch } of batchesOf(chunk)) {
        if (!isStored(batch, segment.baseOffset, this.remembered.recoveryPoint ?? 0)) return
        if (batch.baseOffset >= from) this.producers.appended(batch, batch.baseOffset)
      }
    }
  }

  /** Removes what lies before the log start, when what it tells of producers is safe elsewhere. */
  private async removePast(past: readonly Segment[]): Promise<void> {
    if (past.length === 0) return
    const { disk } = this.shares
    const offset = this.logEndOffset
    await disk.replaceFile(this.snapshotPath(offset), encodeProducerSnapshot(this.producers))
    if (this.snapshots.at(-1) !== offset) this.snapshots.push(offset)
    for (const segment of past) segment.removeFiles()
    await disk.syncDirectory(this.folder)
  }

  private restartAt(offset: number): void {
    this.segments = [new Segment(offset, 0, this.files)]
    this.logEndOffset = offset
  }

  /** Removes segments for good: one that came back after a power cut would lie across what is written from now on. */
  private async removeSegments(from: number, to: number): Promise<void> {
    const removed = this.segments.splice(from, to - from)
    for (const segment of removed) segment.removeFiles()
    if (removed.length > 0) await this.shares.disk.syncDirectory(this.folder)
  }

  private snapshotPath(offset: number): string {
    return `${this.folder}/${fileName(offset, 'snapshot')}`
  }
}

/** Whether a batch is one that was stored here, behind `next`. What lies before the recovery point has been synced and is believed. */
function isStored(batch: BatchView, next: number, recoveryPoint: number): boolean {
  if (batch.magic !== MAGIC || batch.baseOffset < next || batch.lastOffsetDelta < 0) return false
  return batch.lastOffset < recoveryPoint || hasRightChecksum(batch.bytes)
}
