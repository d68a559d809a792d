/** kafkajs's admin client: topics, partitions, configs and offsets. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, ConfigResourceTypes, type Kafka } from 'kafkajs'
import { BrokerProcess, type EngineName } from './harness/broker-process.ts'
import { kafkajs } from './harness/kafkajs-client.ts'

describe.each<EngineName>(['memory', 'file'])('kafkajs admin on the %s engine', (engine) => {
  let broker: BrokerProcess
  let kafka: Kafka
  let admin: Admin

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine })
    kafka = kafkajs(broker.bootstrap)
    admin = kafka.admin()
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.disconnect()
    await broker?.dispose()
  })

  it('creates a topic once, lists and describes it', async () => {
    const topics = [{ topic: 'orders', numPartitions: 3 }]
    expect(await admin.createTopics({ topics })).toBe(true)
    expect(await admin.createTopics({ topics })).toBe(false)
    expect(await admin.listTopics()).toContain('orders')
    const described = await admin.fetchTopicMetadata({ topics: ['orders'] })
    const partitions = described.topics[0]!.partitions.toSorted(
      (a, b) => a.partitionId - b.partitionId,
    )
    expect(partitions.map(({ partitionId }) => partitionId)).toEqual([0, 1, 2])
    expect(partitions.every(({ leader, isr }) => isr.length === 1 && isr[0] === leader)).toBe(true)
  })

  it('says what is wrong with a topic that cannot be made', async () => {
    await expect(
      admin.createTopics({ topics: [{ topic: 'bad name!', numPartitions: 1 }] }),
    ).rejects.toThrow()
    await expect(
      admin.createTopics({ topics: [{ topic: 'copies', replicationFactor: 3 }] }),
    ).rejects.toThrow()
    expect(await admin.listTopics()).not.toContain('copies')
  })

  it('adds partitions', async () => {
    await admin.createTopics({ topics: [{ topic: 'growing', numPartitions: 1 }] })
    await admin.createPartitions({ topicPartitions: [{ topic: 'growing', count: 4 }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['growing'] })
    expect(topics[0]!.partitions).toHaveLength(4)
    await expect(
      admin.createPartitions({ topicPartitions: [{ topic: 'growing', count: 2 }] }),
    ).rejects.toThrow()
  })

  it('deletes a topic, and a new one of that name starts empty', async () => {
    const producer = kafka.producer()
    await producer.connect()
    await admin.createTopics({ topics: [{ topic: 'again', numPartitions: 1 }] })
    await producer.send({ topic: 'again', messages: [{ value: 'old' }] })
    await admin.deleteTopics({ topics: ['again'] })
    expect(await admin.listTopics()).not.toContain('again')
    await admin.createTopics({ topics: [{ topic: 'again', numPartitions: 1 }] })
    expect(await admin.fetchTopicOffsets('again')).toEqual([
      { partition: 0, offset: '0', high: '0', low: '0' },
    ])
    await producer.disconnect()
  })

  it('tells offsets, also by time', async () => {
    const producer = kafka.producer()
    await producer.connect()
    await admin.createTopics({ topics: [{ topic: 'timed', numPartitions: 1 }] })
    const now = Date.now()
    await producer.send({
      topic: 'timed',
      messages: [10_000, 5000, 1000].map((ago) => ({
        value: `${ago}`,
        timestamp: String(now - ago),
      })),
    })
    await producer.disconnect()
    expect(await admin.fetchTopicOffsets('timed')).toEqual([
      { partition: 0, offset: '3', high: '3', low: '0' },
    ])
    expect(await admin.fetchTopicOffsetsByTimestamp('timed', now - 6000)).toEqual([
      { partition: 0, offset: '1' },
    ])
  })

  it('shows the configs of a topic with where they come from', async () => {
    await admin.createTopics({
      topics: [{ topic: 'tuned', configEntries: [{ name: 'retention.ms', value: '60000' }] }],
    })
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 'tuned' }],
    })
    const entries = resources[0]!.configEntries
    expect(entries.find(({ configName }) => configName === 'retention.ms')).toMatchObject({
      configValue: '60000',
      isDefault: false,
    })
    expect(entries.find(({ configName }) => configName === 'cleanup.policy')).toMatchObject({
      configValue: 'delete',
      isDefault: true,
    })
  })

  it('alters the configs of a topic, and the topic obeys', async () => {
    await admin.createTopics({
      topics: [{ topic: 'altered', configEntries: [{ name: 'retention.ms', value: '60000' }] }],
    })
    const producer = kafka.producer()
    await producer.connect()
    const messages = [{ value: 'x'.repeat(5000) }]
    await producer.send({ topic: 'altered', messages })
    const alter = (configEntries: { name: string; value: string }[]) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: 'altered', configEntries }],
      })
    await alter([{ name: 'max.message.bytes', value: '2000' }])
    const { resources } = await admin.describeConfigs({
      includeSynonyms: true,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: 'altered',
          configNames: ['max.message.bytes', 'retention.ms'],
        },
      ],
    })
    expect(resources[0]!.configEntries).toMatchObject([
      { configName: 'max.message.bytes', configValue: '2000', configSource: 1 },
      { configName: 'retention.ms', configValue: '604800000', configSource: 5 },
    ])
    await expect(producer.send({ topic: 'altered', messages })).rejects.toThrow(/message.*larg/i)
    await expect(alter([{ name: 'nothing', value: '1' }])).rejects.toThrow()
    await alter([])
    await producer.send({ topic: 'altered', messages })
    await producer.disconnect()
  })

  it('alters the configs of the broker while it runs', async () => {
    const resource = { type: ConfigResourceTypes.BROKER, name: '1' }
    const alter = (configEntries: { name: string; value: string }[]) =>
      admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
    await alter([{ name: 'message.max.bytes', value: '3000' }])
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ ...resource, configNames: ['message.max.bytes'] }],
    })
    expect(resources[0]!.configEntries).toMatchObject([{ configValue: '3000', configSource: 2 }])
    const producer = kafka.producer()
    await producer.connect()
    await admin.createTopics({ topics: [{ topic: 'narrow' }] })
    const messages = [{ value: 'x'.repeat(5000) }]
    await expect(producer.send({ topic: 'narrow', messages })).rejects.toThrow(/message.*larg/i)
    await expect(alter([{ name: 'num.partitions', value: '3' }])).rejects.toThrow()
    await alter([])
    await producer.send({ topic: 'narrow', messages })
    await producer.disconnect()
  })

  it('describes the cluster', async () => {
    const cluster = await admin.describeCluster()
    expect(cluster.brokers).toEqual([
      { nodeId: cluster.controller, host: '127.0.0.1', port: broker.port },
    ])
    expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
  })

  it.skipIf(engine === 'memory')('has the same topics and cluster id after a restart', async () => {
    const topics = (await admin.listTopics()).toSorted()
    const { clusterId } = await admin.describeCluster()
    await broker.restart()
    expect((await admin.listTopics()).toSorted()).toEqual(topics)
    expect((await admin.describeCluster()).clusterId).toBe(clusterId)
  })
})
