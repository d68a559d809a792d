import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { listOffsets } from '../../../src/broker/apis/02-list-offsets.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { BrokerUnderTest } from '../partitions/fixture.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const BASE = 1_700_000_000_000
const NOWHERE = { errorCode: 'NONE', offset: -1n, timestamp: -1n, leaderEpoch: -1 }

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t')
})

interface Question {
  timestamp: number | bigint
  partitionIndex?: number
  currentLeaderEpoch?: number
}

async function ask(
  version: number,
  questions: Question[],
  rest: { topic?: string; replicaId?: number; isolationLevel?: number } = {},
) {
  const { topic: name = 't', replicaId = -1, isolationLevel = 0 } = rest
  const partitions = questions.map((question) => ({ partitionIndex: 0, ...question }))
  const request = { replicaId, isolationLevel, topics: [{ name, partitions }] }
  const reply = await broker.ask(listOffsets, version, request)
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  return reply.topics[0]!.partitions
}

async function at(version: number, timestamp: number | bigint) {
  const [answer] = await ask(version, [{ timestamp }])
  return answer
}

/** One batch whose records have these times, in milliseconds from a base. */
async function write(...times: number[]): Promise<void> {
  const records = times.map((time) => ({
    key: null,
    value: Buffer.from('v'),
    timestamp: BASE + time,
  }))
  const partitionData = [{ index: 0, records: buildBatch(records).bytes }]
  const topicData = [{ name: 't', partitionData }]
  await broker.ask(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
}

describe('list offsets', () => {
  it('finds the ends of an empty partition, and nothing in it', async () => {
    for (const timestamp of [LATEST, EARLIEST, -4]) {
      const answer = await at(8, timestamp)
      expect(answer).toMatchObject({ errorCode: 'NONE', offset: 0n, timestamp: -1n })
      expect(answer!.leaderEpoch).toBeGreaterThanOrEqual(0)
    }
    expect(await at(8, MAX_TIMESTAMP)).toMatchObject(NOWHERE)
    expect(await at(8, 0)).toMatchObject(NOWHERE)
  })

  it('finds the first record, in offset order, that is of a time or later', async () => {
    await write(0, 4000, 2000)
    await write(6000)
    expect(await at(7, BASE)).toMatchObject({ offset: 0n, timestamp: BigInt(BASE) })
    for (const time of [1, 2000, 4000]) {
      expect(await at(7, BASE + time)).toMatchObject({ offset: 1n, timestamp: BigInt(BASE + 4000) })
    }
    expect(await at(7, BASE + 4001)).toMatchObject({ offset: 3n, timestamp: BigInt(BASE + 6000) })
    expect(await at(7, BASE + 6001)).toMatchObject(NOWHERE)
    expect(await at(7, 0)).toMatchObject({ offset: 0n })
    expect(await at(7, 2n ** 62n)).toMatchObject(NOWHERE)
  })

  it('finds the first of the records with the largest timestamp', async () => {
    await write(0, 4000, 2000)
    await write(4000)
    expect(await at(7, MAX_TIMESTAMP)).toMatchObject({ offset: 1n, timestamp: BigInt(BASE + 4000) })
  })

  it('finds first and last offset', async () => {
    await write(0, 1)
    await write(2)
    expect(await at(1, LATEST)).toMatchObject({ errorCode: 'NONE', offset: 3n, timestamp: -1n })
    expect(await at(1, EARLIEST)).toMatchObject({ errorCode: 'NONE', offset: 0n, timestamp: -1n })
    const { log } = broker.cluster.topic('t')!.partitions[0]!
    await broker.engine.observed.truncateBefore(log, 2)
    expect(await at(1, EARLIEST)).toMatchObject({ offset: 2n })
  })

  it('has nothing in tiered storage', async () => {
    await write(0)
    expect(await at(9, -5)).toMatchObject(NOWHERE)
    expect(await at(11, -6)).toMatchObject(NOWHERE)
  })

  it.each([
    [6, -3],
    [7, -4],
    [8, -5],
    [10, -6],
    [11, -7],
  ])('does not know in v%i what the timestamp %i means', async (version, timestamp) => {
    await write(0)
    expect(await at(version, timestamp)).toMatchObject({
      ...NOWHERE,
      errorCode: 'UNSUPPORTED_VERSION',
    })
  })

  it('checks the leader epoch that the client believes in', async () => {
    const current = (await at(7, LATEST))!.leaderEpoch
    const [right, future] = await Promise.all(
      [current, current + 1].map((currentLeaderEpoch) =>
        ask(7, [{ timestamp: LATEST, currentLeaderEpoch }]),
      ),
    )
    expect(right).toMatchObject([{ errorCode: 'NONE', offset: 0n, leaderEpoch: current }])
    expect(future).toMatchObject([{ ...NOWHERE, errorCode: 'UNKNOWN_LEADER_EPOCH' }])
  })

  it('answers INVALID_REQUEST for a partition that is asked about twice', async () => {
    expect(await ask(5, [{ timestamp: LATEST }, { timestamp: EARLIEST }])).toMatchObject([
      { partitionIndex: 0, errorCode: 'INVALID_REQUEST', offset: -1n },
    ])
  })

  it('does not know what is not there', async () => {
    const unknown = [{ ...NOWHERE, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }]
    expect(await ask(8, [{ timestamp: LATEST, partitionIndex: 4 }])).toMatchObject(unknown)
    expect(await ask(8, [{ timestamp: LATEST, partitionIndex: -1 }])).toMatchObject(unknown)
    expect(await ask(8, [{ timestamp: LATEST }], { topic: 'u' })).toMatchObject(unknown)
  })

  it('asks whether the principal may describe', async () => {
    broker.denied.add('DESCRIBE TOPIC t')
    expect(await ask(8, [{ timestamp: LATEST }])).toMatchObject([
      { errorCode: 'TOPIC_AUTHORIZATION_FAILED' },
    ])
  })

  it('shows committed readers the last stable offset', async () => {
    await write(0)
    expect(await ask(8, [{ timestamp: LATEST }], { isolationLevel: 1 })).toMatchObject([
      { offset: 1n },
    ])
    expect(await ask(8, [{ timestamp: LATEST }], { replicaId: 0 })).toMatchObject([{ offset: 1n }])
  })

  it('fails as a whole at an isolation level that there is not', async () => {
    for (const replicaId of [-1, 0]) {
      const asked = ask(8, [{ timestamp: LATEST }], { isolationLevel: 9, replicaId })
      await expect(asked).rejects.toMatchObject({ code: 'UNKNOWN_SERVER_ERROR' })
    }
  })
})
