/**
 * A shard: one internal log with one fenced owner, and the state that replaying it gives.
 *
 * A step decides on the state, its records are applied at once and join the next append; steps do not wait for one
 * another's appends. Every reply waits until all that its step saw is committed. When an append fails or is fenced, what
 * is in memory may never have happened: it is dropped and the log replayed, and whoever waits hears NOT_COORDINATOR.
 */

import type { Clock, Timer } from '../../clock.ts'
import { buildBatch } from '../../protocol/records/batch-builder.ts'
import { iterateRecords } from '../../protocol/records/record-iterator.ts'
import type { Append, LogId, StorageEngine } from '../../storage/engine.ts'
import { KafkaError } from '../handler.ts'
import type { Decision, Machine, StateRecord } from './machine.ts'

/** How much a shard's log may grow before its whole state is appended anew and the rest cut off, until logs are compacted. */
const REWRITE_AFTER_BYTES = 64 * 1024 * 1024
/** Largest batch that a shard appends, but for a single larger step. */
const MAX_BATCH_BYTES = 512 * 1024
const RELOAD_RETRY_MS = 1000

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
  /** The records of each step that no append carries yet, and who waits for them. */
  private pending: (readonly StateRecord[])[] = []
  private pendingWaiters: Waiter[] = []
  /** Who waits for the append that is under way; undefined when none is. */
  private inFlight: Waiter[] | undefined
  private failure: KafkaError | undefined
  private reloading: Promise<void> | undefined
  private reloadTimer: Timer | undefined
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

  /** Rises with each time that somebody becomes the log's owner; -1 before `open`. */
  get epoch(): number {
    return this.ownerEpoch
  }

  /** Becomes the log's owner and replays it. */
  async open(): Promise<void> {
    const { engine, log, machine } = this.options
    const owned = await engine.own(log)
    const state = machine.empty()
    for await (const batch of owned.replay()) {
      if (batch.isControl) continue
      for (const record of iterateRecords(batch)) {
        if (record.key) machine.apply(state, { key: record.key, value: record.value })
      }
    }
    this.ownerEpoch = owned.ownerEpoch
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
      for (const record of records) this.options.machine.apply(this.current, record)
      this.pending.push(records)
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
    this.reloadTimer?.cancel()
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

  /** Appends what is pending; once the log has grown enough, the whole state behind it, and cuts off what came before. */
  private async append(): Promise<void> {
    const waiters = [...(this.inFlight ?? []), ...this.pendingWaiters]
    const steps = inBatches(this.pending)
    this.inFlight = waiters
    this.pending = []
    this.pendingWaiters = []
    // All that is applied is in this append, so a part of the snapshot only repeats what a replay has before it.
    const snapshot = this.isGrown() ? this.snapshot() : []
    const written = await this.write([...steps, ...snapshot])
    if (written instanceof KafkaError) {
      this.fail(written, waiters)
      return
    }
    for (const waiter of waiters) waiter.resolve()
    const cut = written[steps.length]
    if (cut !== undefined) await this.cutBefore(cut)
    this.inFlight = undefined
    if (this.pending.length > 0) this.appendSoon()
    else this.settleIdle()
  }

  private isGrown(): boolean {
    const { engine, log, rewriteAfterBytes } = this.options
    return engine.size(log) - this.sizeAfterRewrite >= (rewriteAfterBytes ?? REWRITE_AFTER_BYTES)
  }

  private snapshot(): Batch[] {
    const records = [...this.options.machine.snapshot(this.current)]
    return inBatches(records.map((record) => [record]))
  }

  /** Appends the batches in one commit; gives their base offsets. */
  private async write(batches: readonly Batch[]): Promise<number[] | KafkaError> {
    const { engine, log, clock } = this.options
    const timestamp = clock.now()
    const appends: Append[] = batches.map(({ records }) => ({
      log,
      batch: buildBatch(records.map(({ key, value }) => ({ key, value, timestamp }))),
      ownerEpoch: this.ownerEpoch,
    }))
    try {
      const outcomes = await engine.append(appends, { atomic: appends.length > 1 })
      const offsets: number[] = []
      for (const outcome of outcomes) {
        if (outcome.kind !== 'appended') {
          const text = `The coordinator's log refused an append: ${outcome.kind}.`
          return new KafkaError('NOT_COORDINATOR', text)
        }
        offsets.push(outcome.baseOffset)
      }
      return offsets
    } catch (cause) {
      const text = "The coordinator's log could not be written."
      return new KafkaError('NOT_COORDINATOR', text, { cause })
    }
  }

  /** Drops what the appended snapshot has made needless. Steps wait for their next append meanwhile. */
  private async cutBefore(offset: number): Promise<void> {
    const { engine, log } = this.options
    const late: Waiter[] = []
    this.inFlight = late
    try {
      await engine.truncateBefore(log, offset)
    } catch {
      // The log keeps its old records, which replay to the same state; the next rewrite cuts them too.
    }
    this.sizeAfterRewrite = engine.size(log)
    for (const waiter of late) waiter.resolve()
  }

  private fail(failure: KafkaError, waiters: readonly Waiter[]): void {
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
    } catch {
      // The log is offline: every step goes on to hear NOT_COORDINATOR until a later reload succeeds.
      if (this.closed) return
      this.reloadTimer = this.options.clock.after(RELOAD_RETRY_MS, () => {
        this.reloading = this.reload()
      })
      return
    }
    if (!this.closed) this.options.onReset?.(this.current)
  }

  private settleIdle(): void {
    const waiting = this.idle
    this.idle = []
    for (const resolve of waiting) resolve()
  }
}

interface Batch {
  records: StateRecord[]
  size: number
}

/** A step's records stay in one batch, so that a crash leaves all of them or none. */
function inBatches(steps: readonly (readonly StateRecord[])[]): Batch[] {
  const batches: Batch[] = []
  let last: Batch | undefined
  for (const records of steps) {
    let size = 0
    for (const { key, value } of records) size += key.length + (value?.length ?? 0) + 32
    if (!last || last.size + size > MAX_BATCH_BYTES) {
      last = { records: [], size: 0 }
      batches.push(last)
    }
    for (const record of records) last.records.push(record)
    last.size += size
  }
  return batches
}
