/**
 * A shard: one internal log with one fenced owner, and the state that replaying it gives.
 *
 * A step decides on the state, its records are applied at once and join the next append; steps do not wait for one
 * another's appends. Every reply waits until all that its step saw is committed. When an append fails or is fenced, what
 * is in memory may never have happened: it is dropped and the log replayed, and whoever waits hears NOT_COORDINATOR.
 */

import type { Clock } from '../../clock.ts'
import { buildBatch } from '../../protocol/records/batch-builder.ts'
import { iterateRecords } from '../../protocol/records/record-iterator.ts'
import type { LogId, StorageEngine } from '../../storage/engine.ts'
import { KafkaError } from '../handler.ts'
import type { Decision, Machine, StateRecord } from './machine.ts'

/** How much a shard's log may grow before its whole state is appended anew and the rest cut off, until logs are compacted. */
const REWRITE_AFTER_BYTES = 64 * 1024 * 1024
/** Largest batch that a shard appends, but for a single larger record. */
const MAX_BATCH_BYTES = 512 * 1024

export interface ShardOptions<State> {
  engine: StorageEngine
  log: LogId
  machine: Machine<State>
  clock: Clock
  /** Called when the state in memory was dropped and replayed: whatever was derived from it is void. */
  onReset?: (state: State) => void
  /** For tests. */
  rewriteAfterBytes?: number
}

interface Waiter {
  resolve(): void
  reject(error: KafkaError): void
}

export class Shard<State> {
  private readonly options: ShardOptions<State>
  private current: State
  private ownerEpoch = -1
  /** What a step has decided and no append carries yet, and who waits for it. */
  private pending: StateRecord[] = []
  private pendingWaiters: Waiter[] = []
  /** Who waits for the append that is under way; undefined when none is. */
  private inFlight: Waiter[] | undefined
  private failure: KafkaError | undefined
  private reloading: Promise<void> | undefined
  private sizeAfterRewrite = 0
  private closed = false
  private idle: (() => void)[] = []

  constructor(options: ShardOptions<State>) {
    this.options = options
    this.current = options.machine.empty()
  }

  /** The state as decided so far, of which the last steps may not be committed yet: for decisions, and for reads by way of `step`. */
  get state(): State {
    return this.current
  }

  /** Becomes the log's owner and replays it. */
  async open(): Promise<void> {
    const { engine, log, machine } = this.options
    const { ownerEpoch, replay } = await engine.own(log)
    const state = machine.empty()
    for await (const batch of replay()) {
      if (batch.isControl) continue
      for (const record of iterateRecords(batch)) {
        if (record.key) machine.apply(state, { key: record.key, value: record.value })
      }
    }
    this.ownerEpoch = ownerEpoch
    this.current = state
    this.failure = undefined
    this.sizeAfterRewrite = engine.size(log)
  }

  /**
   * Decides now, and resolves with the response when the records, and everything that the decision saw, are committed.
   * Rejects with NOT_COORDINATOR when that cannot be, or when the shard is closed or still reloading.
   * What `decide` throws rejects the step and changes nothing.
   */
  async step<Response>(decide: (state: State) => Decision<Response>): Promise<Response> {
    if (this.failure) throw this.failure
    if (this.closed) throw new KafkaError('NOT_COORDINATOR', 'This coordinator is closed.')
    const { response, records } = decide(this.current)
    if (records && records.length > 0) {
      for (const record of records) {
        this.options.machine.apply(this.current, record)
        this.pending.push(record)
      }
    }
    if (this.pending.length > 0) {
      await new Promise<void>((resolve, reject) => {
        this.pendingWaiters.push({ resolve, reject })
        this.appendSoon()
      })
    } else if (this.inFlight) {
      const waiters = this.inFlight
      await new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }))
    }
    return response
  }

  /** Takes no more steps; resolves when the last append has ended. */
  async close(): Promise<void> {
    this.closed = true
    while (this.inFlight || this.pending.length > 0) {
      await new Promise<void>((resolve) => this.idle.push(resolve))
    }
    await this.reloading
  }

  private appendSoon(): void {
    if (this.inFlight) return
    this.inFlight = []
    queueMicrotask(() => void this.append())
  }

  private async append(): Promise<void> {
    const { engine, log, machine } = this.options
    const waiters = [...this.inFlight!, ...this.pendingWaiters]
    const records = this.pending
    this.inFlight = waiters
    this.pending = []
    this.pendingWaiters = []
    const failure = await this.write(records)
    if (failure) {
      this.fail(failure, waiters)
      return
    }
    this.inFlight = undefined
    for (const waiter of waiters) waiter.resolve()
    if (this.pending.length > 0) {
      this.appendSoon()
      return
    }
    const grown = engine.size(log) - this.sizeAfterRewrite
    if (grown >= (this.options.rewriteAfterBytes ?? REWRITE_AFTER_BYTES)) {
      this.inFlight = []
      const rewriteWaiters = this.inFlight
      const keepFrom = engine.offsets(log)?.logEndOffset ?? 0
      const rewriteFailure = await this.write([...machine.snapshot(this.current)])
      if (rewriteFailure) {
        this.fail(rewriteFailure, rewriteWaiters)
        return
      }
      await engine.truncateBefore(log, keepFrom)
      this.sizeAfterRewrite = engine.size(log)
      this.inFlight = undefined
      for (const waiter of rewriteWaiters) waiter.resolve()
      if (this.pending.length > 0) this.appendSoon()
    }
    if (!this.inFlight) this.settleIdle()
  }

  /** Appends the records in batches of bounded size, in one commit. */
  private async write(records: readonly StateRecord[]): Promise<KafkaError | undefined> {
    const { engine, log, clock } = this.options
    const timestamp = clock.now()
    const appends = inBatches(records).map((slice) => ({
      log,
      batch: buildBatch(slice.map(({ key, value }) => ({ key, value, timestamp }))),
      ownerEpoch: this.ownerEpoch,
    }))
    try {
      const outcomes = await engine.append(appends, { atomic: appends.length > 1 })
      const refused = outcomes.find(({ kind }) => kind !== 'appended')
      if (!refused) return undefined
      return new KafkaError('NOT_COORDINATOR', `The coordinator's log refused an append: ${refused.kind}.`)
    } catch (cause) {
      return new KafkaError('NOT_COORDINATOR', "The coordinator's log could not be written.", { cause })
    }
  }

  private fail(failure: KafkaError, waiters: Waiter[]): void {
    this.failure = failure
    const all = [...waiters, ...this.pendingWaiters]
    this.pending = []
    this.pendingWaiters = []
    this.inFlight = undefined
    for (const waiter of all) waiter.reject(failure)
    this.settleIdle()
    this.reloading = this.reload()
  }

  private async reload(): Promise<void> {
    if (this.closed) return
    try {
      await this.open()
      this.options.onReset?.(this.current)
    } catch {
      // The log is offline: every step goes on to hear NOT_COORDINATOR until a later reload succeeds.
      if (!this.closed) this.options.clock.after(1000, () => void (this.reloading = this.reload()))
    }
  }

  private settleIdle(): void {
    const waiting = this.idle
    this.idle = []
    for (const resolve of waiting) resolve()
  }
}

function inBatches(records: readonly StateRecord[]): StateRecord[][] {
  const batches: StateRecord[][] = []
  let size = 0
  for (const record of records) {
    const bytes = record.key.length + (record.value?.length ?? 0) + 32
    const last = batches.at(-1)
    if (last && size + bytes <= MAX_BATCH_BYTES) {
      last.push(record)
      size += bytes
    } else {
      batches.push([record])
      size = bytes
    }
  }
  return batches
}
