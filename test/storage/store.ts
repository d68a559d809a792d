/** What the tests of the file engine share: one log on a memory disk, and batches for it. */

import { ManualClock } from '../../src/clock.ts'
import { batchesIn, type BatchView } from '../../src/protocol/records/batch-view.ts'
import { buildBatch } from '../../src/protocol/records/batch-builder.ts'
import { iterateRecords } from '../../src/protocol/records/record-iterator.ts'
import {
  type AppendOutcome,
  defaultLogConfig,
  type LogConfig,
  type LogId,
  type LogSpec,
  logId,
} from '../../src/storage/engine.ts'
import type { EngineLog } from '../../src/storage/file/engine-shares.ts'
import {
  type FileEngine,
  type FileEngineOptions,
  openFileEngine,
} from '../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../src/storage/file/memory-disk.ts'

export const DIRECTORY = '/data'
export const TOPIC_ID = 'store0000000000000000A'
export const LOG = logId(TOPIC_ID, 0)

export function specOf(partitionIndex: number, config: Partial<LogConfig> = {}): LogSpec {
  return {
    topic: 'store',
    topicId: TOPIC_ID,
    partitionIndex,
    config: { ...defaultLogConfig, ...config },
  }
}

export class Store {
  readonly clock = new ManualClock()
  disk = new MemoryDisk({ clock: this.clock })
  /** What the engine has logged. */
  readonly lines: string[] = []
  engine!: FileEngine
  private readonly options: Partial<FileEngineOptions>

  constructor(options: Partial<FileEngineOptions> = {}) {
    this.options = options
  }

  async open(config: Partial<LogConfig> = {}, partitions = 1): Promise<this> {
    const add = (_context: object, text: string): void => void this.lines.push(text)
    const log: EngineLog = { info: add, warn: add, error: add }
    this.engine = await openFileEngine({
      disk: this.disk,
      directory: DIRECTORY,
      clock: this.clock,
      log,
      options: this.options,
    })
    await this.engine.create(Array.from({ length: partitions }, (_, i) => specOf(i, config)))
    return this
  }

  async kill(config: Partial<LogConfig> = {}): Promise<void> {
    this.disk = this.disk.kill()
    await this.open(config)
  }

  async append(value: string, log = LOG): Promise<AppendOutcome> {
    const [outcome] = await this.engine.append([{ log, batch: batchOf(value) }])
    return outcome!
  }

  async values(log: LogId = LOG): Promise<string[]> {
    const values: string[] = []
    for (let offset = this.engine.offsets(log)!.logStartOffset; ; ) {
      const want = { log, offset, maxBytes: 1 << 20 }
      const { reads } = await this.engine.read([want], { maxBytes: 1 << 20, firstWhole: true })
      if (reads[0]!.error) throw new Error(reads[0]!.error)
      if (reads[0]!.size === 0) return values
      for (const batch of batchesIn(Buffer.concat(reads[0]!.buffers))) {
        for (const record of iterateRecords(batch)) values.push(String(record.value))
        offset = batch.nextOffset
      }
    }
  }

  file(name: string, folder = 'store-0'): Buffer {
    return this.disk.readFile(`${DIRECTORY}/${folder}/${name}`)!
  }

  overwrite(name: string, bytes: Buffer, folder = 'store-0'): void {
    this.disk.writeFile(`${DIRECTORY}/${folder}/${name}`, bytes)
  }
}

/** Lets everything go on that waits for nothing but the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export function batchOf(value: string, timestamp = 1000): BatchView {
  return buildBatch([{ key: null, value: Buffer.from(value), timestamp }])
}
