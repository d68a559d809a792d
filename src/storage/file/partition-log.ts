/** One log: gives out offsets, remembers producers and leader epochs, and knows what is visible. Its bytes go by way of the writer. */

import {
  HEADER_SIZE,
  setOffsetAndEpoch,
  type BatchView,
} from '../../protocol/records/batch-view.ts'
import {
  type Append,
  type AppendOutcome,
  type LogConfig,
  type LogId,
  type LogOffsets,
  type LogSpec,
  logId,
  StorageError,
} from '../engine.ts'
import type { Clock } from '../../clock.ts'
import type { SlabPool } from '../../slab-pool.ts'
import type { ProducerStates, Verdict } from '../producer-state.ts'
import type { AbortedIndex } from './aborted-index.ts'
import { AppendWaiters } from './append-waiters.ts'
import type { AtomicGroup, AtomicMember, Barrier, Commit } from './commit.ts'
import type { EngineShares } from './engine-shares.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import { isFull } from './disk.ts'
import { folderName } from './log-folder.ts'
import { makeLogFolder, syncLogNames, writeEpochs } from './log-names.ts'
import { segmentIndexOf } from './segment-search.ts'
import { LogWriter, type Mark, type WriterOwner } from './log-writer.ts'
import type { OpenedLog } from './opened-log.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { Segment, type SegmentFiles, segmentFiles } from './segment.ts'
import type { LogTail } from './tail-cache.ts'

/** Batches below this are copied, so that a kilobyte never pins a megabyte; of others the header alone. */
const COPY_BELOW_BYTES = 16 * 1024

export class PartitionLog implements WriterOwner, AtomicMember {
  spec: LogSpec
  readonly id: LogId
  readonly folder: string
  readonly segments: Segment[]
  readonly producers: ProducerStates
  readonly aborted: AbortedIndex
  readonly epochs: LeaderEpochs
  readonly writer: LogWriter
  readonly tail: LogTail
  readonly snapshots: ProducerSnapshots
  /** Who hears of changes; the engine's, so that they outlive a log that is opened anew. */
  readonly listeners: ReadonlySet<() => void>
  logStartOffset: number
  highWatermark: Mark
  ownerEpoch = -1
  leaderEpoch: number
  /** Why nothing can be read or appended any more. */
  offline: StorageError | undefined
  /** Whether it went offline by a failed sync: what the disk holds is then not known before a new start. */
  isDoubtful = false
  /** Why nothing can be appended for now, though it can be read. */
  refusal: StorageError | undefined
  isDeleted = false
  /** Offline, deleted or closed: its folder may be another's already, and is left alone. */
  isEnded = false
  hasFolder: boolean
  /** Called when the folder has been made. */
  onFolder: (() => void) | undefined
  /** End of the log when its last checkpoint was begun; -1 when that has failed. */
  checkpointOffset: number
  /** The last checkpoint, under way or ended. */
  checkpointing: Promise<boolean> = Promise.resolve(true)
  /** The last round of compaction, under way or ended. */
  compacting: Promise<void> = Promise.resolve()
  private active: Segment
  private readonly waiters = new AppendWaiters()
  private barriers: Barrier[] = []
  private hasMoved = false
  /** Segments that were closed in this life, whose indexes are not synced yet. */
  private readonly rolled: Set<Segment>
  private readonly clock: Clock
  private readonly shares: EngineShares
  private readonly segmentFiles: SegmentFiles

  constructor(opened: OpenedLog, listeners: ReadonlySet<() => void>, shares: EngineShares) {
    this.listeners = listeners
    this.spec = opened.spec
    this.id = logId(opened.spec.topicId, opened.spec.partitionIndex)
    this.folder = opened.folder
    this.segments = opened.segments
    this.active = opened.segments.at(-1)!
    this.active.place = 0
    this.producers = opened.producers
    this.aborted = opened.aborted
    this.epochs = opened.epochs
    this.leaderEpoch = Math.max(opened.epochs.highest, 0)
    this.logStartOffset = opened.logStartOffset
    this.hasFolder = opened.hasFolder
    this.shares = shares
    this.clock = shares.writes.clock
    this.segmentFiles = segmentFiles(shares, opened.folder)
    this.tail = shares.tailCache.open()
    const end = { offset: opened.logEndOffset, place: this.active.size }
    const { folder, snapshots, producers } = opened
    this.snapshots = new ProducerSnapshots(folder, snapshots, producers, end, shares)
    this.highWatermark = end
    this.checkpointOffset = opened.recoveryPoint
    this.writer = new LogWriter(this, shares.writes, end, opened.recoveryPoint)
    this.rolled = new Set(opened.segments.slice(0, -1).filter((segment) => segment.hasNewIndexes))
    this.markUnsynced(opened)
    this.epochs.begin(this.leaderEpoch, end.offset)
  }

  get slabs(): SlabPool {
    return this.shares.slabs
  }

  get config(): LogConfig {
    return this.spec.config
  }

  /** From here on the log goes by these. */
  configure(config: LogConfig): void {
    this.spec = { ...this.spec, config }
    if (!this.isEnded) this.writer.policyChanged()
  }

  /** `<topic>-<partition>`, the folder's name. */
  get name(): string {
    return folderName(this.spec.topic, this.spec.partitionIndex)
  }

  get logEndOffset(): number {
    return this.writer.appended.offset
  }

  get size(): number {
    let size = 0
    for (const segment of this.segments) size += segment.size
    return size
  }

  /** Bytes of the segment that is appended to. */
  get activeSize(): number {
    return this.active.size
  }

  offsets(): LogOffsets {
    const { offset } = this.highWatermark
    const { logStartOffset } = this
    return {
      logStartOffset,
      highWatermark: offset,
      lastStableOffset: this.producers.transactions.lastStableOffset(offset, logStartOffset),
      logEndOffset: this.writer.appended.offset,
      leaderEpoch: this.leaderEpoch,
    }
  }

  /** What becomes of an append, but for the disk; nothing changes. */
  judge(append: Append, producers = this.producers): Verdict | 'fenced' {
    if (append.ownerEpoch !== undefined && append.ownerEpoch !== this.ownerEpoch) return 'fenced'
    if (append.batch.sizeInBytes > this.config.segmentBytes) {
      const message = `A batch of ${append.batch.sizeInBytes} bytes is larger than a segment may be (${this.config.segmentBytes}).`
      return { kind: 'reject', error: 'RECORD_LIST_TOO_LARGE', message }
    }
    return producers.judge(append.batch, append)
  }

  /** Puts a batch at the end of the log, and has `commit` hear of it when it is acknowledged. */
  append(batch: BatchView, commit: Commit, index: number): void {
    const { bytes, lastOffsetDelta, maxTimestamp } = batch
    const { length } = bytes
    const baseOffset = this.writer.appended.offset
    const lastOffset = baseOffset + lastOffsetDelta
    if (!this.hasFolder || this.epochs.isNew) this.makeFolder()
    if (this.active.isFullFor(length, lastOffset, maxTimestamp, this.config)) this.roll(baseOffset)
    const { active } = this
    const position = active.size
    const place = active.place + position
    this.copyIn(active, bytes, baseOffset, position)
    active.added(length, lastOffset, maxTimestamp, this.config.indexIntervalBytes)
    const aborted = this.producers.appended(batch, baseOffset, this.clock.monotonic())
    if (aborted) this.aborted.add(active, aborted)
    this.writer.moveEnd(lastOffset + 1, place + length)
    commit.outcomes[index] = this.outcome('appended', baseOffset, lastOffset)
    this.waiters.add(lastOffset + 1, commit, index)
  }

  /** Answers a batch that is in the log already, as soon as that one is acknowledged. */
  repeat(baseOffset: number, lastOffset: number, commit: Commit, index: number): void {
    commit.outcomes[index] = this.outcome('duplicate', baseOffset, lastOffset)
    if (lastOffset >= this.highWatermark.offset) this.waiters.add(lastOffset + 1, commit, index)
  }

  /** Nothing that is appended from now on is visible before the group is. */
  hold(group: AtomicGroup): Barrier {
    const barrier = { group, start: this.writer.appended, end: Infinity, isDone: false }
    this.barriers.push(barrier)
    group.add(this)
    return barrier
  }

  /** Becomes the log's one owner. */
  own(): number {
    this.beginEpoch(this.leaderEpoch + 1)
    this.ownerEpoch = this.leaderEpoch
    return this.ownerEpoch
  }

  /** From here on records are of this epoch. Written at once: a client that has seen it takes no older one. */
  beginEpoch(epoch: number): void {
    this.leaderEpoch = epoch
    this.epochs.begin(epoch, this.logEndOffset)
    this.saveEpochs()
  }

  /** Goes on where the log was before a failed write: in the same epoch, unless what could be read then is gone. */
  resume(before: PartitionLog): void {
    const isWhole = this.logEndOffset >= before.highWatermark.offset
    this.leaderEpoch = Math.max(this.leaderEpoch, before.leaderEpoch + (isWhole ? 0 : 1))
    this.epochs.begin(this.leaderEpoch, this.logEndOffset)
    if (!isWhole) this.saveEpochs()
  }

  onProgress(): void {
    this.shares.progressed(this)
    for (const barrier of this.barriers) {
      if (!barrier.isDone && this.writer.acknowledged.offset >= barrier.end) {
        barrier.isDone = true
        barrier.group.memberDone()
      }
    }
    this.move()
    this.announce()
  }

  lift(group: AtomicGroup): void {
    this.barriers = this.barriers.filter((barrier) => barrier.group !== group)
    this.move()
  }

  announce(): void {
    if (!this.hasMoved) return
    this.hasMoved = false
    this.waiters.answer(this.highWatermark.offset)
    this.notify()
  }

  /** Tells the watchers. */
  notify(): void {
    for (const listener of this.listeners) listener()
  }

  onFailure(cause: unknown, during: 'write' | 'sync'): void {
    if (this.isEnded && !this.offline) return
    if (during === 'sync') this.isDoubtful = true
    if (this.offline) return
    this.offline = new StorageError(`A ${during} of ${this.folder} failed; the log is offline.`, {
      cause,
    })
    this.shares.log.error({ err: cause, folder: this.folder }, this.offline.message)
    this.end({ kind: 'rejected', error: 'KAFKA_STORAGE_ERROR', message: this.offline.message })
    if (during === 'write') this.shares.fullDisk.failed(this.id, cause)
  }

  /** The log is offline, deleted or closed: nobody waits any longer. */
  end(outcome: AppendOutcome): void {
    this.isEnded = true
    this.writer.stop(this.offline ?? new StorageError(`${this.folder} is closed.`))
    const { barriers } = this
    this.barriers = []
    this.waiters.end(outcome)
    for (const barrier of barriers) {
      if (!barrier.isDone) barrier.group.memberDone()
    }
    this.tail.clear()
    this.snapshots.end()
    for (const segment of this.segments) segment.retire()
    this.notify()
  }

  /** Resolved: nothing is in progress on the folder of a log that has ended. */
  async settled(): Promise<void> {
    await Promise.all([this.writer.idle(), this.checkpointing, this.compacting])
  }

  syncNames(): Promise<void> {
    return syncLogNames(this.shares, this.folder)
  }

  /** Makes the folder with its metadata, if it is not there, and writes new leader epochs. */
  makeFolder(): void {
    if (!this.hasFolder) {
      makeLogFolder(this.shares.disk, this.folder, this.spec.topicId)
      this.hasFolder = true
      this.writer.hasNewNames = true
      this.onFolder?.()
    }
    this.saveEpochs()
  }

  /** Resolved: the indexes as far as they now go survive a power cut. They give their memory back, but for what is asked for most: the end of the active segment. */
  async syncIndexes(): Promise<void> {
    for (const segment of [...this.rolled, this.active]) {
      if (this.isEnded) return
      if (segment.needsSync) await segment.syncIndexes(segment === this.active)
      // It may have been appended to since, and have ended then.
      if (!segment.needsSync && segment !== this.active) this.rolled.delete(segment)
    }
  }

  /** Moves the log's start up, and gives the segments that lie before it: they are no longer read, and their files are still there. */
  moveStart(offset: number): Segment[] {
    this.logStartOffset = Math.max(this.logStartOffset, offset)
    this.epochs.truncateStart(this.logStartOffset)
    const past = this.segments.splice(0, segmentIndexOf(this.segments, this.logStartOffset))
    for (const segment of past) this.rolled.delete(segment)
    this.aborted.dropBefore(this.segments[0]!.baseOffset)
    return past
  }

  /** Begins an empty segment at the log's end, if there is none, so that all others may go. Resolved: a power cut leaves its file, whose name tells where the log goes on. */
  async beginEmptySegment(): Promise<void> {
    try {
      if (this.active.size > 0) this.roll(this.logEndOffset)
    } catch (error) {
      // A full disk has no room for a snapshot, and is to be given some.
      if (!isFull(error)) throw error
    }
    const isMade = this.active.file.size() === 0
    if (isMade) await this.shares.disk.syncDirectory(this.folder)
  }

  /** Puts a segment in the place of neighbours that it was made of; `abortedBytes`: the size of its list of aborted transactions. */
  replaceSegments(replaced: readonly Segment[], by: Segment, abortedBytes: number): void {
    const first = this.segments.indexOf(replaced[0]!)
    this.segments.splice(first, replaced.length, by)
    for (const segment of replaced) this.rolled.delete(segment)
    this.aborted.replace(replaced, by, abortedBytes)
  }

  saveEpochs(): void {
    if (!this.epochs.isNew || !this.hasFolder) return
    writeEpochs(this.shares.disk, this.folder, this.epochs)
  }

  private outcome(
    kind: 'appended' | 'duplicate',
    baseOffset: number,
    lastOffset: number,
  ): AppendOutcome {
    return { kind, baseOffset, lastOffset, logStartOffset: this.logStartOffset }
  }

  private copyIn(active: Segment, bytes: Buffer, baseOffset: number, position: number): void {
    const { tail, writer } = this
    const place = active.place + position
    const copied = bytes.length < COPY_BELOW_BYTES ? bytes.length : HEADER_SIZE
    tail.reserve(copied)
    const { chunk, chunkUsed } = tail
    bytes.copy(chunk, chunkUsed, 0, copied)
    setOffsetAndEpoch(chunk, chunkUsed, baseOffset, this.leaderEpoch)
    tail.take(copied, place)
    writer.add(active, chunk, chunkUsed, chunkUsed + copied, position, tail.lastSlab)
    if (copied === bytes.length) return
    tail.borrow(bytes, copied, place + copied)
    writer.add(active, bytes, copied, bytes.length, position + copied, tail.lastSlab)
  }

  /** Begins the next segment. What Kafka keeps at a segment's start, the producers, is written then, unless something has to last before. */
  private roll(baseOffset: number): void {
    const full = this.active
    this.active = new Segment(baseOffset, 0, this.segmentFiles)
    this.active.place = full.place + full.size
    this.segments.push(this.active)
    this.rolled.add(full)
    if (this.aborted.isSynced) this.snapshots.rolled(baseOffset)
  }

  /** What an earlier life may have left in the machine's memory goes to the medium with the next sync. */
  private markUnsynced({ recoveryPoint, logEndOffset, segments }: OpenedLog): void {
    if (recoveryPoint >= logEndOffset) return
    for (const segment of segments.slice(segmentIndexOf(segments, recoveryPoint))) {
      this.writer.markDirty(segment)
    }
    this.writer.hasNewNames = true
  }

  private move(): void {
    const { acknowledged } = this.writer
    const [barrier] = this.barriers
    const mark =
      barrier && barrier.start.offset < acknowledged.offset ? barrier.start : acknowledged
    if (mark.offset <= this.highWatermark.offset) return
    this.highWatermark = mark
    this.producers.transactions.acknowledged(mark.offset)
    this.hasMoved = true
  }
}
