/**
 * Idempotence: what a partition remembers of its producers, and what it makes of their next batch. Pure.
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
 */

import type { ErrorName } from '../protocol/errors.ts'
import type { BatchView } from '../protocol/records/batch-view.ts'
import { sequenceAfter } from '../protocol/records/batch-view.ts'
import type { ProducerEntry } from './engine.ts'

/** Kafka lets an idempotent producer have five requests in flight. */
const REMEMBERED_BATCHES = 5

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
  readonly currentTransactionStartOffset: number
  readonly lastTimestamp: number
  /** Monotonic time of the last batch. */
  readonly heardAt: number
  /** Oldest first, at most five; none for a producer of which only a marker is known. */
  readonly batches: readonly RememberedBatch[]
}

export type Verdict =
  | { kind: 'append' }
  | { kind: 'duplicate'; batch: RememberedBatch }
  | { kind: 'reject'; error: ErrorName; message: string }

const APPEND: Verdict = { kind: 'append' }

export class ProducerStates {
  /** Rises with every change. */
  version = 0
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
  judge(batch: BatchView): Verdict {
    const { producerId } = batch
    if (producerId < 0 || batch.isControl) return APPEND
    const known = this.producers.get(producerId)
    return known ? judgeKnown(known, batch) : APPEND
  }

  /** Remembers a batch that stands in the log from `baseOffset` on. `heardAt`: monotonic time; a replay need not know it, when `resume` follows. */
  appended(batch: BatchView, baseOffset: number, heardAt = 0): void {
    const { producerId } = batch
    if (producerId < 0) return
    const { producerEpoch, maxTimestamp, isControl } = batch
    const known = this.producers.get(producerId)
    const batches = known?.producerEpoch === producerEpoch ? known.batches : []
    this.restore({
      producerId,
      producerEpoch,
      coordinatorEpoch: known?.coordinatorEpoch ?? -1,
      currentTransactionStartOffset: known?.currentTransactionStartOffset ?? -1,
      lastTimestamp: maxTimestamp,
      heardAt,
      batches: isControl ? batches : withNext(batches, batch, baseOffset),
    })
  }

  /** Takes over what a snapshot says of a producer. */
  restore(state: ProducerState): void {
    this.producers.set(state.producerId, state)
    this.version++
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

function judgeKnown(known: ProducerState, batch: BatchView): Verdict {
  const { producerEpoch, baseSequence, lastSequence } = batch
  if (producerEpoch < known.producerEpoch) {
    return reject(
      'INVALID_PRODUCER_EPOCH',
      `Producer ${known.producerId} has epoch ${producerEpoch}, the partition knows ${known.producerEpoch}.`,
    )
  }
  if (producerEpoch > known.producerEpoch) {
    return baseSequence === 0 ? APPEND : outOfOrder(known, baseSequence, 0)
  }
  for (const remembered of known.batches) {
    if (remembered.baseSequence === baseSequence && remembered.lastSequence === lastSequence) {
      return { kind: 'duplicate', batch: remembered }
    }
  }
  const last = known.batches.at(-1)
  const expected = last ? sequenceAfter(last.lastSequence, 1) : 0
  return baseSequence === expected ? APPEND : outOfOrder(known, baseSequence, expected)
}

function outOfOrder({ producerId }: ProducerState, got: number, expected: number): Verdict {
  return reject(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `Producer ${producerId} sent sequence ${got} where ${expected} was to come.`,
  )
}

function reject(error: ErrorName, message: string): Verdict {
  return { kind: 'reject', error, message }
}
