/** Compaction as real clients see it: short configs, and a record now and then that begins the next segment. */

import { type Admin, CompressionTypes, type Kafka, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess, type EngineName } from './harness/broker-process.ts'
import { consume, kafkajs, seen, type Seen, until } from './harness/kafkajs-client.ts'
import { installed, kcat } from './harness/programs.ts'

const engines: EngineName[] = ['memory', 'file']
const SEGMENT_MS = 100

describe.each(engines)('compaction on the %s engine', (engine) => {
  let broker: BrokerProcess
  let kafka: Kafka
  let admin: Admin
  let producer: Producer

  beforeAll(async () => {
    const flags = ['-o', 'log.cleaner.backoff.ms=50', '-o', 'log.retention.check.interval.ms=50']
    broker = await BrokerProcess.start({ engine, flags })
    kafka = kafkajs(broker.bootstrap)
    admin = kafka.admin()
    producer = kafka.producer({ allowAutoTopicCreation: false })
    await Promise.all([admin.connect(), producer.connect()])
  })
  afterAll(async () => {
    await Promise.all([admin?.disconnect(), producer?.disconnect()])
    await broker?.dispose()
  })

  const create = (topic: string, configs: Record<string, string | number> = {}) => {
    const all = {
      'cleanup.policy': 'compact',
      'segment.ms': SEGMENT_MS,
      'min.cleanable.dirty.ratio': 0.01,
      'delete.retention.ms': 300,
      ...configs,
    }
    const configEntries = Object.entries(all).map(([name, value]) => ({
      name,
      value: String(value),
    }))
    return admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
  }
  const put = (topic: string, key: string, value: string | null) =>
    producer.send({
      topic,
      compression: value === null ? CompressionTypes.None : CompressionTypes.GZIP,
      messages: [{ key, value }],
    })
  /** Begins another segment, so that what was sent before can be cleaned. */
  const tick = async (topic: string): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, SEGMENT_MS + 20))
    await put(topic, 'tick', 'tock')
  }
  const withoutTicks = (messages: readonly Seen[]): string[] =>
    messages
      .filter(({ key }) => key !== 'tick')
      .map(({ offset, key, value }) => `${offset}:${key}=${value ?? ''}`)
  /** What a new group reads from the first offset to the last. */
  const readAll = async (topic: string): Promise<string[]> => {
    const { high } = (await admin.fetchTopicOffsets(topic))[0]!
    const consumer = kafka.consumer({ groupId: `${topic}-${Math.random()}`, maxWaitTimeInMs: 50 })
    const messages: Seen[] = []
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async (payload) => void messages.push(seen(payload)) })
    try {
      const isAtEnd = (): boolean => Number(messages.at(-1)?.offset ?? -1) === Number(high) - 1
      await until(`the end of ${topic}`, isAtEnd)
    } finally {
      await consumer.disconnect()
    }
    return withoutTicks(messages)
  }
  /** Ticks until a reader finds these, or it takes too long. */
  const untilRead = async (topic: string, wanted: readonly string[]): Promise<void> => {
    let found: string[] = []
    const isThere = async (): Promise<boolean> => {
      await tick(topic)
      found = await readAll(topic)
      return found.join() === wanted.join()
    }
    await until(`${topic} has ${wanted.join()}`, isThere).catch(() => expect(found).toEqual(wanted))
  }

  it('leaves the last value of each key at its offset; a tombstone goes after a while', async () => {
    await create('latest')
    for (const [key, value] of [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
      ['c', '1'],
      ['b', null],
      ['c', '2'],
    ] as const) {
      await put('latest', key, value)
    }
    const { high, low } = (await admin.fetchTopicOffsets('latest'))[0]!
    expect([low, high]).toEqual(['0', '6'])
    await untilRead('latest', ['2:a=2', '5:c=2'])
    expect((await admin.fetchTopicOffsets('latest'))[0]!.low).toBe('0')
  })

  it('keeps a tombstone for delete.retention.ms, for readers that come late', async () => {
    await create('buried', { 'delete.retention.ms': 3_600_000 })
    await put('buried', 'a', '1')
    await put('buried', 'a', null)
    await untilRead('buried', ['1:a='])
    await tick('buried')
    await tick('buried')
    expect(await readAll('buried')).toEqual(['1:a='])
  })

  it('lets a group that stood at a record which is gone go on behind it', async () => {
    await create('resumed')
    for (let i = 0; i < 6; i++) await put('resumed', i % 2 === 0 ? 'a' : 'b', `${i}`)
    const groupId = `resumed-${engine}`
    const partitions = [{ partition: 0, offset: '1' }]
    await admin.setOffsets({ groupId, topic: 'resumed', partitions })
    await untilRead('resumed', ['4:a=4', '5:b=5'])
    const messages = await consume(kafka, groupId, ['resumed'], 2)
    expect(withoutTicks(messages).slice(0, 2)).toEqual(['4:a=4', '5:b=5'])
  })

  it('with compact,delete keeps the last values, and those only for retention.ms', async () => {
    await create('both', { 'cleanup.policy': 'compact,delete', 'retention.ms': 3000 })
    await put('both', 'a', '1')
    await put('both', 'a', '2')
    await untilRead('both', ['1:a=2'])
    await until('what was left is deleted', async () => {
      const { low, high } = (await admin.fetchTopicOffsets('both'))[0]!
      return low === high && Number(low) > 2
    })
  })

  it('leaves a topic alone that is not compacted, and one that is too clean', async () => {
    await create('deleted', { 'cleanup.policy': 'delete' })
    await create('clean', { 'min.cleanable.dirty.ratio': 1 })
    for (const topic of ['deleted', 'clean']) {
      await put(topic, 'a', '1')
      await put(topic, 'a', '2')
      await tick(topic)
    }
    await create('dirty')
    await put('dirty', 'a', '1')
    await put('dirty', 'a', '2')
    await untilRead('dirty', ['1:a=2'])
    for (const topic of ['deleted', 'clean']) {
      expect(await readAll(topic)).toEqual(['0:a=1', '1:a=2'])
    }
  })

  it.skipIf(!installed('kcat'))('kcat reads what is left, of every codec', async () => {
    await create('codecs')
    const codecs = ['gzip', 'snappy', 'lz4', 'zstd']
    for (const codec of codecs) {
      const lines = Array.from({ length: 300 }, (_, i) => `key ${i % 50};${codec} ${i}`)
      const flags = ['-P', '-t', 'codecs', '-K', ';', '-z', codec]
      await kcat(broker.bootstrap, flags, { input: `${lines.join('\n')}\n` })
    }
    const wanted = Array.from({ length: 50 }, (_, i) => `key ${i}=zstd ${250 + i}`)
    const read = async (): Promise<string[]> => {
      const flags = ['-C', '-t', 'codecs', '-e', '-q', '-f', '%k=%s\n']
      const lines = (await kcat(broker.bootstrap, flags)).split('\n')
      return lines.filter((line) => line.startsWith('key'))
    }
    await until('the last values are left', async () => {
      await tick('codecs')
      return (await read()).length === 50
    })
    expect(await read()).toEqual(wanted)
  })
})
