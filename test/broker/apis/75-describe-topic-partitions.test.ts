import { beforeEach, describe, expect, it } from 'vitest'
import { describeTopicPartitions } from '../../../src/broker/apis/75-describe-topic-partitions.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'
import { denying } from './group-client.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker({ values: { 'node.id': 5, 'max.request.partition.size.limit': 4 } })
  const terms = { replicationFactor: -1, assignments: [], configs: [] }
  await broker.cluster.createTopics([
    { name: 'b', numPartitions: 2, ...terms },
    { name: 'a', numPartitions: 3, ...terms },
  ])
})

type Request = Parameters<typeof ask>[0]

function ask(
  request: {
    names?: string[]
    limit?: number
    cursor?: { topicName: string; partitionIndex: number }
  },
  authorized = denying(''),
) {
  const { names = [], limit = 2000, cursor = null } = request
  const topics = names.map((name) => ({ name }))
  const body = { topics, responsePartitionLimit: limit, cursor }
  return broker.ask(describeTopicPartitions, body, { version: 0, authorized })
}

/** Partitions as `a0`, and the cursor behind them. */
async function page(request: Request): Promise<string> {
  const { topics, nextCursor } = await ask(request)
  const shown = topics.map(({ name, partitions }) =>
    partitions.map(({ partitionIndex }) => `${name}${partitionIndex}`).join(' '),
  )
  const next = nextCursor === null ? 'end' : `${nextCursor.topicName}${nextCursor.partitionIndex}`
  return [...shown, next].join(' | ')
}

describe('DescribeTopicPartitions', () => {
  it('tells of topics in the order of their names, with leader and replicas', async () => {
    const { topics, nextCursor } = await ask({ names: ['b', 'a', 'b'], limit: 3 })
    expect(topics.map(({ name }) => name)).toEqual(['a'])
    expect(topics[0]).toMatchObject({
      errorCode: 'NONE',
      topicId: broker.cluster.topic('a')!.topicId,
      isInternal: false,
      topicAuthorizedOperations: 3576,
    })
    expect(topics[0]!.partitions[1]).toEqual({
      errorCode: 'NONE',
      partitionIndex: 1,
      leaderId: 5,
      leaderEpoch: broker.cluster.leaderEpoch(broker.cluster.topic('a')!.partitions[1]!),
      replicaNodes: [5],
      isrNodes: [5],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })
    expect(nextCursor).toEqual({ topicName: 'b', partitionIndex: 0 })
  })

  it('counts the partitions of all topics, and goes on at the cursor', async () => {
    const names = ['a', 'b']
    expect(await page({ names, limit: 2 })).toBe('a0 a1 | a2')
    const second = { topicName: 'a', partitionIndex: 2 }
    expect(await page({ names, limit: 2, cursor: second })).toBe('a2 | b0 | b1')
    const third = { topicName: 'b', partitionIndex: 1 }
    expect(await page({ names, limit: 2, cursor: third })).toBe('b1 | end')
  })

  it('shows at least one partition, and no more than the broker allows', async () => {
    expect(await page({ limit: 0 })).toBe('a0 | a1')
    expect(await page({ limit: 2000 })).toBe('a0 a1 a2 | b0 | b1')
  })

  it('goes on with the next topic where the cursor lies behind the last partition', async () => {
    const cursor = { topicName: 'a', partitionIndex: 7 }
    expect(await page({ cursor, limit: 2 })).toBe(' | b0 b1 | end')
  })

  it('tells of all topics where none is named, of a topic that is gone at the cursor too', async () => {
    expect(await page({ cursor: { topicName: 'aa', partitionIndex: 1 } })).toBe('b0 b1 | end')
  })

  it('does not know a topic that is not there, or that nobody could have', async () => {
    const { topics } = await ask({ names: ['u', '..'] })
    expect(topics).toMatchObject([
      { name: '..', errorCode: 'INVALID_TOPIC_EXCEPTION', partitions: [] },
      { name: 'u', errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
    ])
  })

  it('refuses a cursor at a topic that is not asked for, and one before the first partition', async () => {
    const elsewhere = { names: ['b'], cursor: { topicName: 'aa', partitionIndex: 0 } }
    const refused = [{ name: 'b', errorCode: 'INVALID_REQUEST', partitions: [] }]
    expect((await ask(elsewhere)).topics).toMatchObject(refused)
    const before = { names: ['b'], cursor: { topicName: 'b', partitionIndex: -1 } }
    expect((await ask(before)).topics).toMatchObject(refused)
  })

  it('refuses what the client may not see at the end, and hides it where all are asked for', async () => {
    const authorized = denying('DESCRIBE TOPIC a')
    const named = await ask({ names: ['a', 'b'] }, authorized)
    expect(named.topics).toMatchObject([
      { name: 'b', errorCode: 'NONE' },
      {
        name: 'a',
        errorCode: 'TOPIC_AUTHORIZATION_FAILED',
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        partitions: [],
      },
    ])
    expect((await ask({}, authorized)).topics.map(({ name }) => name)).toEqual(['b'])
  })
})
