/** What the logs of one file engine share. */

import type { SlabPool } from '../../slab-pool.ts'
import type { Random } from '../../random.ts'
import type { Disk } from './disk.ts'
import type { FullDisk } from './full-disk.ts'
import type { WriteShares } from './log-writer.ts'
import type { OpenFiles } from './open-files.ts'
import type { PartitionLog } from './partition-log.ts'
import type { TailCache } from './tail-cache.ts'

/** The part of a logger that the engine writes to. */
export interface EngineLog {
  info(context: object, text: string): void
  warn(context: object, text: string): void
  error(context: object, text: string): void
}

export interface EngineShares {
  readonly disk: Disk
  /** The data folder. */
  readonly directory: string
  readonly files: OpenFiles
  readonly tailCache: TailCache
  readonly slabs: SlabPool
  readonly writes: WriteShares
  readonly log: EngineLog
  readonly random: Random
  readonly fullDisk: FullDisk
  /** Bytes of a log were written or synced. */
  progressed(log: PartitionLog): void
}
