/** A stretch of a log in a file of its own, named by its first offset, with its two indexes. */

import type { Clock } from '../../clock.ts'
import {
  BatchView,
  HEADER_SIZE,
  LENGTH_OVERHEAD,
  MAX_TIMESTAMP,
  readInt64,
} from '../../protocol/records/batch-view.ts'
import { type LogConfig, StorageError } from '../engine.ts'
import { type Disk, type DiskFile, isNotFound } from './disk.ts'
import type { Random } from '../../random.ts'
import type { EngineShares } from './engine-shares.ts'
import { DELETED_ENDING, fileName } from './log-folder.ts'
import type { OffsetIndex } from './offset-index.ts'
import type { OpenFiles } from './open-files.ts'
import { ReadEnds } from './read-ends.ts'
import { KEPT_ENTRIES, OFFSET_ENTRY, SegmentIndexes, TIME_ENTRY } from './segment-indexes.ts'
import type { TimeIndex } from './time-index.ts'

const LARGEST_RELATIVE_OFFSET = 0x7fff_ffff
const JITTER_DRAWS = 2 ** 31
const REBUILD_READ_BYTES = 1024 * 1024
/** How dense a rebuilt index is: Kafka's default of `index.interval.bytes`. */
const INDEX_INTERVAL_BYTES = 4096

export type SegmentFileKind = 'log' | 'index' | 'timeindex' | 'txnindex'
const INDEX_FILES: readonly SegmentFileKind[] = ['index', 'timeindex', 'txnindex']

/** `.cleaned`: compaction is still writing it; `.swap`: it is whole, and takes the place of others; `.deleted`: no longer part of the log. */
export type SegmentSuffix = '' | '.cleaned' | '.swap' | '.deleted'

export interface SegmentFiles {
  disk: Disk
  files: OpenFiles
  clock: Clock
  random: Random
  folder: string
}

export function segmentFiles(shares: EngineShares, folder: string): SegmentFiles {
  const { disk, files, writes, random } = shares
  return { disk, files, clock: writes.clock, random, folder }
}

export class Segment {
  readonly baseOffset: number
  /** Bytes appended, of which the last may not be written yet. */
  size: number
  /** Where the segment begins in the log's count of bytes in this life; NaN for one from an earlier life that nothing was appended to. */
  place = Number.NaN
  /** Largest timestamp, and the last offset of the first batch that brought it; -1 in an empty segment. */
  maxTimestamp = -1
  maxTimestampOffset: number
  /** Indexes differ from their files, or are not synced. */
  hasNewIndexes = false
  private readonly disk: Disk
  private readonly files: OpenFiles
  private readonly clock: Clock
  private readonly random: Random
  /** What `segment.jitter.ms` makes of this segment's time is drawn once. */
  private jitterDraw: number | undefined
  /** Monotonic time of its making, or of its opening in this life. */
  private readonly openedAt: number
  private readonly indexes: SegmentIndexes
  private loading: Promise<void> | undefined
  private bytesSinceEntry = 0
  /** Where readers have stopped; made with the first. */
  private ends: ReadEnds | undefined
  /** Its files are removed, or are another log's by now: whoever still reads or syncs it must not touch them. */
  isGone = false
  /** Whether the file is to be made when it is not there. */
  private mayCreate: boolean
  /** Largest timestamp of the first batch: what `segment.ms` counts from. */
  private firstTimestamp: number | undefined
  /** Folder and base offset: what its files are called up to the first dot. */
  private readonly stem: string
  private suffix: SegmentSuffix
  private logPath: string

  constructor(baseOffset: number, size: number, given: SegmentFiles, suffix: SegmentSuffix = '') {
    const { disk, files, clock, random, folder } = given
    this.baseOffset = baseOffset
    this.maxTimestampOffset = baseOffset
    this.size = size
    this.mayCreate = size === 0
    this.disk = disk
    this.files = files
    this.indexes = new SegmentIndexes(this, disk, files)
    this.clock = clock
    this.random = random
    this.openedAt = clock.monotonic()
    this.stem = `${folder}/${fileName(baseOffset, 'log').slice(0, -'.log'.length)}`
    this.suffix = suffix
    this.logPath = `${this.stem}.log${suffix}`
  }

  get path(): string {
    return this.logPath
  }

  /** Throws StorageError when it is gone. */
  get file(): DiskFile {
    this.assertThere()
    return this.files.get(this.path, this.mayCreate)
  }

  async use<T>(work: (file: DiskFile) => Promise<T>): Promise<T> {
    this.assertThere()
    return this.files.use(this.path, this.mayCreate, work)
  }

  /** The indexes: read from their files at first use, and made anew from the batches where those are missing or wrong. */
  get offsets(): OffsetIndex {
    if (!this.indexes.isLoaded && !this.loadIndexes()) this.rebuildIndexes()
    return this.indexes.offsets
  }

  get times(): TimeIndex {
    if (!this.indexes.isLoaded && !this.loadIndexes()) this.rebuildIndexes()
    return this.indexes.times
  }

  /** Reads the indexes from their files, as far as `endOffset`; false when those are not the indexes of this segment, as far as a look shows. */
  loadIndexes(endOffset = Infinity): boolean {
    return this.indexes.load(endOffset)
  }

  get needsSync(): boolean {
    return this.hasNewIndexes && !this.isGone
  }

  /** Whether the indexes can be asked without reading them all first. */
  get hasIndexes(): boolean {
    return this.indexes.isLoaded
  }

  /** Resolved: they can, and the loop has not waited for the disk. */
  async openIndexes(): Promise<void> {
    if (this.hasIndexes) return
    this.loading ??= this.loadLater().finally(() => {
      this.loading = undefined
    })
    await this.loading
  }

  /** A position at or before that of the batch which holds `offset`, where a batch begins. */
  positionBefore(offset: number): number {
    return this.ends?.positionOf(offset) ?? this.offsets.positionBefore(offset)
  }

  /** Somebody has read up to `offset`, and may go on there: the batch that holds it begins at `position`, or a later one. */
  readUpTo(offset: number, position: number): void {
    this.ends ??= new ReadEnds()
    this.ends.add(offset, position)
  }

  /** Takes what the time index knows of the largest timestamp: after a clean stop, all. */
  loadMaxTimestamp(): void {
    if (this.maxTimestamp >= 0 || this.size === 0) return
    this.maxTimestamp = this.times.lastTimestamp
    this.maxTimestampOffset = this.times.lastOffset
  }

  /** What retention by time goes by, as Kafka has it: the largest timestamp, or when the file was last written where there is none. */
  newestTimestamp(): number {
    this.loadMaxTimestamp()
    return this.maxTimestamp < 0 ? this.disk.modifiedAt(this.path) : this.maxTimestamp
  }

  /** Whether a batch must go to the next segment, by Kafka's rules: size, index size, offset range, and time between the first batch and this one. */
  isFullFor(size: number, lastOffset: number, maxTimestamp: number, config: LogConfig): boolean {
    if (this.size === 0) return lastOffset - this.baseOffset > LARGEST_RELATIVE_OFFSET
    this.loadMaxTimestamp()
    return (
      this.size + size > config.segmentBytes ||
      this.spanTo(maxTimestamp) > this.longestSpan(config) ||
      this.offsets.sizeInBytes + OFFSET_ENTRY > config.segmentIndexBytes ||
      // One entry's room is kept for the largest timestamp, which comes last.
      this.times.sizeInBytes + 2 * TIME_ENTRY > config.segmentIndexBytes ||
      lastOffset - this.baseOffset > LARGEST_RELATIVE_OFFSET
    )
  }

  /** Counts a batch that begins at the present end. */
  added(size: number, lastOffset: number, maxTimestamp: number, indexInterval: number): void {
    if (this.size === 0) this.firstTimestamp = maxTimestamp
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp
      this.maxTimestampOffset = lastOffset
    }
    if (this.bytesSinceEntry > indexInterval) {
      this.offsets.append(lastOffset, this.size)
      this.times.append(this.maxTimestamp, this.maxTimestampOffset)
      this.bytesSinceEntry = 0
    }
    this.size += size
    this.bytesSinceEntry += size
    this.hasNewIndexes = true
  }

  /** Takes the segment to end at `position`, where a batch with this base offset is to be added. */
  restart(position: number, baseOffset: number): void {
    this.size = position
    const { offsets, times } = this.indexes
    this.indexes.isLoaded = true
    offsets.truncate(position)
    times.truncate(baseOffset)
    this.maxTimestamp = times.lastTimestamp
    this.maxTimestampOffset = times.lastOffset
    this.hasNewIndexes = true
  }

  /**
   * Writes what the files of the indexes lack, and syncs them; the time index ends with the largest timestamp, as Kafka leaves it.
   * `isActive`: whether it is still appended to, and the end of its indexes asked for.
   */
  async syncIndexes(isActive = false): Promise<void> {
    if (this.maxTimestamp >= 0) this.times.append(this.maxTimestamp, this.maxTimestampOffset)
    this.hasNewIndexes = false
    try {
      await this.indexes.sync(isActive ? KEPT_ENTRIES : 0)
    } catch (error) {
      this.hasNewIndexes = true
      throw error
    }
  }

  closeFiles(): void {
    for (const path of this.paths) this.files.forget(path)
  }

  /** Its files stay where they are, and are no longer this segment's. */
  retire(): void {
    if (!this.isGone) this.closeFiles()
    this.isGone = true
  }

  removeFiles(): void {
    if (this.isGone) return
    this.retire()
    this.disk.remove(this.path)
    for (const kind of INDEX_FILES) this.disk.remove(this.pathOf(kind))
  }

  /** Its files are called as Kafka calls those that are soon to be removed; gives their names. */
  setDeleted(): string[] {
    if (this.isGone) return []
    this.retire()
    this.renameLog(DELETED_ENDING)
    this.renameIndexes(DELETED_ENDING)
    return this.paths
  }

  /** Of all files that it may have. */
  get paths(): string[] {
    return [this.path, ...INDEX_FILES.map((kind) => this.pathOf(kind))]
  }

  pathOf(kind: SegmentFileKind): string {
    return kind === 'log' ? this.logPath : `${this.stem}.${kind}${this.suffix}`
  }

  /** Gives the file with its batches another suffix. Who reads it goes on, and who opens it next finds it there. */
  renameLog(suffix: SegmentSuffix): void {
    const before = this.logPath
    this.logPath = `${this.stem}.log${suffix}`
    this.mayCreate = false
    this.files.forget(before)
    this.rename(before, this.logPath)
  }

  /** The same for its indexes, those that there are. */
  renameIndexes(suffix: SegmentSuffix): void {
    const before = INDEX_FILES.map((kind) => this.pathOf(kind))
    this.suffix = suffix
    for (const [i, kind] of INDEX_FILES.entries()) {
      this.files.forget(before[i]!)
      this.rename(before[i]!, this.pathOf(kind))
    }
  }

  private rename(from: string, to: string): void {
    try {
      this.disk.rename(from, to)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** Goes over all batches at once: rare, and quick beside what it would cost to keep every caller waiting for it. */
  private rebuildIndexes(): void {
    const { size } = this
    try {
      this.indexUpTo(size)
    } catch (error) {
      // Half an index is worse than none, and the segment ends where it did.
      this.indexes.isLoaded = false
      throw error
    } finally {
      this.size = size
    }
  }

  private async loadLater(): Promise<void> {
    if (!(await this.indexes.loadLater()) && !this.hasIndexes) this.rebuildIndexes()
  }

  private indexUpTo(size: number): void {
    const { file } = this
    this.restart(0, this.baseOffset)
    const buffer = Buffer.allocUnsafe(REBUILD_READ_BYTES)
    while (this.size < size) {
      const start = this.size
      const read = file.readSync(buffer, start)
      for (let at = 0; at + HEADER_SIZE <= read && this.size < size; at = this.size - start) {
        const batch = new BatchView(buffer.subarray(at, at + HEADER_SIZE))
        const length = batch.batchLength + LENGTH_OVERHEAD
        if (length < HEADER_SIZE) throw new StorageError(`${this.path} is damaged at ${this.size}.`)
        this.added(length, batch.lastOffset, batch.maxTimestamp, INDEX_INTERVAL_BYTES)
      }
      if (this.size === start) throw new StorageError(`${this.path} ends in the middle of a batch.`)
    }
  }

  /** Throws StorageError when it is gone. */
  assertThere(): void {
    if (this.isGone) throw new StorageError(`${this.path} is gone.`)
  }

  /** The time that `segment.ms` bounds, by Kafka's rule: between the first batch and this one, or since the segment was made where the first has no timestamp. */
  private spanTo(timestamp: number): number {
    const first = this.readFirstTimestamp()
    return first >= 0 ? timestamp - first : this.clock.monotonic() - this.openedAt
  }

  /** A compacted log's segments end early enough to be cleaned in time, as nothing is cleaned that is still appended to. */
  private longestSpan(config: LogConfig): number {
    const { segmentMs, segmentJitterMs, maxCompactionLagMs } = config
    const span = config.cleanupPolicy.compact ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs
    if (segmentJitterMs === 0) return span
    this.jitterDraw ??= this.random.below(JITTER_DRAWS)
    return span - (this.jitterDraw % Math.min(segmentJitterMs, span))
  }

  /** -1 where the first batch has none, or there is no batch. */
  readFirstTimestamp(): number {
    if (this.size === 0) return -1
    if (this.firstTimestamp === undefined) {
      const bytes = Buffer.alloc(8)
      this.file.readSync(bytes, MAX_TIMESTAMP)
      this.firstTimestamp = readInt64(bytes, 0)
    }
    return this.firstTimestamp
  }
}
