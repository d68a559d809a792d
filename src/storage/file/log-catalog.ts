/** Which logs the data folder holds: makes them, opens them, and takes them away. */

import type { Random } from '../../random.ts'
import {
  type AppendOutcome,
  defaultLogConfig,
  type LogId,
  type LogSpec,
  logId,
  StorageError,
} from '../engine.ts'
import type { Checkpointer } from './checkpointer.ts'
import { Coalesced } from './coalesced.ts'
import type { EngineShares } from './engine-shares.ts'
import { cutBack } from './full-disk.ts'
import {
  DELETED_SUFFIX,
  decodePartitionMetadata,
  folderName,
  isDeletedFolder,
  KAFKA_METADATA_FOLDER,
  PARTITION_METADATA,
  parseFolderName,
  retiredName,
  STRAY_SUFFIX,
} from './log-folder.ts'
import { PartitionLog } from './partition-log.ts'
import { newLog, openLog } from './recovery.ts'
import type { Removals } from './removals.ts'

/** How many logs are checked at the same time after an unclean stop. */
const OPENED_AT_ONCE = 4
const GONE: AppendOutcome = {
  kind: 'rejected',
  error: 'UNKNOWN_TOPIC_OR_PARTITION',
  message: 'The log was deleted.',
}

export class LogCatalog {
  readonly logs = new Map<LogId, PartitionLog>()
  /** The checkpoints' files know more than there is. */
  hasForgotten = false
  private readonly shares: EngineShares
  private readonly checkpointer: Checkpointer
  private readonly removals: Removals
  private readonly random: Random
  private readonly isClean: boolean
  /** Topic ids by folder name, of folders that are there; `undefined` where the folder does not say. */
  private readonly folders = new Map<string, string | undefined>()
  private readonly opening = new Map<LogId, Promise<void>>()
  private readonly watchers = new Map<LogId, Set<() => void>>()
  /** What the last failed read of a log was told to have failed of. */
  private readonly toldOf = new WeakMap<PartitionLog, string>()
  private readonly syncingRoot: Coalesced

  constructor(
    shares: EngineShares,
    checkpointer: Checkpointer,
    removals: Removals,
    isClean: boolean,
  ) {
    this.shares = shares
    this.checkpointer = checkpointer
    this.removals = removals
    this.random = shares.random
    this.isClean = isClean
    this.syncingRoot = new Coalesced(() => shares.disk.syncDirectory(shares.directory))
    this.look()
  }

  /** Whether the data folder has no log. */
  get isEmpty(): boolean {
    return this.folders.size === 0
  }

  get(id: LogId): PartitionLog | undefined {
    return this.logs.get(id)
  }

  list(): LogSpec[] {
    const specs = [...this.logs.values()].map(({ spec }) => spec)
    const opened = new Set(
      specs.map(({ topic, partitionIndex }) => folderName(topic, partitionIndex)),
    )
    for (const [name, topicId] of this.folders) {
      if (topicId === undefined || opened.has(name)) continue
      specs.push({ ...parseFolderName(name)!, topicId, config: defaultLogConfig })
    }
    return specs
  }

  async create(specs: readonly LogSpec[]): Promise<void> {
    const queue = specs.values()
    const failures: unknown[] = []
    const openRest = async (): Promise<void> => {
      for (const spec of queue) {
        try {
          await this.open(spec)
        } catch (error) {
          failures.push(error)
        }
      }
    }
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, openRest))
    if (failures.length > 0) throw asStorageError(failures[0])
  }

  /** The log, opened anew if a failed write took it offline. Rejects with `StorageError` when it is not there or stays offline. */
  async reopened(id: LogId): Promise<PartitionLog> {
    const log = this.logs.get(id)
    if (!log) throw new StorageError(`There is no log ${id}.`)
    if (!log.offline) return log
    await this.create([log.spec])
    return this.logs.get(id)!
  }

  async delete(id: LogId): Promise<void> {
    await this.opening.get(id)
    const log = this.logs.get(id)
    const name = log?.name ?? this.folderOf(id)
    if (name === undefined) return
    if (log) {
      log.isDeleted = true
      this.logs.delete(id)
      log.end(GONE)
    }
    this.watchers.delete(id)
    const retired = this.folders.has(name) ? this.retire(name, DELETED_SUFFIX) : undefined
    await Promise.all([this.syncingRoot.run(), this.checkpointer.forget(log, name)])
    // As long as the checkpoints know the log, its folder tells that it was deleted and is not lost.
    if (retired === undefined) return
    const { fileDeleteDelayMs } = log?.config ?? defaultLogConfig
    this.removals.folder(`${this.shares.directory}/${retired}`, fileDeleteDelayMs)
  }

  /** Says so once: whoever reads there tries again and again. */
  couldNotRead(log: PartitionLog, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause)
    if (this.toldOf.get(log) === text) return
    this.toldOf.set(log, text)
    this.shares.log.error({ err: cause, folder: log.folder }, 'A log could not be read.')
  }

  watch(id: LogId, listener: () => void): () => void {
    const listeners = this.watchersOf(id)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** Resolved: no log is being opened any more. */
  async close(): Promise<void> {
    await Promise.all(this.opening.values())
  }

  /** Finds the folders, and removes those of deleted logs: their time has passed while nobody was here. */
  private look(): void {
    const { disk, directory } = this.shares
    const deleted = new Set<string>()
    for (const { name, isDirectory } of disk.list(directory) ?? []) {
      if (!isDirectory || name === KAFKA_METADATA_FOLDER) continue
      if (isDeletedFolder(name)) {
        deleted.add(name.slice(0, name.lastIndexOf('.')))
        this.removals.folder(`${directory}/${name}`, 0)
      } else if (parseFolderName(name)) {
        const metadata = disk.readFile(`${directory}/${name}/${PARTITION_METADATA}`)
        this.folders.set(name, decodePartitionMetadata(metadata))
      }
    }
    this.forgetLost(deleted)
  }

  /** Drops what the checkpoints know of logs that have no folder, and says of which nobody has deleted it. */
  private forgetLost(deleted: ReadonlySet<string>): void {
    const { recoveryPoints, logStarts, endSizes, cleanedTo } = this.checkpointer
    for (const { offsets } of [recoveryPoints, logStarts, endSizes, cleanedTo]) {
      for (const [name, offset] of offsets) {
        if (this.folders.has(name)) continue
        offsets.delete(name)
        this.hasForgotten = true
        if (offsets !== recoveryPoints.offsets || offset === 0 || deleted.has(name)) continue
        this.shares.log.error(
          { folder: `${this.shares.directory}/${name}`, recoveryPoint: offset },
          `${name} had records up to ${offset}; its folder is gone.`,
        )
      }
    }
  }

  private open(spec: LogSpec): Promise<void> {
    const id = logId(spec.topicId, spec.partitionIndex)
    const log = this.logs.get(id)
    if (log && !log.offline) {
      log.configure(spec.config)
      raiseEpoch(log, spec)
      return Promise.resolve()
    }
    if (log?.isDoubtful) return Promise.reject(doubtful(log))
    let opening = this.opening.get(id)
    if (!opening) {
      opening = this.openFolder(id, spec).finally(() => this.opening.delete(id))
      this.opening.set(id, opening)
    }
    return opening
  }

  private async openFolder(id: LogId, spec: LogSpec): Promise<void> {
    const { shares, folders } = this
    const name = folderName(spec.topic, spec.partitionIndex)
    const folder = `${shares.directory}/${name}`
    await this.setAsideOther(name, spec.topicId)
    const isThere = folders.has(name)
    const before = this.logs.get(id)
    await before?.settled()
    if (before?.isDoubtful) throw doubtful(before)
    if (before && isThere) cutBack(before, shares.disk)
    const opened = isThere
      ? await openLog(
          spec,
          folder,
          {
            isClean: this.isClean && !before,
            recoveryPoint: this.checkpointer.recoveryPointOf(name),
            logStartOffset: this.checkpointer.logStarts.offsets.get(name),
            isCleaned: this.checkpointer.cleanedTo.offsets.has(name),
            endSize: this.checkpointer.endSizes.offsets.get(name),
          },
          shares,
        )
      : newLog(spec, folder, shares)
    if (isThere) await this.lowerRecoveryPoint(name, opened.logEndOffset)
    if (isThere) await this.raiseLogStart(name, opened.logStartOffset)
    const log = new PartitionLog(opened, this.watchersOf(id), shares)
    log.onFolder = () => folders.set(name, spec.topicId)
    if (isThere) {
      folders.set(name, spec.topicId)
      const { isClean } = opened
      if (before) log.resume(before)
      else if (!isClean) log.beginEpoch(log.leaderEpoch + 1)
      if (!isClean && spec.config.flushMessages === 1) await log.writer.settled(true)
    } else if (!spec.lazy) {
      log.makeFolder()
    }
    raiseEpoch(log, spec)
    this.logs.set(id, log)
    shares.fullDisk.refuse(log)
    shares.progressed(log)
    log.notify()
  }

  /** A log that has lost synced records: others will take their offsets, and are not to be taken for them. */
  private async lowerRecoveryPoint(name: string, logEndOffset: number): Promise<void> {
    const { recoveryPoints, cleanedTo } = this.checkpointer
    if ((cleanedTo.offsets.get(name) ?? 0) > logEndOffset) {
      cleanedTo.offsets.set(name, logEndOffset)
      await cleanedTo.save()
    }
    if ((recoveryPoints.offsets.get(name) ?? 0) <= logEndOffset) return
    recoveryPoints.offsets.set(name, logEndOffset)
    await recoveryPoints.save()
  }

  /** A log that has lost its first segments: the start that is known is one that is there. */
  private async raiseLogStart(name: string, logStartOffset: number): Promise<void> {
    const { logStarts } = this.checkpointer
    if ((logStarts.offsets.get(name) ?? Infinity) >= logStartOffset) return
    logStarts.offsets.set(name, logStartOffset)
    await logStarts.save()
  }

  /** A folder of this name that is another topic's was to be deleted, and is not: it is kept out of the way, for whoever wonders. */
  private async setAsideOther(name: string, topicId: string): Promise<void> {
    const found = this.folders.get(name)
    if (found === undefined || found === topicId) return
    const retired = this.retire(name, STRAY_SUFFIX)
    this.shares.log.warn(
      { folder: name, topicId: found, retired },
      "Set aside another topic's log.",
    )
    await this.checkpointer.forget(undefined, name)
  }

  private retire(name: string, suffix: string): string {
    const { disk, directory } = this.shares
    const retired = retiredName(name, this.random.bytes(16).toString('hex'), suffix)
    disk.rename(`${directory}/${name}`, `${directory}/${retired}`)
    this.folders.delete(name)
    return retired
  }

  private folderOf(id: LogId): string | undefined {
    for (const [name, topicId] of this.folders) {
      if (topicId && logId(topicId, parseFolderName(name)!.partitionIndex) === id) return name
    }
    return undefined
  }

  private watchersOf(id: LogId): Set<() => void> {
    let watchers = this.watchers.get(id)
    if (!watchers) {
      watchers = new Set()
      this.watchers.set(id, watchers)
    }
    return watchers
  }
}

function raiseEpoch(log: PartitionLog, { leaderEpoch = 0 }: LogSpec): void {
  if (log.leaderEpoch < leaderEpoch) log.beginEpoch(leaderEpoch)
}

function doubtful({ folder, offline }: PartitionLog): StorageError {
  const text = `A sync of ${folder} failed: what the disk holds is known after a new start only.`
  return new StorageError(text, { cause: offline })
}

export function asStorageError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  return new StorageError(`The disk failed: ${text}`, { cause })
}
