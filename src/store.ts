/** Chooses and opens the storage engine: files in a folder, or memory. */

import type { Logger } from 'pino'
import { BrokerError } from './broker-error.ts'
import type { BrokerConfig } from './broker/config/broker-config.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import type { SlabPool } from './slab-pool.ts'
import { StorageError, type StorageEngine } from './storage/engine.ts'
import { FolderHeld } from './storage/file/disk.ts'
import { openFileEngine } from './storage/file/file-engine.ts'
import { NodeDisk } from './storage/file/node-disk.ts'
import { openMemoryEngine } from './storage/memory/memory-engine.ts'

export interface Store {
  engine: StorageEngine
  clusterId: string
}

export interface StoreSettings {
  config: BrokerConfig
  /** An absolute path; undefined for memory. */
  folder: string | undefined
  clock: Clock
  random: Random
  log: Logger
  slabs: SlabPool
}

/** Rejects with BrokerError when the folder is somebody else's, or cannot be used. */
export async function openStore({
  config,
  folder,
  clock,
  random,
  log,
  slabs,
}: StoreSettings): Promise<Store> {
  const options = {
    nodeId: config.get('node.id'),
    tailCacheBytes: config.get('odradek.tail.cache.bytes'),
  }
  const settings = { clock, random, log, slabs, options }
  if (folder === undefined) {
    const engine = await openMemoryEngine(settings)
    return { engine, clusterId: engine.clusterId }
  }
  try {
    const engine = await openFileEngine({
      ...settings,
      disk: new NodeDisk(clock),
      directory: folder,
    })
    return { engine, clusterId: engine.clusterId }
  } catch (error) {
    throw folderFailure(folder, error)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
}

function folderFailure(folder: string, error: unknown): unknown {
  if (error instanceof FolderHeld) {
    return new BrokerError(
      'FOLDER_IN_USE',
      `${error.message} Stop it, or choose another folder for the data.`,
      { cause: error },
    )
  }
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? '']
  if (reason !== undefined) {
    return new BrokerError(
      'FOLDER_NOT_USABLE',
      `The data folder ${folder} cannot be used: ${reason}. Choose another, or keep the data in memory.`,
      { cause: error },
    )
  }
  if (!(error instanceof StorageError)) return error
  return new BrokerError('FOLDER_NOT_USABLE', error.message, { cause: error })
}
