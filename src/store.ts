/** Chooses and opens the storage engine: files in a folder, or memory. */

import { accessSync, constants, type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BrokerError, type BrokerErrorCode } from './broker-error.ts'
import type { KafkaMetadataLog } from './broker/cluster/cluster.ts'
import type { BrokerConfig } from './broker/config/broker-config.ts'
import { memoryLimit } from './broker/memory.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Random } from './random.ts'
import type { SlabPool } from './slab-pool.ts'
import { socketPresence } from './socket-presence.ts'
import { StorageError, type StorageEngine } from './storage/engine.ts'
import { FolderHeld, isFull } from './storage/file/disk.ts'
import { openFileEngine } from './storage/file/file-engine.ts'
import { KAFKA_METADATA_FOLDER, parseFolderName } from './storage/file/log-folder.ts'
import { META_PROPERTIES } from './storage/file/meta-properties.ts'
import { NodeDisk } from './storage/file/node-disk.ts'
import { openMemoryEngine } from './storage/memory/memory-engine.ts'

export interface Store {
  engine: StorageEngine
  /** Reads the metadata log that Kafka has left in the folder. */
  kafkaMetadata: (() => KafkaMetadataLog | undefined) | undefined
  clusterId: string
  folder: string | undefined
  /** Resolves if another process has taken the folder: nothing can be read or written any more. */
  lost: Promise<BrokerError>
}

export interface StoreSettings {
  config: BrokerConfig
  /** An absolute path; undefined for memory. */
  folder: string | undefined
  /** What a new folder is to belong to, and one that is there must. */
  clusterId?: string | undefined
  clock: Clock
  random: Random
  log: Logger
  slabs: SlabPool
}

/** With more unsynced than this share of what the machine lets us use of its memory, the system might make a write wait, which then is not done on the loop. */
const DIRTY_SHARE = 1 / 4
const LEAST_DIRTY_LIMIT_BYTES = 256 * 1024 * 1024
const SHORTEST_CHECKPOINT_MS = 100
const LONGEST_CHECKPOINT_MS = 10_000

/** Rejects with BrokerError when the folder is somebody else's, or cannot be used. */
export async function openStore(given: StoreSettings): Promise<Store> {
  const { config, folder, clusterId, clock, random, log, slabs } = given
  const options = {
    ...(clusterId === undefined ? {} : { clusterId }),
    nodeId: config.get('node.id'),
    tailCacheBytes: config.get('odradek.tail.cache.bytes'),
    checkpointIntervalMs: checkpointIntervalOf(config),
    dirtyLimitBytes: Math.max(memoryLimit(0) * DIRTY_SHARE, LEAST_DIRTY_LIMIT_BYTES),
  }
  const settings = { clock, random, log, slabs, options }
  if (folder === undefined) {
    const engine = await openMemoryEngine(settings)
    const { clusterId: id } = engine
    return { engine, kafkaMetadata: undefined, clusterId: id, folder, lost: new Promise(() => {}) }
  }
  try {
    checkAccess(folder)
    const disk = new NodeDisk(clock, { presence: socketPresence, log })
    let onLost = (_error: StorageError): void => {}
    const lost = new Promise<BrokerError>((resolve) => {
      onLost = (error) => resolve(new BrokerError('FOLDER_LOST', error.message, { cause: error }))
    })
    const engine = await openFileEngine({ ...settings, disk, directory: folder, onLost })
    const metadataFolder = config.get('metadata.log.dir') ?? folder
    const kafkaMetadata = () => {
      const { directoryId } = engine
      const found = engine.kafkaMetadata(resolve(metadataFolder))
      return found && { ...found, directoryId }
    }
    return { engine, kafkaMetadata, clusterId: engine.clusterId, folder, lost }
  } catch (error) {
    throw asFolderError('FOLDER_NOT_USABLE', folder, error)
  }
}

/** The id of the node that a folder was made for, as its file has it; undefined where there is none that could be. */
export function nodeIdOf(folder: string): string | undefined {
  try {
    const text = readFileSync(join(folder, META_PROPERTIES), 'utf8')
    return /^\s*node\.id\s*=\s*(\d{1,10})\s*$/m.exec(text)?.[1]
  } catch {
    // Whether the folder can be used is seen when it is opened.
    return undefined
  }
}

/** Kafka's minute is more than a start should have to check; a shorter time holds as it is. */
function checkpointIntervalOf(config: BrokerConfig): number {
  const asked = config.get('log.flush.offset.checkpoint.interval.ms')
  return Math.min(Math.max(asked, SHORTEST_CHECKPOINT_MS), LONGEST_CHECKPOINT_MS)
}

/** What another user has made there is found at once, and not when something is first to be written to it. */
function checkAccess(folder: string): void {
  const { R_OK, W_OK, X_OK } = constants
  for (const entry of entriesOf(folder)) {
    if (!entry.isDirectory() || !parseFolderName(entry.name)) continue
    // Kafka takes the right to write from its snapshots; nothing is written there.
    if (entry.name === KAFKA_METADATA_FOLDER) continue
    const log = join(folder, entry.name)
    accessSync(log, R_OK | W_OK | X_OK)
    for (const file of entriesOf(log)) accessSync(join(log, file.name), R_OK | W_OK)
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
}

/** What the folder's trouble is for whoever started the broker; what is no trouble of a folder stays as it is. */
export function asFolderError(
  code: BrokerErrorCode,
  folder: string | undefined,
  error: unknown,
): unknown {
  if (error instanceof FolderHeld) {
    const advice = 'Stop it, or choose another folder for the data.'
    return new BrokerError('FOLDER_IN_USE', `${error.message} ${advice}`, { cause: error })
  }
  const place = folder ?? 'in memory'
  if (error instanceof StorageError) {
    const text =
      code === 'FOLDER_NOT_CLOSED'
        ? `The data folder ${place} could not be closed, and the next start checks its logs. ${error.message}`
        : error.message
    return new BrokerError(code, text, { cause: error })
  }
  const reason = folder === undefined ? undefined : reasonOf(folder, error)
  if (reason === undefined) return error
  const advice = isFull(error)
    ? 'Make room there: a start needs a little, and then retention and deletions free more.'
    : 'Choose another, or keep the data in memory.'
  return new BrokerError(code, `The data folder ${place} cannot be used: ${reason}. ${advice}`, {
    cause: error,
  })
}

function reasonOf(folder: string, error: unknown): string | undefined {
  const { code = '', path, syscall } = error as NodeJS.ErrnoException
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    if (isFile(folder)) return 'it is a file'
  }
  if (code === 'ENOENT' && syscall === 'mkdir') return 'no folder can be made there'
  const reason = REASONS[code]
  if (reason === undefined) return undefined
  const isInside = path !== undefined && path.startsWith(join(folder, '/')) && !isLock(path)
  return isInside ? `${reason} for ${path}` : reason
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Nobody knows of this file. */
function isLock(path: string): boolean {
  return /[/\\]\.lock[^/\\]*$/.test(path)
}
