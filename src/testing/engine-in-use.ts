/** An engine as the contract's cases use it, and the batches that they append. */

import { equal } from 'node:assert/strict'
import { type BatchOptions, buildBatch } from '../protocol/records/batch-builder.ts'
import { batchesIn, type BatchView } from '../protocol/records/batch-view.ts'
import { iterateRecords } from '../protocol/records/record-iterator.ts'
import {
  type AppendOutcome,
  defaultLogConfig,
  type LogConfig,
  type LogId,
  type LogOffsets,
  type LogSpec,
  logId,
  type ReadLimits,
  type StorageEngine,
  type Want,
} from '../storage/engine.ts'

export interface EngineUnderTest {
  readonly engine: StorageEngine
  /** Ends the engine, by `close` or as kill -9 does, and opens one over the same store. */
  restart(how: 'close' | 'kill'): Promise<EngineUnderTest>
  /** Takes the store away. */
  dispose(): Promise<void>
}

export type Check = (use: EngineInUse) => Promise<void>
export type RestartCheck = (use: EngineInUse, how: 'close' | 'kill') => Promise<void>

export const TOPIC_ID = 'contract0000000000000A'
export const OTHER_TOPIC_ID = 'contract0000000000000Q'
export const LOG = logId(TOPIC_ID, 0)
export const NO_LIMITS: ReadLimits = { maxBytes: 1 << 30, firstWhole: true }

/** The engine of a case, and what most cases do with it. */
export class EngineInUse {
  private under: EngineUnderTest

  constructor(under: EngineUnderTest) {
    this.under = under
  }

  get engine(): StorageEngine {
    return this.under.engine
  }

  async create(
    partitionIndex = 0,
    config: Partial<LogConfig> = {},
    topicId = TOPIC_ID,
  ): Promise<LogId> {
    await this.engine.create([specOf(partitionIndex, config, topicId)])
    return logId(topicId, partitionIndex)
  }

  async restart(how: 'close' | 'kill', config: Partial<LogConfig> = {}): Promise<void> {
    this.under = await this.under.restart(how)
    await this.create(0, config)
  }

  async append(log: LogId, ...batches: BatchView[]): Promise<AppendOutcome[]> {
    return this.engine.append(batches.map((batch) => ({ log, batch })))
  }

  async read(want: Partial<Want>, limits: Partial<ReadLimits> = {}) {
    const whole = { log: LOG, offset: 0, maxBytes: 1 << 30, ...want }
    const { reads } = await this.engine.read([whole], { ...NO_LIMITS, ...limits })
    return reads[0]!
  }

  /** Of a log that is there. */
  offsets(log = LOG): LogOffsets {
    const offsets = this.engine.offsets(log)
    if (!offsets) throw new Error(`There is no log ${log}.`)
    return offsets
  }

  /** The values from an offset on, as many as one read after another gives. */
  async values(log = LOG, from = 0): Promise<string[]> {
    const values: string[] = []
    for (let offset = from; ; ) {
      const { buffers, error } = await this.read({ log, offset })
      equal(error, undefined)
      if (buffers.length === 0) return values
      for (const batch of batchesIn(Buffer.concat(buffers))) {
        for (const record of iterateRecords(batch)) {
          if (record.offset >= offset) values.push(String(record.value))
        }
        offset = batch.nextOffset
      }
    }
  }

  dispose(): Promise<void> {
    return this.under.dispose()
  }
}

export function specOf(
  partitionIndex: number,
  config: Partial<LogConfig>,
  topicId: string,
): LogSpec {
  return { topic: 'contract', topicId, partitionIndex, config: { ...defaultLogConfig, ...config } }
}

/** A batch of records with these values; each has the time of its place, or the given one. */
export function batchOf(
  values: readonly string[],
  options: BatchOptions & { times?: number[] } = {},
): BatchView {
  const { times, ...rest } = options
  const records = values.map((value, i) => ({
    key: null,
    value: Buffer.from(value),
    timestamp: times?.[i] ?? 1_000 + i,
  }))
  return buildBatch(records, rest)
}

export function produced(value: string, baseSequence: number, producerEpoch = 0): BatchView {
  return batchOf([value], { producerId: 7, producerEpoch, baseSequence })
}

export function offsetsOf(outcomes: readonly AppendOutcome[]): (number | string)[] {
  return outcomes.map((outcome) =>
    outcome.kind === 'appended' || outcome.kind === 'duplicate'
      ? outcome.baseOffset
      : outcome.kind === 'rejected'
        ? outcome.error
        : outcome.kind,
  )
}
