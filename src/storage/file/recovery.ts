/**
 * Opens a log's folder. After a clean stop its end is known and no batch is read. After any other, what lies behind the
 * recovery point is checked batch by batch; the log ends where the first one is torn or wrong, and what follows is cut off.
 * Good batches among that are kept aside. Of earlier segments the ends are looked at, and whatever is missing is said.
 * Producers come from the newest snapshot that is not beyond the end, and from the batches behind it; by those the aborted
 * transactions are listed anew.
 */

import type { BatchView } from '../../protocol/records/batch-view.ts'
import type { LogSpec } from '../engine.ts'
import { ProducerStates } from '../producer-state.ts'
import { AbortedIndex } from './aborted-index.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import { rereadEpochs } from './epoch-recovery.ts'
import { finishSwaps } from './compaction/segment-swap.ts'
import { LEADER_EPOCHS } from './checkpoints.ts'
import type { EngineShares } from './engine-shares.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import {
  decodePartitionMetadata,
  encodePartitionMetadata,
  fileName,
  isLeftover,
  type LogFileKind,
  PARTITION_METADATA,
  parseFileName,
} from './log-folder.ts'
import { refuseOldFormat } from './old-format.ts'
import { segmentIndexOf } from './segment-search.ts'
import type { OpenedLog } from './opened-log.ts'
import { restoreProducers } from './producer-recovery.ts'
import { encodeProducerSnapshot } from './producer-snapshot.ts'
import { copyAside, moveAside, remainsOf } from './remains.ts'
import { Segment, type SegmentFiles, segmentFiles } from './segment.ts'
import { endOffsetOf } from './segment-end.ts'
import { isStored } from './stored-batch.ts'

export interface Remembered {
  /** The last stop was a clean one. */
  isClean: boolean
  /** From the checkpoints; `undefined` where they know nothing of the log. */
  recoveryPoint: number | undefined
  logStartOffset: number | undefined
  /** The log was compacted: its segments may lack records that were replaced, also at their ends. */
  isCleaned: boolean
  /** Bytes of the last segment when it was last closed. */
  endSize: number | undefined
}

/** A log that has no folder yet. */
export function newLog(spec: LogSpec, folder: string, shares: EngineShares): OpenedLog {
  const files = segmentFiles(shares, folder)
  return {
    spec,
    folder,
    segments: [new Segment(0, 0, files)],
    logStartOffset: 0,
    logEndOffset: 0,
    recoveryPoint: 0,
    snapshots: [],
    producers: new ProducerStates(),
    aborted: new AbortedIndex(files),
    epochs: new LeaderEpochs(undefined),
    hasFolder: false,
    isClean: true,
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
  private readonly aborted: AbortedIndex
  /** Sizes of the files that list aborted transactions, by the base offsets of their segments. */
  private readonly abortedSizes = new Map<number, number>()
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
    this.files = segmentFiles(shares, folder)
    this.aborted = new AbortedIndex(this.files)
    this.epochs = new LeaderEpochs(shares.disk.readFile(`${folder}/${LEADER_EPOCHS}`))
  }

  async run(): Promise<OpenedLog> {
    await finishSwaps(this.shares.disk, this.folder)
    this.list()
    const [first] = this.segments
    const logStartOffset = Math.max(this.remembered.logStartOffset ?? 0, first!.baseOffset)
    // Segments before the log start: to be removed, or removed and, some of them, back after a power cut.
    const past = this.segments.splice(0, segmentIndexOf(this.segments, logStartOffset))
    const cleanEnd = this.cleanEnd()
    if (cleanEnd === undefined) {
      await refuseOldFormat(this.segments)
      await rereadEpochs(this.epochs, this.segments, this.remembered.recoveryPoint ?? 0)
      await this.recover(logStartOffset)
    } else {
      await this.checkClosed(this.segments.length - 1)
      this.logEndOffset = cleanEnd
    }
    this.tellMissing(first!.baseOffset)
    const isClean = cleanEnd !== undefined
    await this.openAborted()
    const { folder, segments, aborted, shares, logEndOffset } = this
    const recoveryPoint = this.remembered.recoveryPoint ?? 0
    const log = { folder, segments, past, aborted, logEndOffset, recoveryPoint, isClean }
    const restored = await restoreProducers(log, this.snapshots, shares)
    this.producers = restored.producers
    this.snapshots = restored.snapshots
    const { clock } = this.shares.writes
    this.producers.resume(clock.now(), clock.monotonic())
    await this.removePast(past)
    if (!isClean) await this.secure()
    this.epochs.truncateEnd(this.logEndOffset)
    // What a power cut has taken from the start was told, once.
    this.epochs.truncateStart(logStartOffset)
    return {
      spec: this.spec,
      folder: this.folder,
      segments: this.segments,
      logStartOffset,
      logEndOffset: this.logEndOffset,
      recoveryPoint: Math.min(this.remembered.recoveryPoint ?? 0, this.logEndOffset),
      snapshots: this.snapshots,
      producers: this.producers,
      aborted: this.aborted,
      epochs: this.epochs,
      hasFolder: true,
      isClean,
    }
  }

  /** The log's end where the last stop was a clean one, and nobody has written here since; else it has to be found. */
  private cleanEnd(): number | undefined {
    const { isClean, recoveryPoint, endSize } = this.remembered
    const { baseOffset, size } = this.segments.at(-1)!
    if (!isClean || recoveryPoint === undefined || recoveryPoint < baseOffset) return undefined
    if (size !== endSize) return undefined
    if (this.segments.length === 1 || size === 0) return recoveryPoint
    // Segments are much of a size: where the last one is gone, the one before may look like it.
    return endOffsetOf(this.shares.disk, this.segments.at(-1)!) === recoveryPoint
      ? recoveryPoint
      : undefined
  }

  private list(): void {
    const { disk } = this.shares
    const indexes: { path: string; offset: number }[] = []
    for (const { name } of disk.list(this.folder) ?? []) {
      const file = parseFileName(name)
      const path = `${this.folder}/${name}`
      if (file?.kind === 'log') {
        this.segments.push(new Segment(file.offset, disk.fileSize(path), this.files))
      } else if (file?.kind === 'snapshot') {
        this.snapshots.push(file.offset)
      } else if (file?.kind === 'index' || file?.kind === 'timeindex') {
        indexes.push({ path, offset: file.offset })
      } else if (file?.kind === 'txnindex') {
        this.abortedSizes.set(file.offset, disk.fileSize(path))
      } else if (isLeftover(name)) {
        disk.remove(path)
      }
    }
    // A power cut may have taken a segment, and left its indexes.
    const segments = new Set(this.segments.map(({ baseOffset }) => baseOffset))
    for (const { path, offset } of indexes) if (!segments.has(offset)) disk.remove(path)
    this.segments.sort((a, b) => a.baseOffset - b.baseOffset)
    this.snapshots.sort((a, b) => a - b)
    if (this.segments.length === 0) this.restartAt(this.remembered.logStartOffset ?? 0)
    // A power cut may have taken the file's bytes, or the file.
    const { topicId } = this.spec
    const path = `${this.folder}/${PARTITION_METADATA}`
    if (decodePartitionMetadata(disk.readFile(path)) === topicId) return
    disk.writeFile(path, encodePartitionMetadata(topicId))
  }

  /** Finds the end of the log, and leaves nothing behind it. */
  private async recover(logStartOffset: number): Promise<void> {
    const { recoveryPoint } = this.remembered
    const base = this.segments[0]!.baseOffset
    const checkFrom = Math.max(recoveryPoint ?? 0, base)
    // Indexes may know of batches behind the recovery point that are lost, also where that is a segment's end.
    const before = segmentIndexOf(this.segments, Math.max(checkFrom - 1, base))
    const removed = await this.checkClosed(before)
    const first = before - removed
    const point = segmentIndexOf(this.segments, checkFrom)
    for (let i = first; i < this.segments.length; i++) {
      const segment = this.segments[i]!
      // Where a segment does not follow the one before, that one has lost its end, and what comes behind was not synced either. Compaction leaves such gaps as well, but not behind a recovery point.
      const isApart =
        recoveryPoint === undefined
          ? segment.baseOffset < this.logEndOffset || segment.size === 0
          : segment.baseOffset !== this.logEndOffset
      if (i > point && isApart) await this.setAside(i)
      else if (!(await this.checkSegment(segment, checkFrom))) await this.setAside(i + 1)
    }
    if (this.logEndOffset < logStartOffset) {
      // One that came back after a power cut would lie across what is written from now on.
      for (const segment of this.segments) segment.removeFiles()
      await this.shares.disk.syncDirectory(this.folder)
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
    await this.keepRemains(segment, size)
    segment.file.truncate(segment.size)
    // What was cut off must not come back behind a recovery point that is already here.
    await segment.use((file) => file.sync())
    return false
  }

  /** Says what is cut off behind a segment's end; a copy stays of all but a torn end. */
  private async keepRemains(segment: Segment, size: number): Promise<void> {
    const { logEndOffset } = this
    const { disk, log } = this.shares
    const position = segment.size
    const remains = await remainsOf(segment, position, size, logEndOffset)
    const cut = { file: segment.path, cutBytes: size - position, logEndOffset }
    if (remains.batches === 0 && logEndOffset >= (this.remembered.recoveryPoint ?? 0)) {
      log.warn(cut, 'The end of a log was torn, and is cut off.')
      return
    }
    const kept = await copyAside(disk, segment, position, size, logEndOffset)
    const good = `${remains.batches} good batches of ${remains.records} records`
    log.error(
      { ...cut, ...remains, kept },
      `A log is damaged, and is cut off before the damage. What is cut off, and ${good} in it, is kept in a file of its own.`,
    )
  }

  /** Looks at the ends of the first `count` segments, before others: what lacks there is said, and what is torn cut off. Gives how many were empty, and are removed. */
  private async checkClosed(count: number): Promise<number> {
    const { disk, log } = this.shares
    const mayGap = this.spec.config.cleanupPolicy.compact || this.remembered.isCleaned
    const empty: Segment[] = []
    for (const [i, segment] of this.segments.slice(0, count).entries()) {
      const next = this.segments[i + 1]!.baseOffset
      // Compaction leaves a segment empty rather than the log without its start.
      if (mayGap && segment.size === 0) continue
      const end = endOffsetOf(disk, segment)
      if (end === next || (mayGap && end !== undefined && end < next)) continue
      await this.checkSegment(segment, next)
      if (segment.size === 0) empty.push(segment)
      if (mayGap || this.logEndOffset >= next) continue
      log.error(
        { folder: this.folder, from: this.logEndOffset, to: next },
        `Records are gone from the middle of a log: ${this.logEndOffset} to ${next - 1}.`,
      )
    }
    for (const segment of empty) segment.removeFiles()
    this.segments = this.segments.filter((segment) => !empty.includes(segment))
    return empty.length
  }

  /** Says what the log has lost at its ends, as far as something tells of it. */
  private tellMissing(firstOffset: number): void {
    const { log } = this.shares
    const { logStartOffset, recoveryPoint = 0 } = this.remembered
    const { folder, logEndOffset } = this
    const name = folder.slice(folder.lastIndexOf('/') + 1)
    const isStartGone =
      logStartOffset === undefined
        ? this.epochs.at(firstOffset - 1) !== -1
        : logStartOffset < firstOffset
    if (isStartGone && firstOffset > 0) {
      const text = `${name} had records before ${firstOffset}; their files are gone.`
      log.error({ folder, logStartOffset, firstOffset }, text)
    }
    if (recoveryPoint > logEndOffset) {
      const text = `${name} had records up to ${recoveryPoint}; it now ends at ${logEndOffset}.`
      log.error({ folder, recoveryPoint, logEndOffset }, text)
    }
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

  /** Files of segments that are gone would be taken for those of later ones, even if they came back after a power cut. */
  private async openAborted(): Promise<void> {
    const { disk } = this.shares
    for (const segment of this.segments) {
      const size = this.abortedSizes.get(segment.baseOffset)
      if (size !== undefined) this.aborted.open(segment, size)
    }
    const known = new Set(this.segments.map(({ baseOffset }) => baseOffset))
    const lost = [...this.abortedSizes.keys()].filter((offset) => !known.has(offset))
    for (const offset of lost) disk.remove(this.pathOf(offset, 'txnindex'))
    if (lost.length > 0) await disk.syncDirectory(this.folder)
  }

  /** Removes what lies before the log start, when what it tells of producers is safe elsewhere. */
  private async removePast(past: readonly Segment[]): Promise<void> {
    if (past.length === 0) return
    const { disk } = this.shares
    const offset = this.logEndOffset
    await this.aborted.sync()
    const snapshot = encodeProducerSnapshot(this.producers)
    await disk.replaceFile(this.pathOf(offset, 'snapshot'), snapshot)
    if (this.snapshots.at(-1) !== offset) this.snapshots.push(offset)
    for (const segment of past) segment.removeFiles()
    await disk.syncDirectory(this.folder)
  }

  /** What an earlier start has cut off or removed, and died before that was durable, must not come back among what is written from now on. */
  private async secure(): Promise<void> {
    await this.segments.at(-1)!.use((file) => file.sync())
    await this.shares.disk.syncDirectory(this.folder)
  }

  private restartAt(offset: number): void {
    this.segments = [new Segment(offset, 0, this.files)]
    this.logEndOffset = offset
  }

  /** Takes segments out of the log that lie behind damage, and keeps what is in them. One that came back after a power cut would lie across what is written from now on. */
  private async setAside(from: number): Promise<void> {
    const { disk, log } = this.shares
    const { logEndOffset, folder } = this
    const kept: string[] = []
    let cutBytes = 0
    let batches = 0
    let records = 0
    const segments = this.segments.splice(from)
    if (segments.length === 0) return
    for (const segment of segments) {
      const { size, baseOffset } = segment
      const remains = await remainsOf(segment, 0, size, baseOffset)
      cutBytes += size
      batches += remains.batches
      records += remains.records
      if (remains.batches === 0) segment.removeFiles()
      else kept.push(moveAside(disk, segment, logEndOffset))
    }
    await disk.syncDirectory(folder)
    if (batches === 0) return
    log.error(
      { folder, logEndOffset, cutBytes, batches, records, kept },
      `Segments behind the end of a log are taken out of it; their ${batches} good batches of ${records} records are kept in files of their own.`,
    )
  }

  private pathOf(offset: number, kind: LogFileKind): string {
    return `${this.folder}/${fileName(offset, kind)}`
  }
}
