import { describe, expect, test } from 'vitest'
import { metadata } from '../../../src/broker/apis/03-metadata.ts'
import { ZERO_UUID } from '../../../src/protocol/schema.ts'
import { type BrokerFixture, CLUSTER_ID, type FixtureOptions, openBroker } from '../fixture.ts'
import { ScriptedEngine } from '../scripted-engine.ts'

const NOT_ASKED_FOR = -2_147_483_648

async function brokerWith(
  topics: Record<string, number> = {},
  values: FixtureOptions['values'] = {},
): Promise<BrokerFixture & { engine: ScriptedEngine }> {
  const broker = await openBroker({ engine: new ScriptedEngine(), values })
  await broker.cluster.createTopics(
    Object.entries(topics).map(([name, numPartitions]) => ({
      name,
      numPartitions,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    })),
  )
  return broker as BrokerFixture & { engine: ScriptedEngine }
}

type Answer = Awaited<ReturnType<typeof askByName>>

function askByName(
  broker: BrokerFixture,
  names: string[] | null,
  version: number,
  more: {
    create?: boolean
    authorized?: (operation: string, type: string, name: string) => boolean
  } = {},
) {
  const topics = names?.map((name) => ({ name })) ?? null
  return broker.ask(
    metadata,
    {
      topics,
      ...(version >= 4 ? { allowAutoTopicCreation: more.create ?? false } : {}),
    },
    { version, ...(more.authorized ? { authorized: more.authorized } : {}) },
  )
}

function shape({ topics }: Answer): [string | null, string, number][] {
  return topics.map(({ name, errorCode, partitions }) => [name, errorCode, partitions.length])
}

describe('Metadata', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])(
    'v%i tells of brokers, topics, partitions and leaders what its layout has',
    async (version) => {
      const broker = await brokerWith({ orders: 2 }, { 'broker.rack': 'r1' })
      const answer = await askByName(broker, ['orders'], version)
      const topic = broker.cluster.topic('orders')!
      expect(answer.brokers).toEqual([
        { nodeId: 1, host: '127.0.0.1', port: 9092, rack: version >= 1 ? 'r1' : null },
      ])
      expect(answer.controllerId).toBe(version >= 1 ? 1 : -1)
      expect(answer.clusterId).toBe(version >= 2 ? CLUSTER_ID : null)
      expect(answer.errorCode).toBe('NONE')
      expect(answer.clusterAuthorizedOperations).toBe(NOT_ASKED_FOR)
      expect(answer.topics).toEqual([
        {
          errorCode: 'NONE',
          name: 'orders',
          topicId: version >= 10 ? topic.topicId : ZERO_UUID,
          isInternal: false,
          topicAuthorizedOperations: NOT_ASKED_FOR,
          partitions: [0, 1].map((partitionIndex) => ({
            errorCode: 'NONE',
            partitionIndex,
            leaderId: 1,
            leaderEpoch: version >= 7 ? 0 : -1,
            replicaNodes: [1],
            isrNodes: [1],
            offlineReplicas: [],
          })),
        },
      ])
    },
  )

  test('tells all topics for an empty list in v0, for null from v1 on; then an empty list is none', async () => {
    const broker = await brokerWith({ a: 1, b: 3 })
    expect(shape(await askByName(broker, [], 0))).toEqual([
      ['a', 'NONE', 1],
      ['b', 'NONE', 3],
    ])
    expect(shape(await askByName(broker, null, 1))).toEqual([
      ['a', 'NONE', 1],
      ['b', 'NONE', 3],
    ])
    expect(shape(await askByName(broker, null, 13))).toHaveLength(2)
    for (const version of [1, 4, 13]) {
      expect(shape(await askByName(broker, [], version))).toEqual([])
    }
  })

  test('creates no topic when it is asked for all', async () => {
    const broker = await brokerWith()
    await askByName(broker, null, 13, { create: true })
    expect([...broker.cluster.topics()]).toEqual([])
  })

  test('tells of a name that is asked for twice once', async () => {
    const broker = await brokerWith({ a: 1 })
    expect(shape(await askByName(broker, ['a', 'a'], 9))).toEqual([['a', 'NONE', 1]])
  })

  test('refuses illegal names, whether it may create or not', async () => {
    const broker = await brokerWith()
    const names = ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250)]
    for (const create of [false, true]) {
      const answer = await askByName(broker, [...names, 'x'.repeat(249)], 12, { create })
      expect(answer.topics.slice(0, -1).map(({ errorCode }) => errorCode)).toEqual(
        names.map(() => 'INVALID_TOPIC_EXCEPTION'),
      )
      expect(answer.topics.at(-1)?.errorCode).toBe(create ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION')
    }
  })
})

describe('a topic that is not there', () => {
  test('is made in the same answer where both sides allow it', async () => {
    const broker = await brokerWith({}, { 'num.partitions': 3 })
    const answer = await askByName(broker, ['new'], 12, { create: true })
    expect(shape(answer)).toEqual([['new', 'NONE', 3]])
    expect(answer.topics[0]?.topicId).toBe(broker.cluster.topic('new')?.topicId)
  })

  test('is always made for versions that cannot say', async () => {
    const broker = await brokerWith()
    for (const version of [0, 1, 2, 3]) {
      expect(shape(await askByName(broker, [`v${version}`], version))).toEqual([
        [`v${version}`, 'NONE', 1],
      ])
    }
  })

  test('is not made where the client or the broker forbids it', async () => {
    const unwilling = await brokerWith()
    const forbidding = await brokerWith({}, { 'auto.create.topics.enable': false })
    const unknown = [['u', 'UNKNOWN_TOPIC_OR_PARTITION', 0]]
    expect(shape(await askByName(unwilling, ['u'], 12))).toEqual(unknown)
    expect(shape(await askByName(forbidding, ['u'], 12, { create: true }))).toEqual(unknown)
    expect(shape(await askByName(forbidding, ['u'], 3))).toEqual(unknown)
    expect([...forbidding.cluster.topics()]).toEqual([])
  })

  test('is made with the definition of an internal topic where it is one', async () => {
    const broker = await brokerWith()
    const before = await askByName(broker, ['__consumer_offsets'], 12)
    expect(before.topics[0]).toMatchObject({
      errorCode: 'UNKNOWN_TOPIC_OR_PARTITION',
      isInternal: true,
    })
    const after = await askByName(broker, ['__consumer_offsets'], 12, { create: true })
    expect(after.topics[0]?.isInternal).toBe(true)
    expect(after.topics[0]?.partitions).toHaveLength(50)
  })

  test('that cannot be made now is asked for again, and the others are answered', async () => {
    const broker = await brokerWith({ a: 1 })
    broker.engine.refuseNext('rejected')
    expect(shape(await askByName(broker, ['a', 'new'], 12, { create: true }))).toEqual([
      ['a', 'NONE', 1],
      ['new', 'LEADER_NOT_AVAILABLE', 0],
    ])
  })
})

describe('topic ids', () => {
  test('are known from v12 on', async () => {
    const broker = await brokerWith({ a: 1, b: 1 })
    const { topicId } = broker.cluster.topic('a')!
    const unknown = 'UnknownTopicIdAAAAAAAA'
    for (const version of [12, 13]) {
      const topics = [
        { name: null, topicId },
        { name: null, topicId: unknown },
        { name: 'a', topicId },
      ]
      const answer = await broker.ask(metadata, { topics }, { version })
      expect(shape(answer)).toEqual([
        ['a', 'NONE', 1],
        [null, 'UNKNOWN_TOPIC_ID', 0],
      ])
      expect(answer.topics[1]?.topicId).toBe(unknown)
    }
  })

  test('make v10 and v11 fail as a whole, as a missing name does', async () => {
    const broker = await brokerWith({ a: 1 })
    const { topicId } = broker.cluster.topic('a')!
    for (const topic of [{ name: 'a', topicId }, { name: null }]) {
      const answer = await broker.ask(metadata, { topics: [topic] }, { version: 11 })
      expect(shape(answer)).toEqual([[topic.name ?? '', 'INVALID_REQUEST', 0]])
      expect(answer.brokers).toEqual([])
    }
  })
})

describe('authorization', () => {
  test('is told as bits of operations when asked for', async () => {
    const broker = await brokerWith({ a: 1 })
    const request = {
      topics: [{ name: 'a' }],
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: true,
    }
    const all = await broker.ask(metadata, request, { version: 8 })
    expect(all.topics[0]?.topicAuthorizedOperations).toBe(3576)
    expect(all.clusterAuthorizedOperations).toBe(8096)
    const some = await broker.ask(metadata, request, {
      version: 8,
      authorized: (operation) => operation === 'READ' || operation === 'DESCRIBE',
    })
    expect(some.topics[0]?.topicAuthorizedOperations).toBe((1 << 3) | (1 << 8))
    expect(some.clusterAuthorizedOperations).toBe(1 << 8)
  })

  test('hides what may not be described, and makes nothing without leave', async () => {
    const broker = await brokerWith({ a: 1, secret: 1 })
    const authorized = (operation: string, _type: string, name: string) =>
      operation === 'DESCRIBE' && name !== 'secret'
    const options = { create: true, authorized }
    expect(shape(await askByName(broker, null, 12, options))).toEqual([['a', 'NONE', 1]])
    expect(shape(await askByName(broker, ['secret', 'new'], 12, options))).toEqual([
      ['secret', 'TOPIC_AUTHORIZATION_FAILED', 0],
      ['new', 'TOPIC_AUTHORIZATION_FAILED', 0],
    ])
    const topics = [{ name: null, topicId: broker.cluster.topic('secret')!.topicId }]
    const byId = await broker.ask(metadata, { topics }, { version: 12, authorized })
    expect(shape(byId)).toEqual([[null, 'TOPIC_AUTHORIZATION_FAILED', 0]])
  })
})

test('a partition whose log is not to be had has no leader', async () => {
  const broker = await brokerWith({ a: 2 })
  broker.engine.logs.delete(broker.cluster.topic('a')!.partitions[1]!.log)
  const answer = await askByName(broker, ['a'], 13)
  expect(answer.topics[0]?.partitions).toMatchObject([
    { errorCode: 'NONE', leaderId: 1 },
    { errorCode: 'LEADER_NOT_AVAILABLE', leaderId: -1, offlineReplicas: [1] },
  ])
})
