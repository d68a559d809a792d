/**
 * Aborted transactions as a segment's `.txnindex` file lists them, in the order of their markers. Pure.
 *
 *    0  version           int16   0
 *    2  producerId        int64
 *   10  firstOffset       int64
 *   18  lastOffset        int64   that of the abort marker, which lies in this segment
 *   26  lastStableOffset  int64   of the log, as soon as the marker was there; never lower than in the entry before
 */

import { readInt64, writeInt64 } from '../protocol/records/batch-view.ts'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export const ABORTED_ENTRY_SIZE = 34

const VERSION = 0
const PRODUCER_ID = 2
const FIRST_OFFSET = 10
const LAST_OFFSET = 18
const LAST_STABLE_OFFSET = 26

export function writeAborted(bytes: Buffer, at: number, entry: AbortedTransaction): void {
  bytes.writeInt16BE(VERSION, at)
  writeInt64(bytes, at + PRODUCER_ID, entry.producerId)
  writeInt64(bytes, at + FIRST_OFFSET, entry.firstOffset)
  writeInt64(bytes, at + LAST_OFFSET, entry.lastOffset)
  writeInt64(bytes, at + LAST_STABLE_OFFSET, entry.lastStableOffset)
}

/** `undefined` for what is not an entry of a version that we know. */
export function readAborted(bytes: Buffer, at: number): AbortedTransaction | undefined {
  const entry = {
    producerId: readInt64(bytes, at + PRODUCER_ID),
    firstOffset: readInt64(bytes, at + FIRST_OFFSET),
    lastOffset: readInt64(bytes, at + LAST_OFFSET),
    lastStableOffset: readInt64(bytes, at + LAST_STABLE_OFFSET),
  }
  const { producerId, firstOffset, lastOffset, lastStableOffset } = entry
  const isOne =
    bytes.readInt16BE(at) === VERSION &&
    producerId >= 0 &&
    firstOffset >= 0 &&
    lastOffset > firstOffset &&
    lastStableOffset >= 0
  return isOne ? entry : undefined
}

/** The bytes of a whole file. */
export function encodeAborted(entries: readonly AbortedTransaction[]): Buffer {
  const bytes = Buffer.allocUnsafe(entries.length * ABORTED_ENTRY_SIZE)
  for (const [i, entry] of entries.entries()) writeAborted(bytes, i * ABORTED_ENTRY_SIZE, entry)
  return bytes
}

/** The entries of a whole file; those before the first that is torn, or out of order. */
export function decodeAborted(bytes: Buffer): AbortedTransaction[] {
  const entries: AbortedTransaction[] = []
  for (let at = 0; at + ABORTED_ENTRY_SIZE <= bytes.length; at += ABORTED_ENTRY_SIZE) {
    const entry = readAborted(bytes, at)
    if (!entry || entry.lastOffset <= (entries.at(-1)?.lastOffset ?? -1)) break
    entries.push(entry)
  }
  return entries
}

/**
 * Those of these transactions that reach into the records from `from` to before `to`. Done as soon as an entry tells that all
 * which began before `to` had ended by then: `isComplete`, or there may be more behind these.
 */
export function overlapping(
  entries: Iterable<AbortedTransaction>,
  from: number,
  to: number,
): { found: AbortedTransaction[]; isComplete: boolean } {
  const found: AbortedTransaction[] = []
  for (const entry of entries) {
    if (entry.lastOffset >= from && entry.firstOffset < to) found.push(entry)
    if (entry.lastStableOffset >= to) return { found, isComplete: true }
  }
  return { found, isComplete: false }
}
