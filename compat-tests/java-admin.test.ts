/** Java's admin client and its idempotent producer, of kafka-clients 4.4. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { JavaDriver, JavaError } from './harness/java-driver.ts'
import { hasOracles } from './harness/programs.ts'

interface Offset {
  offset: number
  timestamp: number
}

interface ConfigRow {
  value: string | null
  source: string
  type: string
  synonyms: string[]
}

describe.skipIf(!hasOracles())("Java's admin client", () => {
  let broker: BrokerProcess
  let java: JavaDriver

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    java = await JavaDriver.start(broker.bootstrap)
  })
  afterAll(async () => {
    java?.stop()
    await broker?.dispose()
  })

  /** The name of the exception that a command ends with. */
  async function refusal(command: string, asked: object): Promise<string> {
    try {
      await java.do(command, asked)
    } catch (error) {
      if (error instanceof JavaError) return error.className
      throw error
    }
    return 'nothing was thrown'
  }

  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  /** Sends a value to partition 0 for each timestamp. */
  function produceAt(topic: string, timestamps: number[]): Promise<{ offset: number }[]> {
    const records = timestamps.map((timestamp) => ({
      partition: 0,
      timestamp,
      value: base64(`at ${timestamp}`),
    }))
    return java.do('produce', { topic, records })
  }

  it('creates a topic, and is told what was made', async () => {
    const asked = { topic: 'orders', partitions: 3, configs: { 'retention.ms': '60000' } }
    const made = await java.do<{ topicId: string }>('createTopic', asked)
    expect(made).toMatchObject({
      partitions: 3,
      replicationFactor: 1,
      configs: { 'retention.ms': '60000' },
    })
    const described = (elr: number[] | null): object => ({
      name: 'orders',
      topicId: made.topicId,
      internal: false,
      partitions: [0, 1, 2].map((partition) => ({
        partition,
        leader: 1,
        replicas: [1],
        isr: [1],
        elr,
      })),
    })
    expect(await java.do('describeTopic', { topic: 'orders' })).toEqual(described([]))
    expect(await java.do('describeTopicById', { topicId: made.topicId })).toEqual(described(null))
    expect(await java.do('listTopics')).toContain('orders')
  })

  it('validates a topic without making it', async () => {
    const asked = { topic: 'imagined', partitions: 2, validateOnly: true }
    expect(await java.do('createTopic', asked)).toMatchObject({ partitions: 2 })
    expect(await java.do('listTopics')).not.toContain('imagined')
  })

  it.each([
    ['TopicExistsException', 'createTopic', { topic: 'orders', partitions: 1 }],
    ['InvalidTopicException', 'createTopic', { topic: 'no/slash', partitions: 1 }],
    ['InvalidPartitionsException', 'createTopic', { topic: 'none', partitions: 0 }],
    [
      'InvalidConfigurationException',
      'createTopic',
      { topic: 'untrue', partitions: 1, configs: { 'retention.ms': 'soon' } },
    ],
    ['UnknownTopicOrPartitionException', 'describeTopic', { topic: 'missing' }],
    ['UnknownTopicIdException', 'describeTopicById', { topicId: 'AAAAAAAAAAAAAAAAAAAAAw' }],
    ['UnknownTopicOrPartitionException', 'deleteTopic', { topic: 'missing' }],
    ['InvalidPartitionsException', 'createPartitions', { topic: 'orders', total: 2 }],
    ['UnknownTopicOrPartitionException', 'createPartitions', { topic: 'missing', total: 2 }],
  ])('throws %s: %s', async (name, command, asked) => {
    expect(await refusal(command, asked)).toBe(name)
  })

  it('adds partitions', async () => {
    await java.do('createPartitions', { topic: 'orders', total: 5 })
    const { partitions } = await java.do<{ partitions: unknown[] }>('describeTopic', {
      topic: 'orders',
    })
    expect(partitions).toHaveLength(5)
  })

  it('tells configs with their type, source and synonyms', async () => {
    const topic = { type: 'TOPIC', name: 'orders' }
    const configs = await java.do<Record<string, ConfigRow>>('describeConfigs', topic)
    expect(configs['retention.ms']).toEqual({
      value: '60000',
      source: 'DYNAMIC_TOPIC_CONFIG',
      type: 'LONG',
      synonyms: ['retention.ms=60000'],
    })
    expect(configs['max.message.bytes']).toMatchObject({
      source: 'DEFAULT_CONFIG',
      synonyms: ['message.max.bytes=1048588'],
    })
    expect(configs['cleanup.policy']).toMatchObject({ value: 'delete', source: 'DEFAULT_CONFIG' })
    const node = { type: 'BROKER', name: '1' }
    const settings = await java.do<Record<string, ConfigRow>>('describeConfigs', node)
    expect(settings['num.partitions']).toMatchObject({ value: '1', type: 'INT' })
  })

  it('produces idempotently, as it does by default', async () => {
    await java.do('createTopic', { topic: 'once', partitions: 1 })
    const values = Array.from({ length: 500 }, (_, i) => `value ${i}`)
    const records = values.map((value) => ({ partition: 0, value: base64(value) }))
    const places = await java.do<{ offset: number }[]>('produce', { topic: 'once', records })
    expect(places.map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
    const read = await java.do<{ value: string }[]>('consume', { topic: 'once' })
    expect(read.map(({ value }) => Buffer.from(value, 'base64').toString())).toEqual(values)
    expect(await java.do('describeProducers', { topic: 'once', partition: 0 })).toEqual([
      expect.objectContaining({ producerEpoch: 0, lastSequence: 499 }),
    ])
  })

  it('lists offsets by name and by time', async () => {
    await java.do('createTopic', { topic: 'timed', partitions: 1 })
    await produceAt('timed', [1000, 4000, 3000])
    const at = (when: string | number): Promise<Offset> =>
      java.do('listOffsets', { topic: 'timed', partition: 0, at: when })
    expect((await at('earliest')).offset).toBe(0)
    expect((await at('earliestLocal')).offset).toBe(0)
    expect((await at('latest')).offset).toBe(3)
    expect((await at('latestTiered')).offset).toBe(-1)
    expect(await at('maxTimestamp')).toEqual({ offset: 1, timestamp: 4000 })
    expect(await at(2000)).toEqual({ offset: 1, timestamp: 4000 })
    expect(await at(5000)).toEqual({ offset: -1, timestamp: -1 })
  })

  it('deletes records up to an offset', async () => {
    const partition = { topic: 'timed', partition: 0 }
    expect(await java.do('deleteRecords', { ...partition, before: 2 })).toBe(2)
    expect(await java.do('listOffsets', { ...partition, at: 'earliest' })).toMatchObject({
      offset: 2,
    })
    const tooFar = { ...partition, before: 99 }
    expect(await refusal('deleteRecords', tooFar)).toBe('OffsetOutOfRangeException')
    const read = await java.do<{ timestamp: number }[]>('consume', { topic: 'timed' })
    expect(read.map(({ timestamp }) => timestamp)).toEqual([3000])
  })

  it('describes the cluster, its quorum, its folders and its features', async () => {
    const cluster = await java.do<{ clusterId: string }>('describeCluster')
    expect(cluster).toMatchObject({
      controller: 1,
      nodes: [{ id: 1, host: '127.0.0.1', port: broker.port }],
    })
    expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
    expect(await java.do('describeQuorum')).toEqual({ leader: 1, voters: [1], observers: 0 })
    const sizes = await java.do<Record<string, number>>('describeLogDirs', {
      topic: 'once',
      node: 1,
    })
    expect(sizes['once-0']).toBeGreaterThan(500)
    expect(await java.do('describeFeatures')).toMatchObject({ 'metadata.version': 33 })
  })

  it('finds nothing to elect and nothing that moves', async () => {
    const place = { topic: 'orders', partition: 0 }
    expect(await java.do('electLeaders', place)).toBe('ElectionNotNeededException')
    expect(await java.do('electLeaders', { ...place, partition: 99 })).toBe(
      'UnknownTopicOrPartitionException',
    )
    expect(await java.do('listReassignments')).toBe(0)
  })

  it('deletes a topic, and a new one of that name has another id and nothing in it', async () => {
    const { topicId } = await java.do<{ topicId: string }>('describeTopic', { topic: 'once' })
    await java.do('deleteTopic', { topic: 'once' })
    expect(await java.do('listTopics')).not.toContain('once')
    const again = await java.do<{ topicId: string }>('createTopic', {
      topic: 'once',
      partitions: 1,
    })
    expect(again.topicId).not.toBe(topicId)
    expect(await java.do('consume', { topic: 'once' })).toEqual([])
  })
})
