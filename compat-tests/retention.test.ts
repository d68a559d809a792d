/** Retention and the deletion of topics as real clients see them: short configs, so that nobody has to wait. */

import { existsSync, readdirSync } from 'node:fs'
import { type Admin, ConfigResourceTypes, type Kafka, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess, type EngineName } from './harness/broker-process.ts'
import { consume, kafkajs, seen, type Seen, until } from './harness/kafkajs-client.ts'
import { installed, kcat } from './harness/programs.ts'

const engines: EngineName[] = ['memory', 'file']
const DELETE_DELAY_MS = 1500
const flags = [
  ...['-o', 'log.retention.check.interval.ms=50'],
  ...['-o', `log.segment.delete.delay.ms=${DELETE_DELAY_MS}`],
]

describe.each(engines)('retention on the %s engine', (engine) => {
  let broker: BrokerProcess
  let kafka: Kafka
  let admin: Admin
  let producer: Producer

  beforeAll(async () => {
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

  const create = (topic: string, configs: Record<string, string | number>): Promise<boolean> => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({
      name,
      value: String(value),
    }))
    return admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
  }
  const send = (topic: string, values: readonly (string | Buffer)[]) =>
    producer.send({ topic, messages: values.map((value) => ({ value })) })
  const start = async (topic: string): Promise<number> =>
    Number((await admin.fetchTopicOffsets(topic))[0]!.low)
  const end = async (topic: string): Promise<number> =>
    Number((await admin.fetchTopicOffsets(topic))[0]!.high)

  it('by time moves the first offset up, to the end of what is too old', async () => {
    await create('timed', { 'retention.ms': 400, 'segment.ms': 100 })
    await send('timed', ['old 0', 'old 1', 'old 2'])
    await until('the old ones are gone', async () => (await start('timed')) === 3)
    expect(await end('timed')).toBe(3)
    await send('timed', ['new'])
    await until('the new one is gone too', async () => (await start('timed')) === 4)
  })

  it('by time leaves alone what is young, and topics with other configs', async () => {
    await create('mixed', { 'retention.ms': 600_000, 'segment.ms': 100 })
    await create('compacted', { 'cleanup.policy': 'compact', 'retention.ms': 1 })
    await create('unlimited', { 'retention.ms': -1 })
    const timestamp = String(Date.now() - 3_600_000)
    const old = ['a', 'b'].map((value) => ({ key: value, value, timestamp }))
    for (const topic of ['mixed', 'compacted', 'unlimited']) {
      await producer.send({ topic, messages: old })
    }
    await send('mixed', ['young'])
    await until('the old ones are gone', async () => (await start('mixed')) === 2)
    expect(await consume(kafka, `young-${engine}`, ['mixed'], 1)).toMatchObject([
      { offset: '2', value: 'young' },
    ])
    expect([await start('compacted'), await start('unlimited')]).toEqual([0, 0])
  })

  it('by size keeps the newest, no less than asked for, and readers get them all', async () => {
    const [limit, record] = [2_000_000, 100_000]
    await create('sized', {
      'segment.bytes': 1_048_576,
      'retention.bytes': limit,
      'retention.ms': -1,
    })
    for (let i = 0; i < 45; i++) await send('sized', [Buffer.alloc(record, `${i} `)])
    await until('the first segments are gone', async () => (await start('sized')) > 10)
    const [first, last] = [await start('sized'), await end('sized')]
    expect(last).toBe(45)
    expect((last - first) * record).toBeGreaterThan(limit - record)
    const messages = await consume(kafka, `sized-${engine}`, ['sized'], last - first)
    expect(messages.map(({ offset }) => Number(offset))).toEqual(
      Array.from({ length: last - first }, (_, i) => first + i),
    )
    for (const { offset, value } of messages) expect(value?.startsWith(`${offset} `)).toBe(true)
  })

  it('lets a group whose offset is gone go on at the new start', async () => {
    await create('resumed', { 'retention.ms': 400, 'segment.ms': 100 })
    await send('resumed', ['0', '1', '2', '3'])
    const groupId = `resumed-${engine}`
    const partitions = [{ partition: 0, offset: '1' }]
    await admin.setOffsets({ groupId, topic: 'resumed', partitions })
    await until('all are gone', async () => (await start('resumed')) === 4)
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
    const messages: Seen[] = []
    await consumer.connect()
    await consumer.subscribe({ topics: ['resumed'], fromBeginning: true })
    await consumer.run({ eachMessage: async (payload) => void messages.push(seen(payload)) })
    try {
      await until('a record comes', async () => {
        await send('resumed', ['later'])
        return messages.length > 0
      })
    } finally {
      await consumer.disconnect()
    }
    expect(Number(messages[0]!.offset)).toBeGreaterThanOrEqual(4)
    expect(messages.map(({ value }) => value)).toEqual(messages.map(() => 'later'))
  })

  it.skipIf(!installed('kcat'))(
    'is what kcat sees, with auto.offset.reset and without',
    async () => {
      const topic = 'kcat-timed'
      await create(topic, { 'retention.ms': 400, 'segment.ms': 100 })
      await kcat(broker.bootstrap, ['-P', '-t', topic], { input: 'a\nb\nc\n' })
      await until('all are gone', async () => (await start(topic)) === 3)
      const query = await kcat(broker.bootstrap, ['-Q', '-t', `${topic}:0:-2`])
      expect(query).toContain(`${topic} [0] offset 3`)
      await create('kcat-kept', { 'retention.ms': -1 })
      await kcat(broker.bootstrap, ['-P', '-t', 'kcat-kept'], { input: 'a\nb\nc\n' })
      // kafkajs deletes only from topics whose leader it has learned.
      expect(await start('kcat-kept')).toBe(0)
      const partitions = [{ partition: 0, offset: '2' }]
      await admin.deleteTopicRecords({ topic: 'kcat-kept', partitions })
      const read = (reset: string, offset: string): Promise<string> => {
        const from = ['-o', offset, '-X', `topic.auto.offset.reset=${reset}`]
        return kcat(broker.bootstrap, [
          '-C',
          '-t',
          'kcat-kept',
          '-e',
          '-q',
          '-f',
          '%o:%s\\n',
          ...from,
        ])
      }
      expect(await read('earliest', '0')).toBe('2:c\n')
      expect(await read('latest', '0')).toBe('')
      expect(await read('error', 'beginning')).toBe('2:c\n')
    },
  )

  it('goes by a config as soon as it is altered', async () => {
    await create('altered', { 'retention.ms': -1, 'segment.ms': 100 })
    const timestamp = String(Date.now() - 60_000)
    await producer.send({ topic: 'altered', messages: [{ value: 'old', timestamp }] })
    expect([await start('altered'), await end('altered')]).toEqual([0, 1])
    const configEntries = [{ name: 'retention.ms', value: '1000' }]
    const resource = { type: ConfigResourceTypes.TOPIC, name: 'altered', configEntries }
    await admin.alterConfigs({ validateOnly: false, resources: [resource] })
    await until('it is gone', async () => (await start('altered')) === 1)
  })

  const folders = (topic: string): string[] =>
    readdirSync(broker.data!).filter((name) => name.startsWith(`${topic}-`))

  it('has nothing of a deleted topic in one that is made at once under its name', async () => {
    for (let i = 0; i < 5; i++) {
      await create('remade', {})
      await send('remade', [`life ${i}`])
      expect([await start('remade'), await end('remade')]).toEqual([0, 1])
      await admin.deleteTopics({ topics: ['remade'] })
    }
    await create('remade', {})
    expect(await end('remade')).toBe(0)
  })

  it.skipIf(engine === 'memory')(
    'removes a deleted topic from the disk after the delay',
    async () => {
      await create('removed', {})
      await send('removed', ['a'])
      expect(folders('removed')).toEqual(['removed-0'])
      const began = performance.now()
      await admin.deleteTopics({ topics: ['removed'] })
      const [folder, ...more] = folders('removed')
      // A machine that is slow enough has removed it by now.
      if (performance.now() - began < DELETE_DELAY_MS) {
        expect(folder).toMatch(/^removed-0\.[0-9a-f]{32}-delete$/)
        expect(more).toEqual([])
      }
      await until('the folder is gone', () => folders('removed').length === 0)
    },
  )

  it.skipIf(engine === 'memory')('has an effect that outlives a kill', async () => {
    await create('lasting', { 'retention.ms': 300, 'segment.ms': 100 })
    // One that has not heard of topics that are gone by now: kafkajs would ask for them too.
    const before = kafka.producer()
    await before.connect()
    await before.send({ topic: 'lasting', messages: [{ value: 'a' }, { value: 'b' }] })
    await before.disconnect()
    await until('all are gone', async () => (await start('lasting')) === 2)
    await broker.kill()
    await broker.start()
    const later = kafka.producer()
    const asked = kafka.admin()
    await Promise.all([later.connect(), asked.connect()])
    try {
      const offsets = async () => (await asked.fetchTopicOffsets('lasting'))[0]
      expect(await offsets()).toMatchObject({ low: '2', high: '2' })
      await later.send({ topic: 'lasting', messages: [{ value: 'c' }] })
      expect(await offsets()).toMatchObject({ high: '3' })
    } finally {
      await Promise.all([later.disconnect(), asked.disconnect()])
    }
    expect(existsSync(`${broker.data}/lasting-0`)).toBe(true)
  })
})
