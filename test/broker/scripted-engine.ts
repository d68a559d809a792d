/** A storage engine of arrays, none of whose work is done at once, and whose appends and creations a test can hold back, let fail and count. */

import { BatchView } from '../../src/protocol/records/batch-view.ts'
import {
  type Append,
  type AppendOutcome,
  type Compaction,
  type Dirtiness,
  type LogConfig,
  type LogId,
  type LogOffsets,
  type LogSpec,
  logId,
  type ReadResult,
  StorageError,
  type StorageEngine,
  type StorePlace,
  type Want,
} from '../../src/storage/engine.ts'

interface StoredLog {
  spec: LogSpec
  batches: BatchView[]
  start: number
  end: number
  ownerEpoch: number
}

type Refusal = 'fenced' | 'rejected' | 'throws'

export class ScriptedEngine implements StorageEngine {
  readonly logs = new Map<LogId, StoredLog>()
  /** The batches of each call of `append`, in their order. */
  readonly calls: Append[][] = []
  /** What has been created and deleted, in order. */
  readonly events: string[] = []
  private readonly opened = new Set<LogId>()
  private held: (() => void)[] | undefined
  private refusals: Refusal[] = []
  private failingCreate: RegExp | undefined
  private failingOwn = false
  private failingTruncate = false

  /** Appends wait until `release`. */
  hold(): void {
    this.held = []
  }

  /** Lets the appends that wait, or only the first of them, go on. Later ones are no longer held with the former. */
  release(): void {
    const waiting = this.held ?? []
    this.held = undefined
    for (const go of waiting) go()
  }

  releaseOne(): void {
    this.held?.shift()?.()
  }

  get waiting(): number {
    return this.held?.length ?? 0
  }

  /** The next append is refused like this; `throws` after the records are stored, as a disk may fail. */
  refuseNext(refusal: Refusal): void {
    this.refusals.push(refusal)
  }

  failCreating(topic: RegExp | undefined): void {
    this.failingCreate = topic
  }

  failOwning(fails: boolean): void {
    this.failingOwn = fails
  }

  failTruncating(fails: boolean): void {
    this.failingTruncate = fails
  }

  /** As after a restart: what is stored is there, and no log is open. */
  restart(): void {
    this.opened.clear()
  }

  async create(specs: readonly LogSpec[]): Promise<void> {
    await turn()
    for (const spec of specs) {
      const name = `${spec.topic}-${spec.partitionIndex}`
      if (this.failingCreate?.test(name)) throw new StorageError('The disk is full.')
      const id = logId(spec.topicId, spec.partitionIndex)
      this.opened.add(id)
      if (this.logs.has(id)) continue
      this.events.push(`create ${name}`)
      this.logs.set(id, { spec, batches: [], start: 0, end: 0, ownerEpoch: 0 })
    }
  }

  dirtiness(): Dirtiness | undefined {
    return undefined
  }

  async compact(): Promise<Compaction | undefined> {
    return undefined
  }

  async list(): Promise<LogSpec[]> {
    return [...this.logs.values()].map(({ spec }) => spec)
  }

  async configure(id: LogId, config: LogConfig): Promise<void> {
    const log = this.log(id)
    log.spec = { ...log.spec, config }
  }

  async delete(id: LogId): Promise<void> {
    await settle(3)
    const log = this.logs.get(id)
    if (!log) return
    this.events.push(`delete ${log.spec.topic}-${log.spec.partitionIndex}`)
    this.logs.delete(id)
    this.opened.delete(id)
  }

  async append(appends: readonly Append[]): Promise<AppendOutcome[]> {
    this.calls.push([...appends])
    if (this.held) await new Promise<void>((resolve) => this.held?.push(resolve))
    const refusal = this.refusals.shift()
    if (refusal === 'fenced') return appends.map(() => ({ kind: 'fenced' }))
    if (refusal === 'rejected') {
      return appends.map(() => ({ kind: 'rejected', error: 'KAFKA_STORAGE_ERROR' }))
    }
    const outcomes = appends.map((append) => this.store(append))
    if (refusal === 'throws') throw new StorageError('The disk is gone.')
    return outcomes
  }

  private store({ log: id, batch, ownerEpoch }: Append): AppendOutcome {
    const log = this.log(id)
    if (ownerEpoch !== undefined && ownerEpoch !== log.ownerEpoch) return { kind: 'fenced' }
    const stored = Buffer.from(batch.bytes)
    const baseOffset = log.end
    stored.writeBigInt64BE(BigInt(baseOffset), 0)
    const view = new BatchView(stored)
    log.batches.push(view)
    log.end = view.nextOffset
    return { kind: 'appended', baseOffset, lastOffset: log.end - 1, logStartOffset: log.start }
  }

  read(wants: readonly Want[]): ReadResult {
    const reads = wants.map(({ log: id, offset }) => {
      const log = this.log(id)
      const buffers = log.batches
        .filter(({ lastOffset }) => lastOffset >= offset)
        .map(({ bytes }) => bytes)
      const size = buffers.reduce((total, { length }) => total + length, 0)
      return { log: id, ...offsetsOf(log), buffers, size, abortedTransactions: [] }
    })
    return { reads, release() {} }
  }

  offsets(id: LogId): LogOffsets | undefined {
    const log = this.opened.has(id) ? this.logs.get(id) : undefined
    return log && offsetsOf(log)
  }

  async offsetForTimestamp(): Promise<undefined> {
    return undefined
  }

  async offsetOfMaxTimestamp(): Promise<undefined> {
    return undefined
  }

  epochAt(): number {
    return 0
  }

  epochEnd(): undefined {
    return undefined
  }

  segments(): [] {
    return []
  }

  producers(): [] {
    return []
  }

  async truncateBefore(id: LogId, offset: number): Promise<number> {
    if (this.failingTruncate) throw new StorageError('The disk is busy.')
    const log = this.log(id)
    log.start = Math.max(log.start, offset)
    log.batches = log.batches.filter(({ lastOffset }) => lastOffset >= log.start)
    return log.start
  }

  async applyRetention(): Promise<void> {}

  async flush(): Promise<void> {}

  size(id: LogId): number {
    return this.log(id).batches.reduce((total, { sizeInBytes }) => total + sizeInBytes, 0)
  }

  async place(): Promise<StorePlace> {
    return { path: '/scripted', totalBytes: -1, usableBytes: -1 }
  }

  async own(id: LogId): Promise<{ ownerEpoch: number; replay(): AsyncIterable<BatchView> }> {
    await turn()
    if (this.failingOwn) throw new StorageError('The disk is gone.')
    const log = this.log(id)
    log.ownerEpoch += 1
    async function* replay(): AsyncIterable<BatchView> {
      yield* log.batches.slice()
    }
    return { ownerEpoch: log.ownerEpoch, replay }
  }

  watch(): () => void {
    return () => {}
  }

  async close(): Promise<void> {}

  private log(id: LogId): StoredLog {
    const log = this.logs.get(id)
    if (!log) throw new StorageError(`There is no log ${id}.`)
    return log
  }
}

function offsetsOf({ start, end }: StoredLog): LogOffsets {
  return {
    logStartOffset: start,
    highWatermark: end,
    lastStableOffset: end,
    logEndOffset: end,
    leaderEpoch: 0,
  }
}

/** Lets everything go on that waits for nothing but the event loop. */
export async function settle(turns = 10): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
