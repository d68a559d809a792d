import { describe, expect, it } from 'vitest'
import { decodeMessage } from '../../src/protocol/compile.ts'
import { ProducerSnapshot } from '../../src/protocol/messages/embedded/producer-snapshot.ts'
import { buildBatch } from '../../src/protocol/records/batch-builder.ts'
import type { BatchView } from '../../src/protocol/records/batch-view.ts'
import { buildMarker } from '../../src/protocol/records/control-records.ts'
import { crc32c } from '../../src/protocol/records/crc32c.ts'
import {
  decodeProducerSnapshot,
  encodeProducerSnapshot,
} from '../../src/storage/file/producer-snapshot.ts'
import { ProducerStates } from '../../src/storage/producer-state.ts'

const LAST = 2 ** 31 - 1

function batch(baseSequence: number, count = 1, producerEpoch = 0, producerId = 7): BatchView {
  const records = Array.from({ length: count }, () => ({ key: null, value: null, timestamp: 5 }))
  return buildBatch(records, { producerId, producerEpoch, baseSequence })
}

function part(baseSequence: number, producerId: number): BatchView {
  const options = { producerId, producerEpoch: 0, baseSequence, transactional: true }
  return buildBatch([{ key: null, value: null, timestamp: 5 }], options)
}

function marker(type: 'COMMIT' | 'ABORT', producerId: number, coordinatorEpoch: number): BatchView {
  return buildMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch, timestamp: 9 })
}

/** States after these batches were appended, each where the one before ends. */
function after(...batches: BatchView[]): ProducerStates {
  const states = new ProducerStates()
  let offset = 100
  for (const next of batches) {
    states.appended(next, offset)
    offset += next.recordCount
  }
  return states
}

function verdict(states: ProducerStates, next: BatchView): unknown {
  const found = states.judge(next)
  if (found.kind === 'duplicate') return found.batch.baseOffset
  return found.kind === 'reject' ? found.error : found.kind
}

describe('producer state', () => {
  it.each([
    ['no producer', [batch(0)], batch(-1, 1, -1, -1), 'append'],
    ['an unknown producer, any sequence', [], batch(7), 'append'],
    ['the next sequence', [batch(0, 2)], batch(2), 'append'],
    ['a gap', [batch(0, 2)], batch(5), 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
    [
      'the same first sequence with another count',
      [batch(0, 2)],
      batch(0),
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ],
    ['the last batch', [batch(0, 2), batch(2)], batch(2), 102],
    ['the fifth last', [0, 1, 2, 3, 4].map((s) => batch(s)), batch(0), 100],
    [
      'the sixth last',
      [0, 1, 2, 3, 4, 5].map((s) => batch(s)),
      batch(0),
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ],
    ['0 after the last sequence', [batch(LAST)], batch(0), 'append'],
    ['a batch that follows one with a wrap inside', [batch(LAST - 1, 3)], batch(1), 'append'],
    ['a batch with a wrap inside, again', [batch(LAST - 1, 3), batch(1)], batch(LAST - 1, 3), 100],
    ['a lower epoch', [batch(0, 1, 1)], batch(1, 1, 0), 'INVALID_PRODUCER_EPOCH'],
    ['a higher epoch at 0', [batch(0)], batch(0, 1, 1), 'append'],
    ['a higher epoch elsewhere', [batch(0)], batch(1, 1, 1), 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
    [
      'a batch of the epoch before, of equal sequence',
      [batch(0), batch(0, 1, 1)],
      batch(0),
      'INVALID_PRODUCER_EPOCH',
    ],
    ['another producer', [batch(0)], batch(9, 1, 0, 8), 'append'],
  ] as const)('%s', (_name, before, next, expected) => {
    const states = after(...before)
    expect(verdict(states, next)).toBe(expected)
    // A snapshot knows the same.
    const restored = decodeProducerSnapshot(encodeProducerSnapshot(states))!
    expect(verdict(restored, next)).toBe(expected)
  })

  it('knows after a snapshot which transactions are open, and what the last marker said', () => {
    const states = after(part(0, 7), part(0, 8), part(0, 9), part(1, 7))
    states.appended(marker('COMMIT', 8, 3), 104)
    states.appended(marker('ABORT', 9, 5), 105)
    const restored = decodeProducerSnapshot(encodeProducerSnapshot(states))!
    expect(restored.entries()).toEqual(states.entries())
    expect(restored.entries()).toEqual([
      expect.objectContaining({ currentTransactionStartOffset: 100, coordinatorEpoch: -1 }),
      expect.objectContaining({ currentTransactionStartOffset: -1, coordinatorEpoch: 3 }),
      expect.objectContaining({ currentTransactionStartOffset: -1, coordinatorEpoch: 5 }),
    ])
    expect(restored.transactions.first).toBe(100)
    expect(restored.transactions.lastStableOffset(200, 0)).toBe(100)
    expect(verdict(restored, marker('ABORT', 9, 4))).toBe('TRANSACTION_COORDINATOR_FENCED')
    expect(verdict(restored, part(2, 7))).toBe('append')
    expect(verdict(restored, batch(2))).toBe('INVALID_TXN_STATE')
    const { producerEntries } = decodeMessage(
      ProducerSnapshot,
      1,
      encodeProducerSnapshot(states).subarray(2, 10 + 3 * 46),
    )
    expect(producerEntries).toEqual([
      expect.objectContaining({ producerId: 7n, currentTxnFirstOffset: 100n, lastSequence: 1 }),
      expect.objectContaining({ producerId: 8n, currentTxnFirstOffset: -1n, coordinatorEpoch: 3 }),
      expect.objectContaining({ producerId: 9n, timestamp: 9n, coordinatorEpoch: 5 }),
    ])
  })

  it('does not forget who has a transaction open, however long it is silent', () => {
    const states = after(part(0, 7), part(0, 8), batch(0, 1, 0, 9))
    states.appended(marker('COMMIT', 8, 0), 103)
    for (const _ of states.forget(1e9));
    expect(states.entries().map(({ producerId }) => producerId)).toEqual([7])
    states.appended(marker('COMMIT', 7, 0), 104)
    for (const _ of states.forget(1e9));
    expect(states.size).toBe(0)
  })

  it('tells what a marker has aborted, and that a marker whose record is compacted away ends nothing', () => {
    const states = after(part(0, 7), part(0, 8))
    const emptied = buildBatch([], {
      producerId: 7,
      producerEpoch: 4,
      transactional: true,
      control: true,
      lastOffsetDelta: 0,
    })
    expect(states.appended(emptied, 102)).toBe(undefined)
    expect(states.transactions.first).toBe(100)
    expect(states.appended(marker('ABORT', 8, 0), 103)).toEqual({
      producerId: 8,
      firstOffset: 101,
      lastOffset: 103,
      lastStableOffset: 100,
    })
    expect(states.appended(marker('COMMIT', 7, 0), 104)).toBe(undefined)
    expect(states.appended(marker('ABORT', 7, 0), 105)).toBe(undefined)
    expect(states.entries()[0]).toMatchObject({ producerEpoch: 0, lastSequence: 0 })
  })

  it('forks without a trace', () => {
    const states = after(batch(0))
    states.fork([7]).appended(batch(1), 101)
    expect(verdict(states, batch(1))).toBe('append')
  })

  it("a snapshot is what Kafka reads, with more behind it, and Kafka's own is read", () => {
    const states = after(batch(0, 2), batch(2, 3), batch(0, 1, 4, 9))
    const bytes = encodeProducerSnapshot(states)
    // Two producers of Kafka's 46 bytes, behind version, checksum and count.
    const kafkas = Buffer.from(bytes.subarray(0, 10 + 2 * 46))
    const { producerEntries } = decodeMessage(ProducerSnapshot, 1, kafkas.subarray(2))
    expect(producerEntries).toEqual([
      {
        producerId: 7n,
        epoch: 0,
        lastSequence: 4,
        lastOffset: 104n,
        offsetDelta: 2,
        timestamp: 5n,
        coordinatorEpoch: -1,
        currentTxnFirstOffset: -1n,
      },
      expect.objectContaining({ producerId: 9n, epoch: 4, lastSequence: 0, lastOffset: 105n }),
    ])
    kafkas.writeUInt32BE(crc32c(kafkas.subarray(6)), 2)
    const restored = decodeProducerSnapshot(kafkas)!
    expect(verdict(restored, batch(2, 3))).toBe(102)
    expect(verdict(restored, batch(5))).toBe('append')
    expect(verdict(restored, batch(0, 2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  it('a damaged snapshot is none', () => {
    const bytes = encodeProducerSnapshot(after(batch(0), batch(1), batch(0, 1, 0, 9)))
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= 1
      expect(decodeProducerSnapshot(damaged)).toBe(undefined)
      expect(decodeProducerSnapshot(bytes.subarray(0, at))).toBe(undefined)
    }
  })
})
