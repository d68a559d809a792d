/** What the engine contract says of transactions: what holds committed reads back, what they are told, and who may end what. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { batchesIn, type BatchView } from '../protocol/records/batch-view.ts'
import { buildMarker, type MarkerOptions } from '../protocol/records/control-records.ts'
import type { Append, LogId } from '../storage/engine.ts'
import { batchOf, type EngineInUse, offsetsOf } from './engine-in-use.ts'

const OLD_EPOCH = 'INVALID_PRODUCER_EPOCH'
const WRONG_STATE = 'INVALID_TXN_STATE'
const OUT_OF_ORDER = 'OUT_OF_ORDER_SEQUENCE_NUMBER'

interface Identity {
  producerId?: number
  producerEpoch?: number
}

/** One transactional record. */
function part(value: string, baseSequence: number, who: Identity = {}): BatchView {
  const { producerId = 7, producerEpoch = 0 } = who
  return batchOf([value], { producerId, producerEpoch, baseSequence, transactional: true })
}

function marker(type: MarkerOptions['type'], of: Partial<MarkerOptions> = {}): BatchView {
  const all = { producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 2_000, ...of }
  return buildMarker({ type, ...all })
}

async function appendOne(use: EngineInUse, append: Append): Promise<number | string> {
  return offsetsOf(await use.engine.append([append]))[0]!
}

function stable(use: EngineInUse, log?: LogId): number {
  return use.offsets(log).lastStableOffset
}

/** Where the batches begin that a committed read from `offset` on gives, and the aborted transactions, `producer@first`. */
async function committed(
  use: EngineInUse,
  offset: number,
  maxBytes = 1 << 30,
): Promise<[number[], string[]]> {
  const read = await use.read({ offset, maxBytes, committedOnly: true })
  equal(read.error, undefined)
  const batches = [...batchesIn(Buffer.concat(read.buffers))]
  const aborted = read.abortedTransactions.map((one) => `${one.producerId}@${one.firstOffset}`)
  return [batches.map(({ baseOffset }) => baseOffset), aborted]
}

/** Three transactions that cross, of which 1 and 3 are aborted, 1 last; then nothing is open. */
async function crossing(use: EngineInUse, log: LogId): Promise<void> {
  const [one, two, three] = [1, 2, 3].map((producerId) => ({ producerId }))
  await use.append(
    log,
    part('1a', 0, one),
    part('2a', 0, two),
    part('3a', 0, three),
    batchOf(['none']),
    marker('ABORT', three),
    part('1b', 1, one),
    marker('COMMIT', two),
    marker('ABORT', one),
    batchOf(['last']),
  )
}

export const transactionChecks: Record<string, (use: EngineInUse) => Promise<void>> = {
  'the earliest open transaction holds the last stable offset back, and the next one after it':
    async (use) => {
      const log = await use.create()
      const other = { producerId: 8 }
      await use.append(log, batchOf(['a']))
      equal(stable(use), 1)
      await use.append(log, part('b', 0), part('c', 0, other), part('d', 1))
      equal(stable(use), 1)
      await use.append(log, marker('COMMIT'))
      equal(stable(use), 2)
      await use.append(log, part('e', 2))
      equal(stable(use), 2)
      await use.append(log, marker('ABORT', other))
      equal(stable(use), 5)
      await use.append(log, marker('ABORT'))
      deepEqual([stable(use), use.offsets().highWatermark], [8, 8])
    },

  'a transaction holds it back until its marker is acknowledged, and watchers hear of that': async (
    use,
  ) => {
    const log = await use.create(0, { flushMessages: 1 })
    await use.append(log, part('a', 0))
    const heard: number[][] = []
    use.engine.watch(log, () => {
      const { highWatermark, lastStableOffset } = use.offsets()
      heard.push([highWatermark, lastStableOffset])
    })
    const ending = use.append(log, marker('COMMIT'))
    deepEqual([use.offsets().highWatermark, stable(use)], [1, 0])
    await ending
    deepEqual(heard.at(-1), [2, 2])
    ok(heard.every(([highWatermark, end]) => end === (highWatermark === 2 ? 2 : 0)))
  },

  'committed reads end before the first open transaction, others do not': async (use) => {
    const log = await use.create()
    await use.append(log, batchOf(['a', 'b']), batchOf(['c']), part('d', 0), batchOf(['e']))
    for (const [offset, seen] of [
      [0, [0, 2]],
      [1, [0, 2]],
      [2, [2]],
      [3, []],
      [5, []],
    ] as const) {
      deepEqual(await committed(use, offset), [seen, []])
    }
    deepEqual(await use.values(), ['a', 'b', 'c', 'd', 'e'])
    equal((await use.read({ offset: 6, committedOnly: true })).error, 'OFFSET_OUT_OF_RANGE')
    await use.append(log, marker('COMMIT'))
    deepEqual(await committed(use, 0), [[0, 2, 3, 4, 5], []])
  },

  'the first batch of a committed read comes whole, whatever the limits, but never an open one':
    async (use) => {
      const log = await use.create()
      await use.append(log, batchOf(['a']), part('b', 0))
      deepEqual(await committed(use, 0, 1), [[0], []])
      deepEqual(await committed(use, 1, 1), [[], []])
    },

  'committed reads are told of the aborted transactions that reach into what they return, by first offsets':
    async (use) => {
      const log = await use.create()
      await crossing(use, log)
      equal(stable(use), 9)
      deepEqual(await committed(use, 0), [
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
        ['1@0', '3@2'],
      ])
      deepEqual((await committed(use, 0, 1))[1], ['1@0'])
      deepEqual((await committed(use, 1, 1))[1], ['1@0'])
      deepEqual((await committed(use, 3, 1))[1], ['1@0', '3@2'])
      deepEqual((await committed(use, 5))[1], ['1@0'])
      deepEqual((await committed(use, 8))[1], [])
      deepEqual((await use.read({ offset: 0 })).abortedTransactions, [])
    },

  'aborted transactions are found across many segments, while there are any': async (use) => {
    const log = await use.create(0, { segmentBytes: 250 })
    for (let i = 0; i < 30; i++) {
      const who = { producerId: i % 3 }
      await use.append(log, part(`${i}`, 2 * Math.floor(i / 3), who), batchOf(['other']))
      await use.append(log, part(`${i}`, 2 * Math.floor(i / 3) + 1, who))
      await use.append(log, marker(i % 3 === 0 ? 'COMMIT' : 'ABORT', who))
    }
    equal(stable(use), 120)
    for (let i = 0; i < 30; i++) {
      const expected = i % 3 === 0 ? [] : [`${i % 3}@${4 * i}`]
      for (const within of [0, 1, 2, 3]) {
        deepEqual((await committed(use, 4 * i + within, 1))[1], expected)
      }
    }
    await use.engine.truncateBefore(log, 90)
    deepEqual((await committed(use, 90, 1))[1], ['1@88'])
  },

  'where an open transaction has lost its first records, the log start is stable': async (use) => {
    const log = await use.create()
    await use.append(log, part('a', 0), part('b', 1), batchOf(['c']))
    await use.engine.truncateBefore(log, 1)
    equal(stable(use), 1)
    await use.append(log, marker('ABORT'))
    deepEqual(await committed(use, 1), [[1, 2, 3], ['7@0']])
  },

  'producers tell where their open transactions began': async (use) => {
    const log = await use.create()
    const entry = () => {
      const [found] = use.engine.producers(log)
      return [found?.producerEpoch, found?.coordinatorEpoch, found?.currentTransactionStartOffset]
    }
    await use.append(log, batchOf(['a']), part('b', 0), part('c', 1))
    deepEqual(entry(), [0, -1, 1])
    await use.append(log, marker('COMMIT', { coordinatorEpoch: 3, producerEpoch: 1 }))
    deepEqual(entry(), [1, 3, -1])
  },

  'records beside the open transaction of their producer are INVALID_TXN_STATE': async (use) => {
    const log = await use.create()
    const beside = batchOf(['x'], { producerId: 7, producerEpoch: 0, baseSequence: 1 })
    deepEqual(offsetsOf(await use.append(log, part('a', 0), beside, part('c', 1))), [
      0,
      WRONG_STATE,
      1,
    ])
    const [again] = await use.append(log, part('a', 0))
    equal(again?.kind, 'duplicate')
    await use.append(log, marker('COMMIT'))
    const next = batchOf(['y'], { producerId: 7, producerEpoch: 0, baseSequence: 2 })
    deepEqual(offsetsOf(await use.append(log, next)), [3])
  },

  'a batch whose transaction has ended since its coordinator was asked is INVALID_TXN_STATE':
    async (use) => {
      const log = await use.create()
      const asOf = () => ({ openTransaction: { asOf: use.offsets().logEndOffset } })
      const asked = asOf()
      equal(await appendOne(use, { log, batch: part('a', 0), ...asked }), 0)
      await use.append(log, batchOf(['x']))
      // It is open here: nobody need ask.
      equal(await appendOne(use, { log, batch: part('b', 1), openTransaction: { asOf: 0 } }), 2)
      const late = asOf()
      await use.append(log, marker('ABORT'))
      equal(await appendOne(use, { log, batch: part('c', 2), ...late }), WRONG_STATE)
      equal(stable(use), 4)
      equal(await appendOne(use, { log, batch: part('c', 2), ...asOf() }), 4)
      // A marker that found no transaction here has ended one all the same.
      const other = { producerId: 8 }
      const before = asOf()
      await use.append(log, marker('ABORT', other))
      equal(await appendOne(use, { log, batch: part('d', 0, other), ...before }), WRONG_STATE)
      equal(await appendOne(use, { log, batch: part('d', 0, other), ...asOf() }), 6)
    },

  'with an epoch for each transaction, its sequences begin at 0 wherever it comes to': async (
    use,
  ) => {
    const log = await use.create()
    const openTransaction = { asOf: 0 }
    const terms = { log, openTransaction, transactionVersion: 2 }
    equal(await appendOne(use, { ...terms, batch: part('b', 1) }), OUT_OF_ORDER)
    equal(await appendOne(use, { ...terms, batch: part('a', 0) }), 0)
    equal(await appendOne(use, { ...terms, batch: part('b', 1) }), 1)
    const first = part('a', 5, { producerId: 8 })
    equal(await appendOne(use, { ...terms, transactionVersion: 1, batch: first }), 2)
  },

  "a marker must be of the transaction's epoch or a later one, and fences what is older": async (
    use,
  ) => {
    const log = await use.create()
    const at = (producerEpoch: number) => ({ producerEpoch })
    await use.append(log, part('a', 0, at(5)))
    deepEqual(offsetsOf(await use.append(log, marker('ABORT', at(4)))), [OLD_EPOCH])
    equal(stable(use), 0)
    deepEqual(
      offsetsOf(await use.append(log, marker('ABORT', at(5)), marker('ABORT', at(6)))),
      [1, 2],
    )
    deepEqual(offsetsOf(await use.append(log, part('b', 1, at(5)))), [OLD_EPOCH])
    deepEqual(offsetsOf(await use.append(log, part('b', 0, at(6)))), [3])
  },

  'from version 2 on a marker has the epoch of the next transaction, or finds nothing open': async (
    use,
  ) => {
    const log = await use.create()
    const end = (producerEpoch: number) =>
      appendOne(use, {
        log,
        batch: marker('COMMIT', { producerEpoch }),
        transactionVersion: 2,
      })
    await use.append(log, part('a', 0))
    equal(await end(0), OLD_EPOCH)
    equal(await end(1), 1)
    // Sent again, as nobody knew that it had come.
    equal(await end(1), 2)
    await use.append(log, part('b', 0, { producerEpoch: 1 }))
    equal(await end(1), OLD_EPOCH)
    deepEqual([stable(use), await end(2), stable(use)], [3, 4, 5])
    const last = { producerEpoch: 32_767 }
    await use.append(log, part('c', 0, last))
    deepEqual([await end(32_767), stable(use)], [6, 7])
  },

  'a marker of a coordinator that another has followed is TRANSACTION_COORDINATOR_FENCED': async (
    use,
  ) => {
    const log = await use.create()
    const by = (coordinatorEpoch: number) => marker('COMMIT', { coordinatorEpoch })
    await use.append(log, part('a', 0))
    deepEqual(offsetsOf(await use.append(log, by(2), part('b', 1), by(1), by(2))), [
      1,
      2,
      'TRANSACTION_COORDINATOR_FENCED',
      3,
    ])
  },

  'a marker that finds no transaction is appended, and holds nothing back': async (use) => {
    const log = await use.create()
    await use.append(log, part('a', 0, { producerId: 8 }))
    deepEqual(offsetsOf(await use.append(log, marker('ABORT'), marker('ABORT'))), [1, 2])
    equal(stable(use), 0)
    await use.append(log, marker('COMMIT', { producerId: 8 }))
    deepEqual(await committed(use, 0), [[0, 1, 2, 3], []])
  },

  'an owner does not number its batches': async (use) => {
    const log = await use.create()
    const { ownerEpoch } = await use.engine.own(log)
    const by = (batch: BatchView) => appendOne(use, { log, batch, ownerEpoch })
    deepEqual([await by(part('a', 0)), await by(part('b', 0)), await by(part('b', 0))], [0, 1, 2])
    equal(stable(use), 0)
    deepEqual([await by(marker('COMMIT', { producerEpoch: 1 })), stable(use)], [3, 4])
    equal(await by(part('c', 0)), OLD_EPOCH)
  },

  'markers of one atomic append are seen together': async (use) => {
    const logs = [await use.create(0), await use.create(1)]
    for (const log of logs) await use.append(log, part('a', 0))
    const seen = new Set<string>()
    const look = () => seen.add(logs.map((log) => stable(use, log)).join())
    for (const log of logs) use.engine.watch(log, look)
    const end = (producerEpoch: number) =>
      logs.map((log) => ({ log, batch: marker('COMMIT', { producerEpoch }) }))
    await use.append(logs[1]!, part('b', 0, { producerEpoch: 2 }))
    const refused = await use.engine.append(end(1), { atomic: true })
    deepEqual(offsetsOf(refused), ['OPERATION_NOT_ATTEMPTED', OLD_EPOCH])
    seen.clear()
    await use.engine.append(end(2), { atomic: true })
    deepEqual([...seen], ['2,3'])
  },
}

/** The same is true after a clean stop and after kill -9. */
export const transactionRestarts: Record<
  string,
  (use: EngineInUse, how: 'close' | 'kill') => Promise<void>
> = {
  'open and aborted transactions outlive the engine': async (use, how) => {
    const config = { segmentBytes: 400 }
    const log = await use.create(0, config)
    await crossing(use, log)
    await use.append(log, part('open', 0), marker('COMMIT', { producerId: 1, producerEpoch: 4 }))
    const before = [use.offsets(), use.engine.producers(log), await committed(use, 0)]
    const { leaderEpoch: _before, ...offsets } = use.offsets()
    await use.restart(how, config)
    const { leaderEpoch: _after, ...reopened } = use.offsets()
    deepEqual(reopened, offsets)
    equal(reopened.lastStableOffset, 9)
    deepEqual([use.engine.producers(log), await committed(use, 0)], before.slice(1))
    deepEqual(offsetsOf(await use.append(log, part('late', 2, { producerId: 1 }))), [OLD_EPOCH])
    await use.append(log, marker('ABORT', { coordinatorEpoch: 1 }))
    await use.restart(how, config)
    equal(stable(use), 12)
    deepEqual((await committed(use, 9))[1], ['7@9'])
    const zombie = marker('ABORT', { coordinatorEpoch: 0 })
    deepEqual(offsetsOf(await use.append(log, zombie)), ['TRANSACTION_COORDINATOR_FENCED'])
  },
}
