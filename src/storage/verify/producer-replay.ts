/**
 * What a log's batches tell of its producers and transactions, found anew for the check: none of it is the engine's own code,
 * so that a mistake there is not made here again.
 */

import { type BatchView, sequenceAfter } from '../../protocol/records/batch-view.ts'
import { markerOf } from '../../protocol/records/control-records.ts'

const REMEMBERED_BATCHES = 5

export interface ReplayedBatch {
  baseSequence: number
  lastSequence: number
  baseOffset: number
  lastOffset: number
}

export interface ReplayedProducer {
  epoch: number
  lastTimestamp: number
  /** First offset of the open transaction; -1 for none. */
  transactionStart: number
  /** The last five of this epoch, oldest first. */
  batches: ReplayedBatch[]
}

/** A transaction that was aborted, as the transaction index has it. */
export interface AbortedTransaction {
  producerId: number
  firstOffset: number
  lastOffset: number
  lastStableOffset: number
}

export class ProducerReplay {
  readonly producers = new Map<number, ReplayedProducer>()
  /** Ended by a batch since this was last taken. */
  aborted: AbortedTransaction[] = []
  /** First offsets of open transactions by producer, in the order in which they began. */
  private readonly open = new Map<number, number>()

  /** Takes the next batch; says what is wrong with its place among the producer's batches. `forgetMs`: after so long a producer may have been forgotten. */
  take(batch: BatchView, forgetMs: number): string | undefined {
    const { producerId } = batch
    if (producerId < 0) return undefined
    const known = this.producers.get(producerId)
    if (batch.isControl) {
      this.end(batch, known)
      return undefined
    }
    const fault = known && faultOf(batch, known, forgetMs)
    const { producerEpoch: epoch, maxTimestamp, baseOffset, isTransactional } = batch
    const batches = known?.epoch === epoch ? known.batches : []
    if (batches.length === REMEMBERED_BATCHES) batches.shift()
    const { baseSequence, lastSequence, lastOffset } = batch
    batches.push({ baseSequence, lastSequence, baseOffset, lastOffset })
    const opened = known?.transactionStart ?? -1
    const transactionStart = opened < 0 && isTransactional ? baseOffset : opened
    if (transactionStart >= 0) this.open.set(producerId, transactionStart)
    this.producers.set(producerId, {
      epoch,
      lastTimestamp: maxTimestamp,
      transactionStart,
      batches,
    })
    return fault
  }

  /** The first offset of the oldest open transaction; `undefined` for none. */
  private get firstOpen(): number | undefined {
    return this.open.values().next().value
  }

  private end(batch: BatchView, known: ReplayedProducer | undefined): void {
    const marker = markerOf(batch)
    if (!marker) return
    const { producerId, producerEpoch: epoch, lastOffset, maxTimestamp } = batch
    const firstOffset = known?.transactionStart ?? -1
    this.open.delete(producerId)
    if (firstOffset >= 0 && marker.type === 'ABORT') {
      const lastStableOffset = this.firstOpen ?? lastOffset + 1
      this.aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset })
    }
    const batches = known?.epoch === epoch ? known.batches : []
    const lastTimestamp = maxTimestamp
    this.producers.set(producerId, { epoch, lastTimestamp, transactionStart: -1, batches })
  }
}

function faultOf(batch: BatchView, known: ReplayedProducer, forgetMs: number): string | undefined {
  const { producerId, producerEpoch, baseSequence, maxTimestamp } = batch
  const last = known.batches.at(-1)
  if (Math.abs(maxTimestamp - known.lastTimestamp) >= forgetMs) return undefined
  if (producerEpoch < known.epoch) {
    return `producer ${producerId} writes with epoch ${producerEpoch} behind epoch ${known.epoch}`
  }
  if (producerEpoch > known.epoch || !last) return undefined
  const expected = sequenceAfter(last.lastSequence, 1)
  if (baseSequence === expected) return undefined
  return `producer ${producerId} has sequence ${baseSequence} where ${expected} was to come`
}
