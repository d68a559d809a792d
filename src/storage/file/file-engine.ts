/** The storage engine over a disk: Kafka's own layout of a data folder, one broker to a folder. */

import type { Clock } from '../../clock.ts'
import { type Random, systemRandom } from '../../random.ts'
import type { BatchView } from '../../protocol/records/batch-view.ts'
import { SlabPool } from '../../slab-pool.ts'
import {
  type Append,
  type AppendOutcome,
  type Compaction,
  type CompactionLimits,
  type Dirtiness,
  type LogConfig,
  type LogId,
  type LogOffsets,
  type LogSpec,
  type ProducerEntry,
  type SegmentStart,
  type ReadLimits,
  type ReadResult,
  type StorageEngine,
  StorageError,
  type StorePlace,
  type TimestampOffset,
  type Want,
} from '../engine.ts'
import { appendAtomic, appendEach } from './appending.ts'
import { Checkpointer } from './checkpointer.ts'
import { Commit } from './commit.ts'
import { LogCompaction } from './compaction/log-compaction.ts'
import { keepName, makeDirectories } from './data-folder.ts'
import type { Disk, DiskLock } from './disk.ts'
import { EngineRead } from './engine-read.ts'
import type { EngineLog, EngineShares } from './engine-shares.ts'
import { FullDisk } from './full-disk.ts'
import { asStorageError, LogCatalog } from './log-catalog.ts'
import { type KafkaMetadataLog, readKafkaMetadataLog } from './kafka-metadata-log.ts'
import { LogDeletion } from './log-deletion.ts'
import { replay } from './log-replay.ts'
import { findMaxTimestamp, findTimestamp, searching } from './log-search.ts'
import type { LogWriter } from './log-writer.ts'
import { type FolderIdentity, openIdentity } from './meta-properties.ts'
import { OpenFiles } from './open-files.ts'
import { ProducerExpiry } from './producer-expiry.ts'
import { Removals } from './removals.ts'
import { Slots } from '../../slots.ts'
import { TailCache } from './tail-cache.ts'
import { type PaceLimits, WritePace } from './write-pace.ts'

/** Stands in the data folder after a clean stop, and goes at the next start. */
const CLEAN_MARKER = '.kafka_cleanshutdown'
const CLEAN_MARKER_CONTENT = '{"version":0,"brokerEpoch":-1}'

export interface FileEngineOptions extends PaceLimits {
  /** What the folder must belong to, or is given to when it is new; left out, a new folder gets an id of its own and node 1. */
  clusterId?: string
  nodeId?: number
  /** Memory for recently written batches, of all logs. */
  tailCacheBytes: number
  openFiles: number
  /** How often logs with new records are synced, so that a start need not check them. */
  checkpointIntervalMs: number
  /** Whether deleted logs and segments stay for `file.delete.delay.ms`, or go at once. */
  delaysRemoval: boolean
}

export interface FileEngineSettings {
  disk: Disk
  /** The data folder: an absolute path. */
  directory: string
  clock: Clock
  random?: Random
  log?: EngineLog
  /** Where the memory of appended batches comes from, if it is to be used again. */
  slabs?: SlabPool
  /** Called once when the folder turns out to be another process's: every log is offline by then, and nothing more is written. */
  onLost?: (error: StorageError) => void
  options?: Partial<FileEngineOptions>
}

export interface FileEngine extends StorageEngine {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  /** Kafka's own metadata log, in the data folder or another, read anew; `undefined` where there is none. Throws StorageError where it cannot be believed. */
  kafkaMetadata(folder?: string): KafkaMetadataLog | undefined
}

const defaultOptions: FileEngineOptions = {
  tailCacheBytes: 32 * 1024 * 1024,
  openFiles: 1024,
  checkpointIntervalMs: 10_000,
  delaysRemoval: true,
  syncWriteBytes: 1.5 * 1024 * 1024,
  dirtyLimitBytes: 256 * 1024 * 1024,
}

const SYNC_SLOTS = 2
const CLOSED: AppendOutcome = {
  kind: 'rejected',
  error: 'KAFKA_STORAGE_ERROR',
  message: 'The store is closed.',
}
const SILENT: EngineLog = { info() {}, warn() {}, error() {} }

/** Takes the folder, makes it if it is not there, and finds the logs in it. Rejects with `FolderHeld` or `StorageError`, with a text for whoever starts the broker. */
export async function openFileEngine(settings: FileEngineSettings): Promise<FileEngine> {
  const { disk, directory, clock, random = systemRandom, log = SILENT } = settings
  const { slabs = new SlabPool() } = settings
  const options = { ...defaultOptions, ...settings.options }
  await makeDirectories(disk, directory)
  await keepName(disk, directory)
  let engine: Engine | undefined
  const lock = await disk.lock(directory, (reason) => engine?.lose(reason))
  try {
    const identity = await openIdentity({ disk, directory, random, log }, options)
    const marker = `${directory}/${CLEAN_MARKER}`
    const isClean = disk.readFile(marker) !== undefined
    disk.remove(marker)
    await disk.syncDirectory(directory)
    const parts = { disk, directory, clock, random, log, slabs, onLost: settings.onLost }
    engine = new Engine(parts, options, identity, lock, isClean)
    return await engine.prepare()
  } catch (error) {
    lock.release()
    throw error
  }
}

type Parts = Required<Omit<FileEngineSettings, 'options' | 'onLost'>> &
  Record<'onLost', FileEngineSettings['onLost']>

class Engine implements FileEngine {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  private readonly shares: EngineShares
  private readonly checkpointer: Checkpointer
  private readonly catalog: LogCatalog
  private readonly compaction: LogCompaction
  private readonly removals: Removals
  private readonly deletion: LogDeletion
  private readonly producerExpiry: ProducerExpiry
  private readonly lock: DiskLock
  private readonly onLost: FileEngineSettings['onLost']
  private touched: LogWriter[] = []
  private isClosed = false
  private lost: StorageError | undefined

  constructor(
    settings: Parts,
    options: FileEngineOptions,
    identity: FolderIdentity,
    lock: DiskLock,
    isClean: boolean,
  ) {
    const { disk, directory, clock, random, log, slabs } = settings
    this.clusterId = identity.clusterId
    this.nodeId = identity.nodeId
    this.directoryId = identity.directoryId
    this.lock = lock
    this.onLost = settings.onLost
    const schedule = (writer: LogWriter): void => {
      if (this.touched.push(writer) === 1) clock.soon(() => this.writeTouched())
    }
    this.removals = new Removals(disk, clock, log, options.delaysRemoval)
    const hurry = (isFull: boolean): void => this.removals.hurry(isFull)
    this.shares = {
      disk,
      directory,
      log,
      random,
      fullDisk: new FullDisk({ disk, directory, clock, log, hurry }),
      files: new OpenFiles(disk, options.openFiles),
      tailCache: new TailCache(options.tailCacheBytes, slabs),
      slabs,
      writes: {
        clock,
        syncSlots: new Slots(SYNC_SLOTS),
        pace: new WritePace(options, clock),
        schedule,
      },
      progressed: (partitionLog) => this.checkpointer.progressed(partitionLog),
    }
    this.checkpointer = new Checkpointer(this.shares, clock, options.checkpointIntervalMs)
    this.catalog = new LogCatalog(this.shares, this.checkpointer, this.removals, isClean)
    this.shares.fullDisk.serve(this.catalog)
    this.deletion = new LogDeletion(this.shares, this.checkpointer, this.removals)
    this.compaction = new LogCompaction(this.shares, this.checkpointer, this.removals)
    this.producerExpiry = new ProducerExpiry(this.catalog, clock)
  }

  /** In a new folder makes the checkpoint that tells a log which came later from one whose recovery point is lost. Logs that are gone must not be remembered as those that come after them. */
  async prepare(): Promise<this> {
    const { recoveryPoints, logStarts, cleanedTo } = this.checkpointer
    const { isEmpty, hasForgotten } = this.catalog
    if ((isEmpty && !recoveryPoints.wasThere) || hasForgotten) await recoveryPoints.save()
    if (hasForgotten) await logStarts.save()
    if (hasForgotten && cleanedTo.wasThere) await cleanedTo.save()
    return this
  }

  /** The folder is another's: what it holds is not ours to tell or to change. */
  lose(reason: string): void {
    const { log, directory } = this.shares
    const lost = new StorageError(`${directory} is no longer this broker's: ${reason}`)
    this.lost = lost
    log.error({ folder: directory }, `${lost.message} Nothing is written there any more.`)
    for (const partitionLog of this.catalog.logs.values()) {
      partitionLog.offline ??= lost
      partitionLog.isDoubtful = true
      partitionLog.end(rejected(lost))
    }
    void this.removals.close()
    void this.shares.fullDisk.close()
    this.onLost?.(lost)
  }

  kafkaMetadata(folder = this.shares.directory): KafkaMetadataLog | undefined {
    const { disk, log } = this.shares
    try {
      return readKafkaMetadataLog(disk, folder, log)
    } catch (error) {
      throw asStorageError(error)
    }
  }

  async create(logs: readonly LogSpec[]): Promise<void> {
    if (this.lost) throw this.lost
    await this.catalog.create(logs)
  }

  async list(): Promise<LogSpec[]> {
    return this.catalog.list()
  }

  async configure(id: LogId, config: LogConfig): Promise<void> {
    this.catalog.get(id)?.configure(config)
  }

  async delete(id: LogId): Promise<void> {
    try {
      await this.catalog.delete(id)
    } catch (error) {
      throw asStorageError(error)
    }
  }

  append(appends: readonly Append[], options?: { atomic?: boolean }): Promise<AppendOutcome[]> {
    if (this.isClosed) return Promise.resolve(appends.map(() => CLOSED))
    if (this.lost) return Promise.resolve(appends.map(() => rejected(this.lost!)))
    const commit = new Commit()
    if (options?.atomic && appends.length > 1) appendAtomic(this.catalog, appends, commit)
    else appendEach(this.catalog, appends, commit)
    this.shares.tailCache.trim()
    return commit.whenDone()
  }

  read(wants: readonly Want[], limits: ReadLimits): ReadResult | Promise<ReadResult> {
    return new EngineRead(this.catalog, wants, limits).run()
  }

  offsets(id: LogId): LogOffsets | undefined {
    return this.catalog.get(id)?.offsets()
  }

  async offsetForTimestamp(id: LogId, timestamp: number): Promise<TimestampOffset | undefined> {
    const log = this.catalog.get(id)
    return log && searching(log, () => findTimestamp(log, timestamp))
  }

  async offsetOfMaxTimestamp(id: LogId): Promise<TimestampOffset | undefined> {
    const log = this.catalog.get(id)
    return log && searching(log, () => findMaxTimestamp(log))
  }

  epochAt(id: LogId, offset: number): number {
    return this.catalog.get(id)?.epochs.at(offset) ?? -1
  }

  epochEnd(id: LogId, epoch: number): { epoch: number; endOffset: number } | undefined {
    const log = this.catalog.get(id)
    return log?.epochs.endOf(epoch, log.highWatermark.offset)
  }

  segments(id: LogId): SegmentStart[] {
    const segments = this.catalog.get(id)?.segments ?? []
    return segments.map((segment) => {
      segment.loadMaxTimestamp()
      return { baseOffset: segment.baseOffset, maxTimestamp: segment.maxTimestamp }
    })
  }

  producers(id: LogId): ProducerEntry[] {
    return this.catalog.get(id)?.producers.entries() ?? []
  }

  async truncateBefore(id: LogId, offset: number): Promise<number> {
    const log = this.catalog.get(id)
    if (!log) throw new StorageError(`There is no log ${id}.`)
    try {
      return await this.deletion.truncateBefore(log, offset)
    } catch (error) {
      throw asStorageError(error)
    }
  }

  async applyRetention(id: LogId, now: number): Promise<void> {
    const log = this.catalog.get(id)
    try {
      if (log) await this.deletion.applyRetention(log, now)
    } catch (error) {
      // It was deleted or closed meanwhile.
      if (log?.isEnded && !log.offline) return
      throw asStorageError(error)
    }
  }

  dirtiness(id: LogId, now: number): Dirtiness | undefined {
    const log = this.catalog.get(id)
    return log && this.compaction.dirtinessOf(log, now)
  }

  async compact(
    id: LogId,
    now: number,
    limits?: Partial<CompactionLimits>,
  ): Promise<Compaction | undefined> {
    const log = this.catalog.get(id)
    return log && !this.isClosed ? this.compaction.compact(log, now, limits) : undefined
  }

  async flush(id: LogId): Promise<void> {
    await this.catalog.get(id)?.writer.settled(true)
  }

  size(id: LogId): number {
    return this.catalog.get(id)?.size ?? 0
  }

  async place(): Promise<StorePlace> {
    const { disk, directory } = this.shares
    try {
      return { path: directory, ...(await disk.space(directory)) }
    } catch (error) {
      throw asStorageError(error)
    }
  }

  async own(id: LogId): Promise<{ ownerEpoch: number; replay: () => AsyncIterable<BatchView> }> {
    const log = await this.catalog.reopened(id)
    if (log.refusal) throw log.refusal
    try {
      const ownerEpoch = log.own()
      // What the owner before has appended is either visible to the replay, or has failed.
      await log.writer.settled(log.config.flushMessages === 1)
      return { ownerEpoch, replay: () => replay(log, this.shares.log) }
    } catch (error) {
      throw asStorageError(error)
    }
  }

  watch(id: LogId, listener: () => void): () => void {
    return this.catalog.watch(id, listener)
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.producerExpiry.close()
    const { disk, directory } = this.shares
    try {
      await this.compaction.close()
      await this.shares.fullDisk.close()
      await this.catalog.close()
      await this.removals.close()
      const logs = [...this.catalog.logs.values()]
      if (this.lost) return void (await this.checkpointer.close([]).catch(() => undefined))
      const isClean = await this.checkpointer.close(logs)
      for (const log of logs) log.end(CLOSED)
      const marker = `${directory}/${CLEAN_MARKER}`
      if (isClean) await disk.replaceFile(marker, Buffer.from(CLEAN_MARKER_CONTENT))
    } catch (error) {
      throw asStorageError(error)
    } finally {
      this.lock.release()
    }
  }

  private writeTouched(): void {
    const { touched } = this
    this.touched = []
    this.shares.writes.pace.beginTurn()
    for (const writer of touched) writer.write()
  }
}

function rejected({ message }: StorageError): AppendOutcome {
  return { kind: 'rejected', error: 'KAFKA_STORAGE_ERROR', message }
}
