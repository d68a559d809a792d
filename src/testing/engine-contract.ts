/**
 * What every storage engine has to do, as named cases that throw when it does not; they need no test runner:
 *
 *   for (const { name, run } of engineContract) it(name, () => run(harness))
 */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { batchesIn } from '../protocol/records/batch-view.ts'
import { type Append, logId, type ReadLimits, StorageError } from '../storage/engine.ts'
import { compactionChecks, compactionRestarts } from './engine-compaction.ts'
import {
  batchOf,
  type Check,
  EngineInUse,
  type EngineUnderTest,
  NO_LIMITS,
  OTHER_TOPIC_ID,
  offsetsOf,
  produced,
  type RestartCheck,
  specOf,
  TOPIC_ID,
} from './engine-in-use.ts'
import { transactionChecks, transactionRestarts } from './engine-transactions.ts'
import { retentionChecks, retentionRestarts } from './retention-contract.ts'

export type { EngineUnderTest } from './engine-in-use.ts'

export interface EngineHarness {
  /** An engine over a new, empty store. */
  open(): Promise<EngineUnderTest>
}

export interface ContractCase {
  readonly name: string
  readonly run: (harness: EngineHarness) => Promise<void>
}

const checks: Record<string, Check> = {
  'offsets are given out in the order of calls and of batches in a call': async (use) => {
    const log = await use.create()
    const calls = await Promise.all([
      use.append(log, batchOf(['a', 'b']), batchOf(['c'])),
      use.append(log, batchOf(['d'])),
      use.append(log, batchOf(['e', 'f', 'g'])),
    ])
    deepEqual(calls.map(offsetsOf), [[0, 2], [3], [4]])
    deepEqual(await use.values(), ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  },

  'stored bytes are the sent ones but for base offset and leader epoch, and the sent ones stay':
    async (use) => {
      const log = await use.create()
      for (const size of [10, 100_000]) {
        const batch = batchOf(['x'.repeat(size)], { baseOffset: 99, leaderEpoch: 42 })
        const sent = Buffer.from(batch.bytes)
        const [outcome] = await use.append(log, batch)
        ok(outcome?.kind === 'appended')
        const { buffers, leaderEpoch } = await use.read({ offset: outcome.baseOffset })
        const [stored] = batchesIn(Buffer.concat(buffers))
        equal(stored?.baseOffset, outcome.baseOffset)
        equal(stored?.partitionLeaderEpoch, leaderEpoch)
        deepEqual(stored?.bytes.subarray(16), sent.subarray(16))
        deepEqual(batch.bytes, sent)
      }
    },

  'an append to no log, and to one that is deleted, is UNKNOWN_TOPIC_OR_PARTITION; others of the call go on':
    async (use) => {
      const log = await use.create()
      const none = logId(OTHER_TOPIC_ID, 0)
      const appends = [none, log].map((id) => ({ log: id, batch: batchOf(['a']) }))
      deepEqual(offsetsOf(await use.engine.append(appends)), ['UNKNOWN_TOPIC_OR_PARTITION', 0])
      equal((await use.read({ log: none })).error, 'UNKNOWN_TOPIC_OR_PARTITION')
      equal(use.engine.offsets(none), undefined)
    },

  'duplicates get the original offset, gaps and old epochs are refused': async (use) => {
    const log = await use.create()
    const sent = [5, 6, 7, 8, 9, 10].map((sequence) => produced(`s${sequence}`, sequence))
    deepEqual(offsetsOf(await use.append(log, ...sent)), [0, 1, 2, 3, 4, 5])
    const [again] = await use.append(log, sent[1]!)
    deepEqual([again?.kind, offsetsOf([again!])], ['duplicate', [1]])
    // The sixth batch back is forgotten.
    deepEqual(offsetsOf(await use.append(log, sent[0]!)), ['OUT_OF_ORDER_SEQUENCE_NUMBER'])
    deepEqual(offsetsOf(await use.append(log, produced('gap', 12))), [
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ])
    deepEqual(offsetsOf(await use.append(log, produced('new', 1, 1))), [
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ])
    deepEqual(offsetsOf(await use.append(log, produced('new', 0, 1))), [6])
    deepEqual(offsetsOf(await use.append(log, produced('old', 11))), ['INVALID_PRODUCER_EPOCH'])
    equal(use.engine.producers(log)[0]?.lastSequence, 0)
    equal((await use.values()).length, 7)
  },

  'a batch larger than a segment is RECORD_LIST_TOO_LARGE': async (use) => {
    const log = await use.create(0, { segmentBytes: 1000 })
    deepEqual(offsetsOf(await use.append(log, batchOf(['x'.repeat(2000)]))), [
      'RECORD_LIST_TOO_LARGE',
    ])
  },

  'reads are whole batches within the limits; only the first non-empty log may exceed': async (
    use,
  ) => {
    const logs = [await use.create(0), await use.create(1), await use.create(2)]
    const size = batchOf(['value']).sizeInBytes
    for (const log of logs.slice(1)) await use.append(log, batchOf(['value']), batchOf(['value']))
    const sizes = async (maxBytes: number, limits: Partial<ReadLimits>) => {
      const wants = logs.map((log) => ({ log, offset: 0, maxBytes }))
      const { reads } = await use.engine.read(wants, { ...NO_LIMITS, ...limits })
      return reads.map((read) => read.size)
    }
    deepEqual(await sizes(1e6, {}), [0, 2 * size, 2 * size])
    deepEqual(await sizes(2 * size - 1, {}), [0, size, size])
    deepEqual(await sizes(1e6, { maxBytes: 3 * size }), [0, 2 * size, size])
    deepEqual(await sizes(1, {}), [0, size, 0])
    deepEqual(await sizes(1, { firstWhole: false }), [0, 0, 0])
    deepEqual(await sizes(1e6, { maxBytes: 0 }), [0, size, 0])
  },

  'a read begins with the batch that holds its offset': async (use) => {
    const log = await use.create()
    await use.append(log, batchOf(['a', 'b', 'c']), batchOf(['d', 'e']))
    for (const [offset, base] of [
      [0, 0],
      [2, 0],
      [3, 3],
      [4, 3],
    ]) {
      const { buffers } = await use.read({ offset: offset! })
      equal([...batchesIn(Buffer.concat(buffers))][0]?.baseOffset, base)
    }
  },

  'the end is empty, outside is OFFSET_OUT_OF_RANGE': async (use) => {
    const log = await use.create()
    await use.append(log, batchOf(['a', 'b']))
    const end = await use.read({ offset: 2 })
    deepEqual([end.error, end.size, end.highWatermark, end.logStartOffset], [undefined, 0, 2, 0])
    for (const offset of [-1, 3]) {
      equal((await use.read({ offset })).error, 'OFFSET_OUT_OF_RANGE')
    }
    await use.engine.truncateBefore(log, 1)
    equal((await use.read({ offset: 0 })).error, 'OFFSET_OUT_OF_RANGE')
    equal((await use.read({ offset: 1 })).error, undefined)
  },

  'a log reads the same across many segments': async (use) => {
    const log = await use.create(0, { segmentBytes: 400, indexIntervalBytes: 100 })
    const values = Array.from({ length: 60 }, (_, i) => `value ${i}`)
    for (const value of values) await use.append(log, batchOf([value]))
    for (const from of [0, 17, 59]) deepEqual(await use.values(log, from), values.slice(from))
  },

  'watchers hear of appends, of a new start and of the end': async (use) => {
    const log = await use.create()
    let heard = 0
    const stop = use.engine.watch(log, () => {
      heard++
    })
    await use.append(log, batchOf(['a', 'b']))
    equal(heard > 0, true)
    const afterAppend = heard
    await use.engine.truncateBefore(log, 1)
    equal(heard > afterAppend, true)
    const afterTruncate = heard
    stop()
    await use.append(log, batchOf(['c']))
    equal(heard, afterTruncate)
    use.engine.watch(log, () => {
      heard++
    })
    await use.engine.delete(log)
    equal(heard > afterTruncate, true)
  },

  'offsets by timestamp are those of records': async (use) => {
    const log = await use.create(0, { segmentBytes: 300, indexIntervalBytes: 1 })
    equal(await use.engine.offsetOfMaxTimestamp(log), undefined)
    await use.append(log, batchOf(['a', 'b', 'c'], { times: [1000, 5000, 3000] }))
    await use.append(log, batchOf(['d'], { times: [5000] }), batchOf(['e'], { times: [7000] }))
    const at = async (timestamp: number) => {
      const found = await use.engine.offsetForTimestamp(log, timestamp)
      return found && [found.offset, found.timestamp]
    }
    deepEqual(await at(0), [0, 1000])
    deepEqual(await at(1001), [1, 5000])
    deepEqual(await at(5000), [1, 5000])
    deepEqual(await at(5001), [4, 7000])
    equal(await at(7001), undefined)
    equal((await use.engine.offsetOfMaxTimestamp(log))?.offset, 4)
    await use.engine.truncateBefore(log, 2)
    deepEqual(await at(0), [2, 3000])
  },

  'the log start moves up, never down, and not behind the high watermark': async (use) => {
    const log = await use.create(0, { segmentBytes: 200 })
    for (const value of ['a', 'b', 'c', 'd', 'e', 'f']) await use.append(log, batchOf([value]))
    const size = use.engine.size(log)
    equal(await use.engine.truncateBefore(log, 4), 4)
    equal(await use.engine.truncateBefore(log, 2), 4)
    equal(use.engine.offsets(log)?.logStartOffset, 4)
    ok(use.engine.size(log) < size)
    deepEqual(await use.values(log, 4), ['e', 'f'])
    equal(await use.engine.truncateBefore(log, 100), 6)
    deepEqual(await use.values(log, 6), [])
    deepEqual(offsetsOf(await use.append(log, batchOf(['g']))), [6])
  },

  'a store tells where it is, and the room there, or that nobody knows': async (use) => {
    const { path, totalBytes, usableBytes } = await use.engine.place()
    ok(path.startsWith('/'))
    if (totalBytes === -1) equal(usableBytes, -1)
    else ok(usableBytes >= 0 && usableBytes <= totalBytes)
  },

  'a deleted log is gone, and one of the same name begins anew': async (use) => {
    const log = await use.create()
    await use.append(log, batchOf(['old']))
    await use.engine.delete(log)
    deepEqual(offsetsOf(await use.append(log, batchOf(['late']))), ['UNKNOWN_TOPIC_OR_PARTITION'])
    deepEqual(await use.engine.list(), [])
    const next = await use.create(0, {}, OTHER_TOPIC_ID)
    deepEqual(offsetsOf(await use.append(next, batchOf(['new']))), [0])
    deepEqual(await use.values(next), ['new'])
    equal(use.engine.offsets(log), undefined)
  },

  'an owner fences the one before it': async (use) => {
    const log = await use.create()
    const first = await use.engine.own(log)
    const by = (ownerEpoch: number, value: string): Append => ({
      log,
      ownerEpoch,
      batch: batchOf([value]),
    })
    await use.engine.append([by(first.ownerEpoch, 'a')])
    const late = use.engine.append([by(first.ownerEpoch, 'b')])
    const second = await use.engine.own(log)
    ok(second.ownerEpoch > first.ownerEpoch)
    deepEqual(offsetsOf(await late), [1])
    deepEqual(offsetsOf(await use.engine.append([by(first.ownerEpoch, 'c')])), ['fenced'])
    deepEqual(offsetsOf(await use.engine.append([by(second.ownerEpoch, 'd')])), [2])
    await rejects(use.engine.own(logId(OTHER_TOPIC_ID, 0)), StorageError)
  },

  'a replay gives the batches from the log start, whole and in order': async (use) => {
    const log = await use.create(0, { segmentBytes: 300 })
    for (let i = 0; i < 10; i++) await use.append(log, batchOf([`${2 * i}`, `${2 * i + 1}`]))
    await use.engine.truncateBefore(log, 7)
    const { replay } = await use.engine.own(log)
    const offsets: number[] = []
    for await (const batch of replay()) offsets.push(batch.baseOffset)
    deepEqual(offsets, [6, 8, 10, 12, 14, 16, 18])
  },

  'an atomic append is all or none': async (use) => {
    const logs = [await use.create(0), await use.create(1)]
    await use.append(logs[1]!, produced('a', 0))
    const appends = (sequence: number): Append[] => [
      { log: logs[0]!, batch: batchOf(['x']) },
      { log: logs[1]!, batch: produced('b', sequence) },
      { log: logs[1]!, batch: produced('c', sequence + 1) },
    ]
    const refused = await use.engine.append(appends(5), { atomic: true })
    deepEqual(offsetsOf(refused).slice(1, 2), ['OUT_OF_ORDER_SEQUENCE_NUMBER'])
    equal(
      refused.every(({ kind }) => kind === 'rejected'),
      true,
    )
    deepEqual(await use.values(logs[0]), [])
    let seen: unknown[] = []
    use.engine.watch(logs[0]!, () => {
      seen = logs.map((log) => use.engine.offsets(log)?.highWatermark)
    })
    deepEqual(offsetsOf(await use.engine.append(appends(1), { atomic: true })), [0, 1, 2])
    deepEqual(seen, [1, 3])
    deepEqual(await use.values(logs[1]), ['a', 'b', 'c'])
  },

  'epochs end where the next begins': async (use) => {
    const log = await use.create()
    await use.append(log, batchOf(['a', 'b']))
    const { ownerEpoch } = await use.engine.own(log)
    await use.append(log, batchOf(['c']))
    const { leaderEpoch } = use.engine.offsets(log)!
    const before = use.engine.epochAt(log, 1)
    ok(leaderEpoch >= ownerEpoch && leaderEpoch > before)
    equal(use.engine.epochAt(log, 2), leaderEpoch)
    deepEqual(use.engine.epochEnd(log, before), { epoch: before, endOffset: 2 })
    deepEqual(use.engine.epochEnd(log, leaderEpoch), { epoch: leaderEpoch, endOffset: 3 })
    equal(use.engine.epochEnd(log, leaderEpoch + 1), undefined)
    await use.engine.create([{ ...specOf(0, {}, TOPIC_ID), leaderEpoch: leaderEpoch + 5 }])
    equal(use.engine.offsets(log)!.leaderEpoch, leaderEpoch + 5)
  },

  'segments tell where they begin and their largest timestamp': async (use) => {
    const log = await use.create()
    deepEqual(use.engine.segments(log), [{ baseOffset: 0, maxTimestamp: -1 }])
    const batch = batchOf(['a', 'b'])
    await use.append(log, batch)
    const [first, ...more] = use.engine.segments(log)
    deepEqual(first, { baseOffset: 0, maxTimestamp: batch.maxTimestamp })
    deepEqual(more, [])
  },
}

/** The same is true after a clean stop and after kill -9. */
const restarts: Record<string, RestartCheck> = {
  'records, producers, start and size outlive the engine': async (use, how) => {
    const log = await use.create(0, { segmentBytes: 500 })
    for (let i = 0; i < 20; i++) await use.append(log, produced(`v${i}`, i))
    await use.engine.truncateBefore(log, 3)
    const before = use.engine.offsets(log)!
    const size = use.engine.size(log)
    await use.restart(how, { segmentBytes: 500 })
    const { leaderEpoch, ...after } = use.engine.offsets(log)!
    deepEqual({ ...after, leaderEpoch: before.leaderEpoch }, before)
    equal(leaderEpoch > before.leaderEpoch, how === 'kill')
    equal(use.engine.size(log), size)
    deepEqual(
      await use.values(log, 3),
      Array.from({ length: 17 }, (_, i) => `v${i + 3}`),
    )
    deepEqual(offsetsOf(await use.append(log, produced('v15', 15))), [15])
    deepEqual(offsetsOf(await use.append(log, produced('v20', 20))), [20])
  },

  'an owner epoch is higher than all before the restart': async (use, how) => {
    const log = await use.create()
    const first = await use.engine.own(log)
    await use.engine.append([{ log, batch: batchOf(['a']), ownerEpoch: first.ownerEpoch }])
    await use.restart(how)
    const second = await use.engine.own(log)
    ok(second.ownerEpoch > first.ownerEpoch)
    const replayed: number[] = []
    for await (const batch of second.replay()) replayed.push(batch.baseOffset)
    deepEqual(replayed, [0])
  },

  'leader epochs never go back': async (use, how) => {
    const log = await use.create()
    await use.append(log, batchOf(['a']))
    let latest = 0
    for (const next of ['kill', how, 'kill', how] as const) {
      await use.restart(next)
      const { leaderEpoch } = use.engine.offsets(log)!
      ok(leaderEpoch > latest || (next === 'close' && leaderEpoch === latest))
      latest = leaderEpoch
    }
  },

  'logs are listed, and deleted ones are not, after a restart': async (use, how) => {
    await use.create(0)
    await use.create(3)
    await use.engine.delete(logId(TOPIC_ID, 3))
    await use.restart(how)
    const specs = await use.engine.list()
    deepEqual(
      specs.map(({ topic, topicId, partitionIndex }) => [topic, topicId, partitionIndex]),
      [['contract', TOPIC_ID, 0]],
    )
  },
}

function caseOf(name: string, check: Check): ContractCase {
  return {
    name,
    run: async (harness) => {
      const use = new EngineInUse(await harness.open())
      try {
        await check(use)
      } finally {
        await use.dispose()
      }
    },
  }
}

export const engineContract: readonly ContractCase[] = [
  ...Object.entries({
    ...checks,
    ...transactionChecks,
    ...retentionChecks,
    ...compactionChecks,
  }).map(([name, check]) => caseOf(name, check)),
  ...Object.entries({
    ...restarts,
    ...transactionRestarts,
    ...retentionRestarts,
    ...compactionRestarts,
  }).flatMap(([name, check]) => [
    caseOf(`${name}, by a clean stop`, (use) => check(use, 'close')),
    caseOf(`${name}, by kill -9`, (use) => check(use, 'kill')),
  ]),
]
