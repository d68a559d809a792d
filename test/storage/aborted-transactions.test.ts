import { describe, expect, it } from 'vitest'
import { decodeMessage } from '../../src/protocol/compile.ts'
import { AbortedTxn } from '../../src/protocol/messages/embedded/transaction-index.ts'
import { buildBatch } from '../../src/protocol/records/batch-builder.ts'
import { buildMarker } from '../../src/protocol/records/control-records.ts'
import { type Random, seededRandom } from '../../src/random.ts'
import {
  ABORTED_ENTRY_SIZE,
  type AbortedTransaction,
  decodeAborted,
  encodeAborted,
  overlapping,
} from '../../src/storage/aborted-transactions.ts'
import { OpenTransactions } from '../../src/storage/open-transactions.ts'
import { ProducerStates } from '../../src/storage/producer-state.ts'

const PRODUCERS = 5
const RECORD = { key: null, value: null, timestamp: 1 }

interface Transaction {
  producerId: number
  first: number
  /** Of the marker; Infinity as long as there is none. */
  last: number
  isAborted: boolean
}

/** Transactions that begin and end in any order, one offset after the other. */
function randomTransactions(random: Random, length: number): Transaction[] {
  const all: Transaction[] = []
  const open = new Map<number, Transaction>()
  for (let offset = 0; offset < length; offset++) {
    const producerId = random.below(PRODUCERS)
    const one = open.get(producerId)
    if (!one) {
      const begun = { producerId, first: offset, last: Infinity, isAborted: false }
      open.set(producerId, begun)
      all.push(begun)
    } else if (random.below(3) === 0) {
      Object.assign(one, { last: offset, isAborted: random.below(2) === 0 })
      open.delete(producerId)
    }
  }
  return all
}

/** What the producers' state makes of such a log. */
function listed(transactions: readonly Transaction[], length: number): AbortedTransaction[] {
  const states = new ProducerStates()
  const entries: AbortedTransaction[] = []
  for (let offset = 0; offset < length; offset++) {
    const ending = transactions.find(({ last }) => last === offset)
    const identity = { producerEpoch: 0, baseSequence: 0, transactional: true }
    const { producerId } = ending ?? transactions.findLast(({ first }) => first <= offset)!
    const type = ending?.isAborted ? 'ABORT' : 'COMMIT'
    const marker = {
      type,
      producerId,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      timestamp: 1,
    } as const
    const begins = transactions.some(({ first }) => first === offset)
    if (!ending && !begins) continue
    const batch = ending ? buildMarker(marker) : buildBatch([RECORD], { ...identity, producerId })
    const entry = states.appended(batch, offset)
    if (entry) entries.push(entry)
  }
  return entries
}

describe('a list of aborted transactions', () => {
  const entries = [
    { producerId: 2 ** 40, firstOffset: 5, lastOffset: 9, lastStableOffset: 7 },
    { producerId: 0, firstOffset: 0, lastOffset: 2 ** 50, lastStableOffset: 2 ** 50 + 1 },
  ]

  it("has Kafka's bytes", () => {
    const bytes = encodeAborted(entries)
    expect(bytes).toHaveLength(2 * ABORTED_ENTRY_SIZE)
    for (const [i, entry] of entries.entries()) {
      const one = bytes.subarray(i * ABORTED_ENTRY_SIZE, (i + 1) * ABORTED_ENTRY_SIZE)
      expect(one.readInt16BE(0)).toBe(0)
      const { producerId, firstOffset, lastOffset, lastStableOffset } = entry
      expect(decodeMessage(AbortedTxn, 0, one.subarray(2))).toEqual({
        producerId: BigInt(producerId),
        firstOffset: BigInt(firstOffset),
        lastOffset: BigInt(lastOffset),
        lastStableOffset: BigInt(lastStableOffset),
      })
    }
    expect(decodeAborted(bytes)).toEqual(entries)
  })

  it('ends before what is torn, out of order, or of another version', () => {
    const bytes = encodeAborted(entries)
    expect(decodeAborted(bytes.subarray(0, -1))).toEqual(entries.slice(0, 1))
    expect(decodeAborted(Buffer.concat([bytes, Buffer.alloc(100)]))).toEqual(entries)
    expect(decodeAborted(encodeAborted([...entries, entries[0]!]))).toEqual(entries)
    bytes.writeInt16BE(1, ABORTED_ENTRY_SIZE)
    expect(decodeAborted(bytes)).toEqual(entries.slice(0, 1))
  })

  it.each([1, 2, 3, 4, 5])(
    'tells of all that reach into a range, and of no more, seed %i',
    (seed) => {
      const random = seededRandom(seed)
      const length = 150
      const transactions = randomTransactions(random, length)
      const all = listed(transactions, length)
      expect(all.length).toBeGreaterThan(5)
      for (let i = 0; i < 300; i++) {
        const from = random.below(length)
        const to = from + 1 + random.below(length - from)
        // Committed reads end where the first open transaction begins.
        if (transactions.some(({ first, last }) => first < to && last >= length)) continue
        const found = overlapping(all, from, to).found.map((one) => one.firstOffset)
        const expected = transactions.filter(
          ({ isAborted, first, last }) => isAborted && last >= from && first < to,
        )
        expect(found.toSorted((a, b) => a - b)).toEqual(expected.map(({ first }) => first))
      }
    },
  )

  it('is not read further than where all that began in the range had ended', () => {
    const transactions = randomTransactions(seededRandom(9), 2000)
    const all = listed(transactions, 2000)
    let read = 0
    const counted = (function* () {
      for (const entry of all) {
        read++
        yield entry
      }
    })()
    expect(overlapping(counted, 0, 10).isComplete).toBe(true)
    expect(read).toBeLessThan(50)
  })
})

describe('open transactions', () => {
  it.each([1, 2, 3, 4, 5])(
    'hold the last stable offset where a look at all says, seed %i',
    (seed) => {
      const random = seededRandom(seed)
      const length = 400
      const transactions = randomTransactions(random, length)
      const open = new OpenTransactions()
      let highWatermark = 0
      for (let end = 1; end <= length; end++) {
        const offset = end - 1
        const begun = transactions.find(({ first }) => first === offset)
        const ended = transactions.find(({ last }) => last === offset)
        if (begun) open.begin(offset)
        if (ended) open.end(ended.first, offset)
        if (random.below(3) === 0) highWatermark += random.below(end - highWatermark + 1)
        open.acknowledged(highWatermark)
        const unstable = transactions
          .filter(({ first, last }) => first < highWatermark && last >= highWatermark)
          .map(({ first }) => first)
        const expected = Math.min(highWatermark, ...unstable)
        expect(open.lastStableOffset(highWatermark, 0)).toBe(expected)
        const start = random.below(highWatermark + 1)
        expect(open.lastStableOffset(highWatermark, start)).toBe(Math.max(expected, start))
      }
    },
  )

  it('may come in any order, as a snapshot has them', () => {
    const open = new OpenTransactions()
    for (const first of [30, 10, 20]) open.begin(first)
    expect(open.lastStableOffset(100, 0)).toBe(10)
    open.end(10, 40)
    open.acknowledged(41)
    expect(open.lastStableOffset(100, 0)).toBe(20)
    open.begin(50)
    open.begin(15)
    expect(open.lastStableOffset(100, 0)).toBe(15)
    expect(open.size).toBe(4)
  })
})
