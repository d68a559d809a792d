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

export interface RememberedBatch {
  baseSequence: number
  lastSequence: number
  baseOffset: number
  lastOffset: number
  timestamp: number
}

export interface ProducerState {
  producerId: number
  producerEpoch: number
  coordinatorEpoch: number
  currentTransactionStartOffset: number
  lastTimestamp: number
  /** Oldest first, at most five; none for a producer of which only a marker is known. */
  batches: RememberedBatch[]
}

export type Verdict =
  | { kind: 'append' }
  | { kind: 'duplicate'; batch: RememberedBatch }
  | { kind: 'reject'; error: ErrorName; message: string }

const APPEND: Verdict = { kind: 'append' }

export class ProducerStates {
  private readonly producers = new Map<number, ProducerState>()

  get size(): number {
    return this.producers.size
  }

  values(): IterableIterator<ProducerState> {
    return this.producers.values()
  }

  /** What becomes of a batch; nothing changes. */
  judge(batch: BatchView): Verdict {
    const { producerId } = batch
    if (producerId < 0 || batch.isControl) return APPEND
    const known = this.producers.get(producerId)
    return known ? judgeKnown(known, batch) : APPEND
  }

  /** Remembers a batch that stands in the log from `baseOffset` on. */
  appended(batch: BatchView, baseOffset: number): void {
    const { producerId } = batch
    if (producerId < 0) return
    const { producerEpoch, maxTimestamp, isControl } = batch
    let state = this.producers.get(producerId)
    if (!state) {
      state = newState(producerId, producerEpoch)
      this.producers.set(producerId, state)
    } else if (state.producerEpoch !== producerEpoch) {
      state.producerEpoch = producerEpoch
      state.batches = []
    }
    state.lastTimestamp = maxTimestamp
    if (isControl) return
    if (state.batches.length === REMEMBERED_BATCHES) state.batches.shift()
    state.batches.push({
      baseSequence: batch.baseSequence,
      lastSequence: batch.lastSequence,
      baseOffset,
      lastOffset: baseOffset + batch.lastOffsetDelta,
      timestamp: maxTimestamp,
    })
  }

  /** Takes over what a snapshot says of a producer. */
  restore(state: ProducerState): void {
    this.producers.set(state.producerId, state)
  }

  /** A copy that changes on its own, of the producers named: for judging several batches that go in together or not at all. */
  fork(producerIds: Iterable<number>): ProducerStates {
    const copy = new ProducerStates()
    for (const producerId of producerIds) {
      const state = this.producers.get(producerId)
      if (state) copy.restore({ ...state, batches: [...state.batches] })
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

function newState(producerId: number, producerEpoch: number): ProducerState {
  return {
    producerId,
    producerEpoch,
    coordinatorEpoch: -1,
    currentTransactionStartOffset: -1,
    lastTimestamp: -1,
    batches: [],
  }
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
