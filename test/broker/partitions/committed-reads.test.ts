import { beforeEach, describe, expect, it } from 'vitest'
import { listOffsets } from '../../../src/broker/apis/02-list-offsets.ts'
import { describeProducers } from '../../../src/broker/apis/61-describe-producers.ts'
import type { BatchView } from '../../../src/protocol/records/batch-view.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { buildMarker } from '../../../src/protocol/records/control-records.ts'
import { Asked, baseOffsets, fetched, write } from './fetch-request.ts'
import { batch, BrokerUnderTest } from './fixture.ts'

const COMMITTED = { isolationLevel: 1 }
const PARKED = { ...COMMITTED, maxWaitMs: 5000 }
const LATEST = -1
/** Of the records that others write here; segments end by time. */
const NOW = 1_700_000_000_000

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t', 2)
})

function part(value: string, baseSequence: number, producerId = 7): BatchView {
  const options = { producerId, producerEpoch: 0, baseSequence, transactional: true }
  return buildBatch([{ key: null, value: Buffer.from(value), timestamp: NOW + 1 }], options)
}

function marker(type: 'COMMIT' | 'ABORT', producerId = 7): BatchView {
  return buildMarker({
    type,
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 4,
    timestamp: NOW + 2,
  })
}

/** What a coordinator would have the store do. */
async function append(...batches: BatchView[]): Promise<void> {
  const { log } = broker.cluster.topic('t')!.partitions[0]!
  const outcomes = await broker.engine.observed.append(batches.map((one) => ({ log, batch: one })))
  for (const { kind } of outcomes) expect(kind).toBe('appended')
}

async function latest(isolationLevel: number, timestamp = LATEST): Promise<bigint> {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }]
  const reply = await broker.ask(listOffsets, 8, { replicaId: -1, isolationLevel, topics })
  return (reply as { topics: { partitions: { offset: bigint }[] }[] }).topics[0]!.partitions[0]!
    .offset
}

describe('committed readers', () => {
  it('see nothing from the first open transaction on; others see all', async () => {
    await write(broker, batch(['a']))
    await append(part('b', 0), buildBatch([{ key: null, value: null, timestamp: NOW }]))
    const [all] = await fetched(broker, [{}])
    expect(all).toMatchObject({ lastStableOffset: 1n, abortedTransactions: null })
    expect(baseOffsets(all!.records)).toEqual([0, 1, 2])
    const [some] = await fetched(broker, [{}], COMMITTED)
    expect(some).toMatchObject({
      highWatermark: 3n,
      lastStableOffset: 1n,
      abortedTransactions: [],
    })
    expect(baseOffsets(some!.records)).toEqual([0])
    expect(await fetched(broker, [{ offset: 2 }], COMMITTED)).toMatchObject([
      { errorCode: 'NONE', records: Buffer.alloc(0), abortedTransactions: [] },
    ])
  })

  it.each([4, 12, 13, 18])('are told what was aborted, in version %i', async (version) => {
    await append(part('a', 0), part('b', 0, 8), marker('ABORT', 8), marker('ABORT'))
    const { topicId } = broker.cluster.topic('t')!
    const asked = version >= 13 ? { topicId } : {}
    const [told] = await fetched(broker, [asked], { ...COMMITTED, version })
    expect(told!.abortedTransactions).toEqual([
      { producerId: 7n, firstOffset: 0n },
      { producerId: 8n, firstOffset: 1n },
    ])
    expect(baseOffsets(told!.records)).toEqual([0, 1, 2, 3])
    const [later] = await fetched(broker, [{ ...asked, offset: 3 }], { ...COMMITTED, version })
    expect(later!.abortedTransactions).toEqual([{ producerId: 7n, firstOffset: 0n }])
  })

  it('are not woken by what is not committed, and at once by the marker', async () => {
    await append(part('a', 0))
    const one = new Asked(broker, [{}], PARKED)
    const many = new Asked(broker, [{}], { ...PARKED, minBytes: 100 })
    await append(part('b', 1))
    await write(broker, batch(['c']))
    expect(await one.isParked()).toBe(true)
    expect(await many.isParked()).toBe(true)
    await append(marker('COMMIT'))
    for (const asked of [one, many]) {
      expect(await asked.isParked()).toBe(false)
      const [told] = (await asked.answer).responses[0]!.partitions
      expect(baseOffsets(told!.records)).toEqual([0, 1, 2, 3])
      expect(told).toMatchObject({ lastStableOffset: 4n, abortedTransactions: [] })
    }
  })

  it('do not count what is not committed to the bytes that they wait for', async () => {
    await write(broker, batch(['a']))
    await append(part('b'.repeat(1000), 0))
    const asked = new Asked(broker, [{}], { ...PARKED, minBytes: 500 })
    expect(await asked.isParked()).toBe(true)
    await append(marker('ABORT'))
    expect(await asked.isParked()).toBe(false)
    const [told] = (await asked.answer).responses[0]!.partitions
    expect(told!.abortedTransactions).toEqual([{ producerId: 7n, firstOffset: 1n }])
  })

  it('in a session hear of a partition when its transaction ends', async () => {
    await append(part('a', 0))
    const terms = { ...COMMITTED, sessionEpoch: 0 }
    const { sessionId } = await new Asked(broker, [{}], terms).answer
    expect(sessionId).not.toBe(0)
    const poll = (sessionEpoch: number, maxWaitMs: number) =>
      new Asked(broker, [], { ...COMMITTED, sessionId, sessionEpoch, maxWaitMs })
    expect((await poll(1, 0).answer).responses).toEqual([])
    const parked = poll(2, 5000)
    await append(part('b', 1))
    expect(await parked.isParked()).toBe(true)
    await append(marker('ABORT'))
    expect(await parked.isParked()).toBe(false)
    const [told] = (await parked.answer).responses[0]!.partitions
    expect(baseOffsets(told!.records)).toEqual([0, 1, 2])
    expect(told!.abortedTransactions).toEqual([{ producerId: 7n, firstOffset: 0n }])
  })

  it('find the last stable offset as the end, and no record at or behind it', async () => {
    await write(broker, batch(['a']))
    await append(part('b', 0))
    expect([await latest(0), await latest(1)]).toEqual([2n, 1n])
    expect([await latest(0, NOW), await latest(1, NOW)]).toEqual([0n, 0n])
    expect([await latest(0, NOW + 1), await latest(1, NOW + 1)]).toEqual([1n, -1n])
    await append(marker('COMMIT'))
    expect([await latest(0), await latest(1)]).toEqual([3n, 3n])
  })
})

describe('DescribeProducers', () => {
  it('tells since which offset a transaction is open, and the epoch of who ended the last one', async () => {
    const producer = async () => {
      const topics = [{ name: 't', partitionIndexes: [0] }]
      const reply = (await broker.ask(describeProducers, 0, { topics })) as {
        topics: { partitions: { activeProducers: object[] }[] }[]
      }
      return reply.topics[0]!.partitions[0]!.activeProducers
    }
    await write(broker, batch(['a']))
    await append(part('b', 0))
    expect(await producer()).toMatchObject([
      { producerId: 7n, currentTxnStartOffset: 1n, coordinatorEpoch: -1, lastSequence: 0 },
    ])
    await append(marker('ABORT'))
    expect(await producer()).toMatchObject([
      {
        currentTxnStartOffset: -1n,
        coordinatorEpoch: 4,
        lastTimestamp: BigInt(NOW) + 2n,
        lastSequence: 0,
      },
    ])
  })
})
