/**
 * A partition's producers at one offset, as a file `<20 digits of the offset>.snapshot`.
 *
 *   0  version   int16   1
 *   2  crc       uint32  CRC-32C of all that follows
 *   6  count     int32
 *  10  entries   of 46 bytes: producerId int64, epoch int16, lastSequence int32, lastOffset int64, offsetDelta int32,
 *                timestamp int64, coordinatorEpoch int32, currentTxnFirstOffset int64
 *
 * Kafka's file ends here and tells of each producer's last batch alone. What follows is ours, and passed over by Kafka: the
 * up to four batches before it, so that a retry of any batch in flight is still known after a restart.
 *
 *      mark      int32   0x4f445241
 *      count     int32
 *      batches   of 32 bytes: producerId int64, baseSequence int32, offsetDelta int32, baseOffset int64, timestamp int64
 */

import { readInt64, sequenceAfter, writeInt64 } from '../../protocol/records/batch-view.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { type ProducerState, ProducerStates, type RememberedBatch } from '../producer-state.ts'

const VERSION = 1
const CRC_AT = 2
const CHECKED_FROM = 6
const ENTRIES_AT = 10
const ENTRY_SIZE = 46
const MARK = 0x4f445241
const EARLIER_SIZE = 32
/** So many producers are encoded in a millisecond or two. */
export const SLICE_PRODUCERS = 2000
const SLICE_COUNTED = 10 * SLICE_PRODUCERS
const SLICE_BYTES = 1024 * 1024

/** Encodes a snapshot; there is time for something else at each yield. */
export function* encodeInSlices(
  states: readonly ProducerState[],
): Generator<void, Buffer, undefined> {
  let earlierCount = 0
  for (const [i, { batches }] of states.entries()) {
    if (i > 0 && i % SLICE_COUNTED === 0) yield
    earlierCount += Math.max(0, batches.length - 1)
  }
  const entriesEnd = ENTRIES_AT + states.length * ENTRY_SIZE
  const bytes = Buffer.allocUnsafeSlow(entriesEnd + 8 + earlierCount * EARLIER_SIZE)
  bytes.writeInt16BE(VERSION, 0)
  bytes.writeInt32BE(states.length, CHECKED_FROM)
  bytes.writeInt32BE(MARK, entriesEnd)
  bytes.writeInt32BE(earlierCount, entriesEnd + 4)
  let earlierAt = entriesEnd + 8
  for (const [i, state] of states.entries()) {
    if (i > 0 && i % SLICE_PRODUCERS === 0) yield
    writeEntry(bytes, ENTRIES_AT + i * ENTRY_SIZE, state)
    earlierAt = writeEarlier(bytes, earlierAt, state)
  }
  let crc = 0
  for (let at = CHECKED_FROM; at < bytes.length; at += SLICE_BYTES) {
    if (at > CHECKED_FROM) yield
    crc = crc32c(bytes.subarray(at, at + SLICE_BYTES), crc)
  }
  bytes.writeUInt32BE(crc, CRC_AT)
  return bytes
}

/** The same at once. */
export function encodeProducerSnapshot(producers: ProducerStates): Buffer {
  const slices = encodeInSlices(producers.list())
  let next = slices.next()
  while (!next.done) next = slices.next()
  return next.value
}

/** `undefined` for what is not a whole snapshot with a right CRC. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerStates | undefined {
  if (bytes.length < ENTRIES_AT || bytes.readInt16BE(0) !== VERSION) return undefined
  if (crc32c(bytes.subarray(CHECKED_FROM)) !== bytes.readUInt32BE(CRC_AT)) return undefined
  const count = bytes.readInt32BE(CHECKED_FROM)
  const entriesEnd = ENTRIES_AT + count * ENTRY_SIZE
  if (count < 0 || entriesEnd > bytes.length) return undefined
  const earlier = readEarlier(bytes, entriesEnd)
  if (!earlier) return undefined
  const producers = new ProducerStates()
  for (let at = ENTRIES_AT; at < entriesEnd; at += ENTRY_SIZE) {
    const state = readEntry(bytes, at)
    const before = earlier.get(state.producerId)
    producers.restore(before ? { ...state, batches: [...before, ...state.batches] } : state)
  }
  return producers
}

function writeEntry(bytes: Buffer, at: number, state: ProducerState): void {
  const last = state.batches.at(-1)
  writeInt64(bytes, at, state.producerId)
  bytes.writeInt16BE(state.producerEpoch, at + 8)
  bytes.writeInt32BE(last?.lastSequence ?? -1, at + 10)
  writeInt64(bytes, at + 14, last?.lastOffset ?? -1)
  bytes.writeInt32BE(last ? last.lastOffset - last.baseOffset : 0, at + 22)
  writeInt64(bytes, at + 26, state.lastTimestamp)
  bytes.writeInt32BE(state.coordinatorEpoch, at + 34)
  writeInt64(bytes, at + 38, state.currentTransactionStartOffset)
}

/** Gives where the next producer's earlier batches go. */
function writeEarlier(bytes: Buffer, from: number, { producerId, batches }: ProducerState): number {
  let at = from
  for (let i = 0; i < batches.length - 1; i++) {
    const batch = batches[i]!
    writeInt64(bytes, at, producerId)
    bytes.writeInt32BE(batch.baseSequence, at + 8)
    bytes.writeInt32BE(batch.lastOffset - batch.baseOffset, at + 12)
    writeInt64(bytes, at + 16, batch.baseOffset)
    writeInt64(bytes, at + 24, batch.timestamp)
    at += EARLIER_SIZE
  }
  return at
}

function readEntry(bytes: Buffer, at: number): ProducerState {
  const lastSequence = bytes.readInt32BE(at + 10)
  const lastOffset = readInt64(bytes, at + 14)
  const offsetDelta = bytes.readInt32BE(at + 22)
  const timestamp = readInt64(bytes, at + 26)
  const last = {
    baseSequence: sequenceBefore(lastSequence, offsetDelta),
    lastSequence,
    baseOffset: lastOffset - offsetDelta,
    lastOffset,
    timestamp,
  }
  return {
    producerId: readInt64(bytes, at),
    producerEpoch: bytes.readInt16BE(at + 8),
    coordinatorEpoch: bytes.readInt32BE(at + 34),
    currentTransactionStartOffset: readInt64(bytes, at + 38),
    markerOffset: -1,
    lastTimestamp: timestamp,
    heardAt: 0,
    batches: lastSequence < 0 ? [] : [last],
  }
}

/** By producer id; none where the file is Kafka's, `undefined` where it is neither Kafka's nor ours. */
function readEarlier(bytes: Buffer, from: number): Map<number, RememberedBatch[]> | undefined {
  const earlier = new Map<number, RememberedBatch[]>()
  if (bytes.length === from) return earlier
  if (bytes.length < from + 8 || bytes.readInt32BE(from) !== MARK) return undefined
  const end = from + 8 + bytes.readInt32BE(from + 4) * EARLIER_SIZE
  if (end !== bytes.length) return undefined
  for (let at = from + 8; at < end; at += EARLIER_SIZE) {
    const producerId = readInt64(bytes, at)
    const baseSequence = bytes.readInt32BE(at + 8)
    const offsetDelta = bytes.readInt32BE(at + 12)
    const baseOffset = readInt64(bytes, at + 16)
    const batch = {
      baseSequence,
      lastSequence: sequenceAfter(baseSequence, offsetDelta),
      baseOffset,
      lastOffset: baseOffset + offsetDelta,
      timestamp: readInt64(bytes, at + 24),
    }
    const known = earlier.get(producerId)
    if (known) known.push(batch)
    else earlier.set(producerId, [batch])
  }
  return earlier
}

function sequenceBefore(sequence: number, decrement: number): number {
  const difference = sequence - decrement
  return difference < 0 ? difference + 2 ** 31 : difference
}
