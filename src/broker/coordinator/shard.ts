/**
 * A shard: one internal log with one fenced owner, and the state that replaying it gives.
 *
 * A step decides on the state, its records are applied at once and join the next append; steps do not wait for one
 * another's appends. Every reply waits until all that its step saw is committed. When an append fails or is fenced, what
 * is in memory may never have happened: it is dropped and the log replayed, and whoever waits hears NOT_COORDINATOR.
 */

import type { Clock, Timer } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { BatchView } from '../../protocol/records/batch-view.ts'
import { iterateRecords } from '../../protocol/records/record-iterator.ts'
import type { AppendOutcome, LogId, StorageEngine } from '../../storage/engine.ts'
import { KafkaError } from '../kafka-error.ts'
import { LogLimit } from '../log-limit.ts'
import type { Decision, Machine, StateRecord } from './machine.ts'
import { batchOf, bytesBeyond, inBatches } from './step-batches.ts'

/** How much a shard's log may grow before its whole state is appended anew and the rest cut off, until logs are compacted. */
const REWRITE_AFTER_BYTES = 64 * 1024 * 1024
const RELOAD_RETRY_MS = 1000

export interface ShardOptions<State> {
  engine: StorageEngine
  log: LogId
  /** What people call the log: topic and partition. */
  name: string
  machine: Machine<State>
  clock: Clock
  logger: Logger
  /** Largest batch that the log takes now. */
  maxBatchBytes: () => number
  /** Called when the state in memory was dropped and replayed, before the next step: whatever was derived from it is void. */
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
  private readonly limited: LogLimit
  private sizeAfterRewrite = 0
  private closed = false
  private idle: (() => void)[] = []

  constructor(options: ShardOptions<State>) {
    this.options = options
    this.limited = new LogLimit(options.logger, options.clock)
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
    await this.load()
    this.failure = undefined
  }

  /**
   * Decides now, and resolves with the response when the records, and everything that the decision saw, are committed.
   * Rejects with NOT_COORDINATOR when that cannot be, or when the shard is closed or still reloading, and with
   * RECORD_LIST_TOO_LARGE when the records are more than the log takes in a batch. In that case, as when `decide` throws,
   * nothing has changed.
   */
  async step<Response>(decide: (state: State) => Decision<Response>): Promise<Response> {
    if (this.failure) throw this.failure
    if (this.closed) throw new KafkaError('NOT_COORDINATOR', 'This coordinator is closed.')
    const { response, records = [], isDivisible, adopt } = decide(this.current)
    const parts = isDivisible ? records.map((record) => [record]) : [records]
    for (const part of parts) this.assertFits(part)
    for (const record of records) this.options.machine.apply(this.current, record)
    adopt?.()
    if (records.length > 0) for (const part of parts) this.pending.push(part)
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

  /** From now on every step is refused with this error: the state may be read only by way of `state`. */
  refuse(error: KafkaError): void {
    this.failure = error
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

  private async load(): Promise<void> {
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
    this.sizeAfterRewrite = engine.size(log)
  }

  private assertFits(records: readonly StateRecord[]): void {
    const { clock, maxBatchBytes, name } = this.options
    const most = maxBatchBytes()
    const bytes = bytesBeyond(most, records, clock.now())
    if (bytes === undefined) return
    const text = `A step of the coordinator of ${name} was refused: its records take ${bytes} bytes, the log takes ${most} in a batch.`
    this.limited.warn('step too large', { log: name, bytes, most }, text)
    throw new KafkaError('RECORD_LIST_TOO_LARGE', text)
  }

  private appendSoon(): void {
    if (this.inFlight) return
    this.inFlight = []
    queueMicrotask(() => void this.appendPending())
  }

  private async appendPending(): Promise<void> {
    const waiters = [...(this.inFlight ?? []), ...this.pendingWaiters]
    const steps = this.pending
    this.inFlight = waiters
    this.pending = []
    this.pendingWaiters = []
    let cut: number | undefined
    try {
      cut = await this.write(steps)
    } catch (cause) {
      this.fail(cause, waiters)
      return
    }
    for (const waiter of waiters) waiter.resolve()
    if (cut !== undefined) await this.cutBefore(cut)
    this.inFlight = undefined
    if (this.pending.length > 0) this.appendSoon()
    else this.settleIdle()
  }

  /** Appends the steps' records; once the log has grown enough, the whole state behind them, and gives where that begins. */
  private async write(steps: readonly (readonly StateRecord[])[]): Promise<number | undefined> {
    const batches = this.batchesOf(steps)
    // All that is applied is in this append, so a part of the snapshot only repeats what a replay has before it.
    const snapshot = this.isGrown() ? this.snapshot() : []
    let outcomes = await this.append([...batches, ...snapshot])
    let refusal = outcomes.find(({ kind }) => kind !== 'appended')
    if (refusal?.kind === 'rejected' && snapshot.length > 0) {
      this.goOnGrowing(refusal)
      outcomes = await this.append(batches)
      refusal = outcomes.find(({ kind }) => kind !== 'appended')
    }
    if (refusal) throw new Error(textOf(refusal))
    const first = outcomes[batches.length]
    return first?.kind === 'appended' ? first.baseOffset : undefined
  }

  private isGrown(): boolean {
    const { engine, log, rewriteAfterBytes } = this.options
    return engine.size(log) - this.sizeAfterRewrite >= (rewriteAfterBytes ?? REWRITE_AFTER_BYTES)
  }

  private snapshot(): BatchView[] {
    try {
      const steps: StateRecord[][] = []
      for (const record of this.options.machine.snapshot(this.current)) steps.push([record])
      return this.batchesOf(steps)
    } catch (cause) {
      this.goOnGrowing(cause)
      return []
    }
  }

  /** The whole state could not be appended: what was decided counts more, and the next attempt comes when the log has grown as much again. */
  private goOnGrowing(cause: unknown): void {
    const { engine, log, logger, name } = this.options
    this.sizeAfterRewrite = engine.size(log)
    const reason =
      cause instanceof Error ? { err: cause } : { reason: textOf(cause as AppendOutcome) }
    logger.warn(
      { ...reason, log: name },
      `The log of a coordinator, ${name}, could not be rewritten, and goes on growing.`,
    )
  }

  private batchesOf(steps: readonly (readonly StateRecord[])[]): BatchView[] {
    const { clock, maxBatchBytes } = this.options
    const now = clock.now()
    return inBatches(steps, maxBatchBytes()).map((records) => batchOf(records, now))
  }

  private append(batches: readonly BatchView[]): Promise<AppendOutcome[]> {
    const { engine, log } = this.options
    const { ownerEpoch } = this
    const appends = batches.map((batch) => ({ log, batch, ownerEpoch }))
    return engine.append(appends, { atomic: appends.length > 1 })
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

  private fail(cause: unknown, waiters: readonly Waiter[]): void {
    const { logger, name } = this.options
    const reason = cause instanceof Error ? cause.message : String(cause)
    const text = `An append to a coordinator's log, ${name}, has failed: ${reason}`
    const all = [...waiters, ...this.pendingWaiters]
    logger.error(
      { err: cause, log: name, waiting: all.length },
      `${text} What is in memory is dropped, and the log replayed.`,
    )
    const failure = new KafkaError('NOT_COORDINATOR', text, { cause })
    this.failure = failure
    this.pending = []
    this.pendingWaiters = []
    this.inFlight = undefined
    for (const waiter of all) waiter.reject(failure)
    this.settleIdle()
    this.reloading = this.reload(true)
  }

  private async reload(isFirst: boolean): Promise<void> {
    if (this.closed) return
    const { clock, logger, name, onReset } = this.options
    try {
      await this.load()
      if (this.closed) return
      onReset?.(this.current)
      this.failure = undefined
      logger.info({ log: name }, `The log of a coordinator, ${name}, was replayed.`)
    } catch (err) {
      // Every step goes on to hear NOT_COORDINATOR until a later reload succeeds.
      if (this.closed) return
      const text = `The log of a coordinator, ${name}, cannot be replayed; it is tried each second.`
      if (isFirst) logger.error({ err, log: name }, text)
      this.reloadTimer = clock.after(RELOAD_RETRY_MS, () => {
        this.reloading = this.reload(false)
      })
    }
  }

  private settleIdle(): void {
    const waiting = this.idle
    this.idle = []
    for (const resolve of waiting) resolve()
  }
}

function textOf(outcome: AppendOutcome): string {
  if (outcome.kind === 'fenced') return 'another owner has come.'
  if (outcome.kind !== 'rejected') return `${outcome.kind}.`
  const { error, message } = outcome
  return message === undefined ? `${error}.` : `${error}: ${message}`
}
