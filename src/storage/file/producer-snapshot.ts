/**
 * A partition's producers at one offset, as a file `<20 digits of the offset>.snapshot`.
 *
 *   0  version   int16   1
 *   2  crc       uint32  CRC-32C of all that follows
 *   6  count     int32
 *  10  entries   of 54 bytes: producerId int64, epoch int16, lastSequence int32, lastOffset int64, offsetDelta int32,
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
import { type ProducerState, ProducerStates } from '../producer-state.ts'

const VERSION = 1
const CRC_AT = 2
const CHECKED_FROM = 6
const ENTRIES_AT = 10
const ENTRY_SIZE = 54
const MARK = 0x4f445241
const EARLIER_SIZE = 32

export function encodeProducerSnapshot(producers: ProducerStates): Buffer {
  const states = [...producers.values()]
  const earlier = states.flatMap(({ producerId, batches }) =>
    batches.slice(0, -1).map((batch) => ({ producerId, ...batch })),
  )
  const entriesEnd = ENTRIES_AT + states.length * ENTRY_SIZE
  const bytes = Buffer.alloc(entriesEnd + 8 + earlier.length * EARLIER_SIZE)
  bytes.writeInt16BE(VERSION, 0)
  bytes.writeInt32BE(states.length, CHECKED_FROM)
  states.forEach((state, i) => {
    writeEntry(bytes, ENTRIES_AT + i * ENTRY_SIZE, state)
  })
  bytes.writeInt32BE(MARK, entriesEnd)
  bytes.writeInt32BE(earlier.length, entriesEnd + 4)
  earlier.forEach((batch, i) => {
    const at = entriesEnd + 8 + i * EARLIER_SIZE
    writeInt64(bytes, at, batch.producerId)
    bytes.writeInt32BE(batch.baseSequence, at + 8)
    bytes.writeInt32BE(batch.lastOffset - batch.baseOffset, at + 12)
    writeInt64(bytes, at + 16, batch.baseOffset)
    writeInt64(bytes, at + 24, batch.timestamp)
  })
  bytes.writeUInt32BE(crc32c(bytes.subarray(CHECKED_FROM)), CRC_AT)
  return bytes
}

/** `undefined` for what is not a whole snapshot with a right CRC. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerStates | undefined {
  if (bytes.length < ENTRIES_AT || bytes.readInt16BE(0) !== VERSION) return undefined
  if (crc32c(bytes.subarray(CHECKED_FROM)) !== bytes.readUInt32BE(CRC_AT)) return undefined
  const count = bytes.readInt32BE(CHECKED_FROM)
  const entriesEnd = ENTRIES_AT + count * ENTRY_SIZE
  if (count < 0 || entriesEnd > bytes.length) return undefined
  const states = new Map<number, ProducerState>()
  for (let at = ENTRIES_AT; at < entriesEnd; at += ENTRY_SIZE) {
    const state = readEntry(bytes, at)
    states.set(state.producerId, state)
  }
  readEarlier(bytes, entriesEnd, states)
  const producers = new ProducerStates()
  for (const state of states.values()) producers.restore(state)
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
    lastTimestamp: timestamp,
    batches: lastSequence < 0 ? [] : [last],
  }
}

function readEarlier(bytes: Buffer, from: number, states: Map<number, ProducerState>): void {
  if (bytes.length < from + 8 || bytes.readInt32BE(from) !== MARK) return
  const end = from + 8 + bytes.readInt32BE(from + 4) * EARLIER_SIZE
  if (end > bytes.length) return
  for (let at = from + 8; at < end; at += EARLIER_SIZE) {
    const batches = states.get(readInt64(bytes, at))?.batches
    const baseSequence = bytes.readInt32BE(at + 8)
    const offsetDelta = bytes.readInt32BE(at + 12)
    const baseOffset = readInt64(bytes, at + 16)
    batches?.splice(-1, 0, {
      baseSequence,
      lastSequence: sequenceAfter(baseSequence, offsetDelta),
      baseOffset,
      lastOffset: baseOffset + offsetDelta,
      timestamp: readInt64(bytes, at + 24),
    })
  }
}

function sequenceBefore(sequence: number, decrement: number): number {
  const difference = sequence - decrement
  return difference < 0 ? difference + 2 ** 31 : difference
}
