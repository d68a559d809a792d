/**
 * Idempotence and transactions: what a partition remembers of its producers, and what it makes of their next batch. Pure.
 *
 *   producer            batch                                    verdict
 *   none (id -1)        any                                      append
 *   unknown             any sequence                             append
 *   known, same epoch   equals one of its last five              duplicate
 *                       first sequence follows the last one      append
 *                       else                                     OUT_OF_ORDER_SEQUENCE_NUMBER
 *   known, lower epoch  any                                      INVALID_PRODUCER_EPOCH
 *   known, higher epoch sequence 0                               append
 *                       else                                     OUT_OF_ORDER_SEQUENCE_NUMBER
 *
 * A transactional batch begins a transaction, or is part of the open one. What would be appended by the above is refused still:
 *
 *   transaction open    not transactional                        INVALID_TXN_STATE
 *   ended since its coordinator was asked                        INVALID_TXN_STATE
 *   unknown, version 2  sequence other than 0                    OUT_OF_ORDER_SEQUENCE_NUMBER
 *
 * Who owns the log sends no sequences, and only epochs and transactions are judged. A marker ends the transaction:
 *
 *   marker's epoch      version 0, 1     version 2 (KIP-890: it is the next transaction's)
 *   lower               INVALID_PRODUCER_EPOCH
 *   same                append           append when nothing is open or no epoch is left, else INVALID_PRODUCER_EPOCH
 *   higher, or unknown  append
 *
 * and is TRANSACTION_COORDINATOR_FENCED under a lower coordinator epoch than the one before. A marker that finds no transaction
 * is appended like any other: nothing ends by it, but from there on its epochs count, so that what comes late is refused.
 */

import type { ErrorName } from '../protocol/errors.ts'
import type { BatchView } from '../protocol/records/batch-view.ts'
import { sequenceAfter } from '../protocol/records/batch-view.ts'
import { markerOf, type TransactionMarker } from '../protocol/records/control-records.ts'
import type { AbortedTransaction } from './aborted-transactions.ts'
import type { Append, ProducerEntry } from './engine.ts'
import { OpenTransactions } from './open-transactions.ts'

/** Kafka lets an idempotent producer have five requests in flight. */
const REMEMBERED_BATCHES = 5

/** Where epochs end: no marker of a transaction can have a higher one than this. */
const LAST_EPOCH = 0x7fff

/** How many producers are looked at in one go when the silent ones are forgotten. */
const SLICE = 10_000

export interface RememberedBatch {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly timestamp: number
}

/** Never changed: the next batch makes another, so that a list of states is a snapshot. */
export interface ProducerState {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** -1 when no transaction is open. */
  readonly currentTransactionStartOffset: number
  /** Offset of the last marker in this life; -1 when there was none. */
  readonly markerOffset: number
  readonly lastTimestamp: number
  /** Monotonic time of the last batch. */
  readonly heardAt: number
  /** Oldest first, at most five; none for a producer of which only a marker is known. */
  readonly batches: readonly RememberedBatch[]
}

/** What an append says beside its batch. */
export type AppendTerms = Pick<Append, 'ownerEpoch' | 'openTransaction' | 'transactionVersion'>

export type Verdict =
  | { kind: 'append' }
  | { kind: 'duplicate'; batch: RememberedBatch }
  | { kind: 'reject'; error: ErrorName; message: string }

const APPEND: Verdict = { kind: 'append' }
const NO_TERMS: AppendTerms = {}

export class ProducerStates {
  /** Rises with every change. */
  version = 0
  readonly transactions = new OpenTransactions()
  private readonly producers = new Map<number, ProducerState>()

  get size(): number {
    return this.producers.size
  }

  /** All of them as they are now. */
  list(): readonly ProducerState[] {
    return [...this.producers.values()]
  }

  /** A producer's last batch with records, and its epoch; `lastOffset` is -1 when only a marker of it is known. */
  lastOf(producerId: number): { producerEpoch: number; lastOffset: number } | undefined {
    const state = this.producers.get(producerId)
    if (!state) return undefined
    const { producerEpoch, batches } = state
    return { producerEpoch, lastOffset: batches.at(-1)?.lastOffset ?? -1 }
  }

  /** What becomes of a batch; nothing changes. */
  judge(batch: BatchView, terms = NO_TERMS): Verdict {
    const { producerId } = batch
    if (producerId < 0) return APPEND
    const known = this.producers.get(producerId)
    if (batch.isControl) return known ? judgeMarker(known, batch, terms) : APPEND
    if (terms.ownerEpoch === undefined && known) {
      const { batches, producerEpoch } = known
      const before = producerEpoch === batch.producerEpoch && findRepeated(batches, batch)
      if (before) return { kind: 'duplicate', batch: before }
    }
    return judgeRecords(known, batch, terms)
  }

  /**
   * Remembers a batch that stands in the log from `baseOffset` on, and gives the transaction that it has aborted.
   * `heardAt`: monotonic time; a replay need not know it, when `resume` follows.
   */
  appended(batch: BatchView, baseOffset: number, heardAt = 0): AbortedTransaction | undefined {
    const { producerId } = batch
    if (producerId < 0) return undefined
    const known = this.producers.get(producerId)
    if (batch.isControl) {
      const marker = markerOf(batch)
      // Where compaction has emptied a marker's batch, the transaction is gone from the log as well.
      return marker && this.ended(known, batch, marker, baseOffset, heardAt)
    }
    const { producerEpoch, maxTimestamp } = batch
    let start = known?.currentTransactionStartOffset ?? -1
    if (start < 0 && batch.isTransactional) {
      start = baseOffset
      this.transactions.begin(start)
    }
    const batches = known?.producerEpoch === producerEpoch ? known.batches : []
    this.put({
      producerId,
      producerEpoch,
      coordinatorEpoch: known?.coordinatorEpoch ?? -1,
      currentTransactionStartOffset: start,
      markerOffset: known?.markerOffset ?? -1,
      lastTimestamp: maxTimestamp,
      heardAt,
      batches: withNext(batches, batch, baseOffset),
    })
    return undefined
  }

  /** Takes over what a snapshot says of a producer. */
  restore(state: ProducerState): void {
    const { currentTransactionStartOffset } = state
    if (currentTransactionStartOffset >= 0) this.transactions.begin(currentTransactionStartOffset)
    this.put(state)
  }

  /** A log is opened. Of how long its producers have been silent their timestamps tell, this once; from now on monotonic time does. */
  resume(now: number, monotonic: number): void {
    for (const state of this.producers.values()) {
      const silentMs = state.lastTimestamp < 0 ? 0 : Math.max(0, now - state.lastTimestamp)
      this.producers.set(state.producerId, { ...state, heardAt: monotonic - silentMs })
    }
  }

  /** Forgets producers without an open transaction that were last heard of at `silentSince` or earlier; a few thousand are looked at between two yields. */
  *forget(silentSince: number): Generator<void, void, void> {
    let looked = 0
    for (const state of this.producers.values()) {
      if (++looked % SLICE === 0) yield
      if (state.currentTransactionStartOffset >= 0 || state.heardAt > silentSince) continue
      this.producers.delete(state.producerId)
      this.version++
    }
  }

  /** A copy that changes on its own, of the producers named: for judging several batches that go in together or not at all. */
  fork(producerIds: Iterable<number>): ProducerStates {
    const copy = new ProducerStates()
    for (const producerId of producerIds) {
      const state = this.producers.get(producerId)
      if (state) copy.restore(state)
    }
    return copy
  }

  entries(): ProducerEntry[] {
    return [...this.producers.values()].map((state) => ({
      producerId: state.producerId,
      producerEpoch: state.producerEpoch,
      lastSequence: state.batches.at(-1)?.lastSequence ?? -1,
      lastTimestamp: state.lastTimestamp,
      coordinatorEpoch: state.coordinatorEpoch,
      currentTransactionStartOffset: state.currentTransactionStartOffset,
    }))
  }

  private put(state: ProducerState): void {
    this.producers.set(state.producerId, state)
    this.version++
  }

  private ended(
    known: ProducerState | undefined,
    { producerId, producerEpoch, maxTimestamp }: BatchView,
    { type, coordinatorEpoch }: TransactionMarker,
    markerOffset: number,
    heardAt: number,
  ): AbortedTransaction | undefined {
    const { transactions } = this
    const firstOffset = known?.currentTransactionStartOffset ?? -1
    if (firstOffset >= 0) transactions.end(firstOffset, markerOffset)
    this.put({
      producerId,
      producerEpoch,
      coordinatorEpoch,
      currentTransactionStartOffset: -1,
      markerOffset,
      lastTimestamp: maxTimestamp,
      heardAt,
      batches: known?.producerEpoch === producerEpoch ? known.batches : [],
    })
    if (firstOffset < 0 || type === 'COMMIT') return undefined
    const lastStableOffset = transactions.first ?? markerOffset + 1
    return { producerId, firstOffset, lastOffset: markerOffset, lastStableOffset }
  }
}

/** The batches before, the oldest of which may have to go, and this one. */
function withNext(
  batches: readonly RememberedBatch[],
  { baseSequence, lastSequence, lastOffsetDelta, maxTimestamp }: BatchView,
  baseOffset: number,
): RememberedBatch[] {
  const next = batches.slice(batches.length === REMEMBERED_BATCHES ? 1 : 0)
  next.push({
    baseSequence,
    lastSequence,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    timestamp: maxTimestamp,
  })
  return next
}

function findRepeated(
  batches: readonly RememberedBatch[],
  { baseSequence, lastSequence }: BatchView,
): RememberedBatch | undefined {
  for (const batch of batches) {
    if (batch.baseSequence === baseSequence && batch.lastSequence === lastSequence) return batch
  }
  return undefined
}

/** In Kafka's order: of several faults the first here is told. */
function judgeRecords(
  known: ProducerState | undefined,
  batch: BatchView,
  terms: AppendTerms,
): Verdict {
  if (known && batch.producerEpoch < known.producerEpoch) return oldEpoch(known, batch)
  if (batch.isTransactional && hasEnded(known, batch, terms)) {
    return reject('INVALID_TXN_STATE', 'The transaction of these records has ended.')
  }
  if (terms.ownerEpoch === undefined) {
    const { producerId, baseSequence } = batch
    const expected = expectedSequence(known, batch, terms)
    if (expected !== undefined && baseSequence !== expected) {
      return reject(
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
        `Producer ${producerId} sent sequence ${baseSequence} where ${expected} was to come.`,
      )
    }
  }
  if (known && known.currentTransactionStartOffset >= 0 && !batch.isTransactional) {
    return reject(
      'INVALID_TXN_STATE',
      `Producer ${known.producerId} has a transaction open, to which these records do not belong.`,
    )
  }
  return APPEND
}

/** Whether a marker has come between the coordinator's word that the transaction is open and these records (KIP-890). */
function hasEnded(
  known: ProducerState | undefined,
  { producerEpoch }: BatchView,
  { openTransaction }: AppendTerms,
): boolean {
  if (!known || !openTransaction || known.markerOffset < openTransaction.asOf) return false
  return known.currentTransactionStartOffset < 0 || known.producerEpoch !== producerEpoch
}

/** The sequence that has to come next; `undefined` when any may. */
function expectedSequence(
  known: ProducerState | undefined,
  { producerEpoch, isTransactional }: BatchView,
  { openTransaction, transactionVersion = 0 }: AppendTerms,
): number | undefined {
  // Every transaction has an epoch of its own, so that its sequences begin at 0 wherever it comes to (KIP-890).
  if (!known) return isTransactional && openTransaction && transactionVersion >= 2 ? 0 : undefined
  const last = producerEpoch === known.producerEpoch ? known.batches.at(-1) : undefined
  return last ? sequenceAfter(last.lastSequence, 1) : 0
}

function judgeMarker(
  known: ProducerState,
  batch: BatchView,
  { transactionVersion = 0 }: AppendTerms,
): Verdict {
  const { producerEpoch } = batch
  if (producerEpoch < known.producerEpoch) return oldEpoch(known, batch)
  const isOpen = known.currentTransactionStartOffset >= 0
  const isRepeated = !isOpen || producerEpoch === LAST_EPOCH
  if (transactionVersion >= 2 && producerEpoch === known.producerEpoch && !isRepeated) {
    return oldEpoch(known, batch)
  }
  const coordinatorEpoch = markerOf(batch)?.coordinatorEpoch ?? known.coordinatorEpoch
  if (coordinatorEpoch < known.coordinatorEpoch) {
    return reject(
      'TRANSACTION_COORDINATOR_FENCED',
      `A marker of producer ${known.producerId} has coordinator epoch ${coordinatorEpoch}, the partition knows ${known.coordinatorEpoch}.`,
    )
  }
  return APPEND
}

function oldEpoch(known: ProducerState, { producerEpoch, isControl }: BatchView): Verdict {
  const what = isControl ? 'A marker of producer' : 'Producer'
  return reject(
    'INVALID_PRODUCER_EPOCH',
    `${what} ${known.producerId} has epoch ${producerEpoch}, the partition knows ${known.producerEpoch}.`,
  )
}

function reject(error: ErrorName, message: string): Verdict {
  return { kind: 'reject', error, message }
}
