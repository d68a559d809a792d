/** A producer snapshot against what the batches before its offset tell. */

import type { ProducerState } from '../producer-state.ts'
import type { ProducerReplay, ReplayedProducer } from './producer-replay.ts'

export interface SnapshotCircumstances {
  /** All of the log is here: no producer can be known from before. */
  isWhole: boolean
  /** Compaction may have taken batches that producers are known by. */
  mayGap: boolean
  /** Where the log begins now. */
  firstOffset: number
  /** Producers that were silent since before may have been forgotten. */
  silentSince: number
}

/** What is wrong with it; `undefined` when nothing is. */
export function snapshotFault(
  states: readonly ProducerState[],
  replay: ProducerReplay,
  circumstances: SnapshotCircumstances,
): string | undefined {
  const found = new Set<number>()
  for (const state of states) {
    if (found.has(state.producerId)) return `producer ${state.producerId} is there twice`
    found.add(state.producerId)
    const fault = stateFault(state, replay.producers.get(state.producerId), circumstances)
    if (fault) return `producer ${state.producerId} ${fault}`
  }
  for (const [producerId, { lastTimestamp }] of replay.producers) {
    if (found.has(producerId) || lastTimestamp < circumstances.silentSince) continue
    return `producer ${producerId} is missing`
  }
  return undefined
}

function stateFault(
  state: ProducerState,
  replayed: ReplayedProducer | undefined,
  { isWhole, mayGap, firstOffset }: SnapshotCircumstances,
): string | undefined {
  const last = state.batches.at(-1)
  if (!replayed) {
    if (mayGap || (!isWhole && (last?.lastOffset ?? -1) < firstOffset)) return undefined
    return 'is in no batch before it'
  }
  const { epoch, transactionStart, batches } = replayed
  const expected = batches.at(-1)
  if (mayGap) {
    const isBehind =
      state.producerEpoch < epoch || (last?.lastOffset ?? -1) < (expected?.lastOffset ?? -1)
    return isBehind && state.producerEpoch <= epoch ? 'is behind its batches' : undefined
  }
  if (state.producerEpoch !== epoch) return `has epoch ${state.producerEpoch}, not ${epoch}`
  if ((last?.lastOffset ?? -1) !== (expected?.lastOffset ?? -1)) {
    return `has its last batch at ${last?.lastOffset ?? -1}, not ${expected?.lastOffset ?? -1}`
  }
  if ((last?.lastSequence ?? -1) !== (expected?.lastSequence ?? -1)) {
    return `has the last sequence ${last?.lastSequence ?? -1}, not ${expected?.lastSequence ?? -1}`
  }
  const started = state.currentTransactionStartOffset
  if (started !== transactionStart && (isWhole || started >= firstOffset)) {
    return `has an open transaction from ${started}, not ${transactionStart}`
  }
  return earlierFault(state, batches)
}

/** Kafka's snapshots know the last batch alone, ours up to four before it. */
function earlierFault(
  { batches }: ProducerState,
  replayed: ReplayedProducer['batches'],
): string | undefined {
  for (let i = 2; i <= Math.min(batches.length, replayed.length); i++) {
    const told = batches.at(-i)!
    const batch = replayed.at(-i)!
    if (told.baseOffset !== batch.baseOffset || told.baseSequence !== batch.baseSequence) {
      return `has a batch of sequence ${told.baseSequence} at ${told.baseOffset}, not ${batch.baseSequence} at ${batch.baseOffset}`
    }
  }
  return undefined
}
