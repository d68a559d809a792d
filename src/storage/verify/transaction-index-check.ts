/**
 * A segment's `.txnindex` against the transactions that were aborted in its batches.
 *
 *   0  version           int16   0
 *   2  producerId        int64
 *  10  firstOffset       int64   of the transaction
 *  18  lastOffset        int64   of its marker
 *  26  lastStableOffset  int64   when it had ended
 */

import { readInt64 } from '../../protocol/records/batch-view.ts'
import type { AbortedTransaction } from './producer-replay.ts'

const ENTRY_SIZE = 34

export interface IndexCircumstances {
  /** First offset of the log: what began before it is not known. */
  firstOffset: number
  mayGap: boolean
}

/** What is wrong with it; `undefined` when nothing is. */
export function transactionIndexFault(
  bytes: Buffer | undefined,
  aborted: readonly AbortedTransaction[],
  circumstances: IndexCircumstances,
): { text: string; position: number } | undefined {
  if (bytes && bytes.length % ENTRY_SIZE !== 0) {
    return { text: `its ${bytes.length} bytes are not whole entries of ${ENTRY_SIZE}`, position: 0 }
  }
  const entries = entriesOf(bytes ?? Buffer.alloc(0))
  if (circumstances.mayGap) return orderFault(entries)
  // Of transactions that began before the log does, only the index tells.
  const earlier = entries.filter(({ firstOffset }) => firstOffset < circumstances.firstOffset)
  const known = entries.filter((entry) => !earlier.includes(entry))
  const wanted = aborted.filter(
    ({ producerId, lastOffset }) =>
      !earlier.some((one) => one.producerId === producerId && one.lastOffset === lastOffset),
  )
  for (const [i, expected] of wanted.entries()) {
    const entry = known[i]
    const position = i * ENTRY_SIZE
    if (!entry) {
      const text = `the transaction of producer ${expected.producerId} that was aborted at ${expected.lastOffset} is missing`
      return { text, position }
    }
    const text = differenceOf(entry, expected)
    if (text) return { text: `entry ${i} ${text}`, position }
  }
  if (known.length === wanted.length) return undefined
  const { producerId, lastOffset } = known[wanted.length]!
  const text = `it has a transaction of producer ${producerId} that was not aborted at ${lastOffset}`
  return { text, position: wanted.length * ENTRY_SIZE }
}

function entriesOf(bytes: Buffer): AbortedTransaction[] {
  const entries: AbortedTransaction[] = []
  for (let at = 0; at < bytes.length; at += ENTRY_SIZE) {
    entries.push({
      producerId: readInt64(bytes, at + 2),
      firstOffset: readInt64(bytes, at + 10),
      lastOffset: readInt64(bytes, at + 18),
      lastStableOffset: readInt64(bytes, at + 26),
    })
  }
  return entries
}

function differenceOf(entry: AbortedTransaction, expected: AbortedTransaction): string | undefined {
  for (const name of ['producerId', 'firstOffset', 'lastOffset', 'lastStableOffset'] as const) {
    if (entry[name] !== expected[name]) return `says ${name} ${entry[name]}, not ${expected[name]}`
  }
  return undefined
}

function orderFault(
  entries: readonly AbortedTransaction[],
): { text: string; position: number } | undefined {
  let lastOffset = -1
  for (const [i, entry] of entries.entries()) {
    if (entry.lastOffset <= lastOffset || entry.firstOffset > entry.lastOffset) {
      return { text: `entry ${i} is out of order`, position: i * ENTRY_SIZE }
    }
    lastOffset = entry.lastOffset
  }
  return undefined
}
