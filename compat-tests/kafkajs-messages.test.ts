/** kafkajs as producer and consumer: every shape of message, seek, pause, and a broker that restarts in between. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CompressionTypes, type Kafka } from 'kafkajs'
import { BrokerProcess, type EngineName } from './harness/broker-process.ts'
import { consume, joined, kafkajs, type Seen, seen, until } from './harness/kafkajs-client.ts'

describe.each<EngineName>(['memory', 'file'])('kafkajs messages on the %s engine', (engine) => {
  let broker: BrokerProcess
  let kafka: Kafka

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine })
    kafka = kafkajs(broker.bootstrap)
  })
  afterAll(() => broker?.dispose())

  async function send(topic: string, messages: Parameters<typeof sendWith>[1]): Promise<void> {
    await sendWith(topic, messages, {})
  }

  async function sendWith(
    topic: string,
    messages: {
      key?: string | null
      value: string | null
      headers?: Record<string, string>
      partition?: number
    }[],
    options: { acks?: number; compression?: CompressionTypes; idempotent?: boolean },
  ): Promise<void> {
    const producer = kafka.producer({ idempotent: options.idempotent ?? false })
    await producer.connect()
    await producer.send({
      topic,
      messages,
      ...(options.acks === undefined ? {} : { acks: options.acks }),
      ...(options.compression === undefined ? {} : { compression: options.compression }),
    })
    await producer.disconnect()
  }

  it('brings back keys, values and headers as they were sent', async () => {
    await send('shapes', [
      { key: 'a', value: 'plain' },
      { key: 'ключ', value: 'значение 🧵' },
      { key: null, value: 'no key' },
      { key: 'gone', value: null },
      { key: '', value: '' },
      { key: 'h', value: 'headers', headers: { trace: 'abc', empty: '' } },
    ])
    const messages = await consume(kafka, 'shapes-readers', ['shapes'], 6)
    expect(messages.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual([
      { key: 'a', value: 'plain', headers: {} },
      { key: 'ключ', value: 'значение 🧵', headers: {} },
      { key: null, value: 'no key', headers: {} },
      { key: 'gone', value: null, headers: {} },
      { key: '', value: '', headers: {} },
      { key: 'h', value: 'headers', headers: { trace: 'abc', empty: '' } },
    ])
    expect(messages.map(({ offset }) => offset)).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('carries records of 900 kB', async () => {
    const large = ['x', 'y', 'z'].map((letter) => letter.repeat(900_000))
    for (const value of large) await send('large', [{ key: value[0]!, value }])
    const messages = await consume(kafka, 'large-readers', ['large'], 3)
    expect(messages.map(({ value }) => value?.length)).toEqual([900_000, 900_000, 900_000])
    expect(messages.map(({ value }) => value)).toEqual(large)
  })

  it.each([
    ['acks 0', { acks: 0 }],
    ['acks 1', { acks: 1 }],
    ['acks all', { acks: -1 }],
    ['gzip', { compression: CompressionTypes.GZIP }],
    ['an idempotent producer', { idempotent: true }],
  ])('takes messages with %s', async (name, options) => {
    const topic = `taken-${name.replaceAll(' ', '-')}`
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
    const values = Array.from({ length: 50 }, (_, i) => `${name} ${i}`)
    await sendWith(
      topic,
      values.map((value) => ({ value })),
      options,
    )
    const messages = await consume(kafka, `${topic}-readers`, [topic], 50)
    expect(messages.map(({ value }) => value)).toEqual(values)
  })

  it('seeks back to an offset that was already read', async () => {
    await send(
      'seeking',
      Array.from({ length: 10 }, (_, i) => ({ value: `${i}` })),
    )
    const consumer = kafka.consumer({ groupId: 'seekers', maxWaitTimeInMs: 100 })
    const messages: Seen[] = []
    await consumer.connect()
    await consumer.subscribe({ topic: 'seeking', fromBeginning: true })
    await consumer.run({ eachMessage: async (payload) => void messages.push(seen(payload)) })
    await until('ten messages', () => messages.length === 10)
    consumer.seek({ topic: 'seeking', partition: 0, offset: '7' })
    await until('three again', () => messages.length >= 13)
    await consumer.disconnect()
    expect(messages.slice(10).map(({ value }) => value)).toEqual(['7', '8', '9'])
  })

  it('pauses and resumes a topic', async () => {
    await send('paused', [{ value: 'first' }])
    const consumer = kafka.consumer({ groupId: 'pausers', maxWaitTimeInMs: 50 })
    const values: string[] = []
    await consumer.connect()
    await consumer.subscribe({ topic: 'paused', fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!.toString())
        if (values.length === 1) consumer.pause([{ topic: 'paused' }])
      },
    })
    await until('the first message', () => values.length === 1)
    await send('paused', [{ value: 'second' }])
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(values).toEqual(['first'])
    consumer.resume([{ topic: 'paused' }])
    await until('the second message', () => values.length === 2)
    await consumer.disconnect()
    expect(values).toEqual(['first', 'second'])
  })

  it('reads sixty topics in one group', async () => {
    const topics = Array.from({ length: 60 }, (_, i) => `many-${i}`)
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 2 })) })
    await admin.disconnect()
    const producer = kafka.producer()
    await producer.connect()
    await producer.sendBatch({
      topicMessages: topics.map((topic) => ({
        topic,
        messages: [
          { value: `${topic}/0`, partition: 0 },
          { value: `${topic}/1`, partition: 1 },
        ],
      })),
    })
    await producer.disconnect()
    const messages = await consume(kafka, 'many-readers', topics, 120)
    const expected = topics.flatMap((topic) => [`${topic}/0`, `${topic}/1`])
    expect(messages.map(({ value }) => value).toSorted()).toEqual(expected.toSorted())
  })

  it('first message to a topic that nobody made arrives without an error in between', async () => {
    const errors: string[] = []
    const producer = kafka.producer({ allowAutoTopicCreation: true, retry: { retries: 0 } })
    await producer.connect()
    try {
      await producer.send({ topic: 'born-now', messages: [{ value: 'hello' }] })
    } catch (error) {
      errors.push(String(error))
    }
    await producer.disconnect()
    expect(errors).toEqual([])
    expect(await consume(kafka, 'born-readers', ['born-now'], 1)).toMatchObject([
      { value: 'hello' },
    ])
  })

  it.skipIf(engine === 'memory')(
    'goes on producing and consuming when the broker restarts in between',
    async () => {
      const consumer = kafka.consumer({ groupId: 'survivors', maxWaitTimeInMs: 100 })
      const values: string[] = []
      await consumer.connect()
      await consumer.subscribe({ topic: 'survival', fromBeginning: true })
      const member = joined(consumer)
      await consumer.run({
        eachMessage: async ({ message }) => void values.push(message.value!.toString()),
      })
      await member
      const producer = kafka.producer()
      await producer.connect()
      await producer.send({ topic: 'survival', messages: [{ value: 'before' }] })
      await until('the message before', () => values.includes('before'))
      await broker.restart()
      await producer.send({ topic: 'survival', messages: [{ value: 'after' }] })
      await until('the message after', () => values.includes('after'))
      await producer.disconnect()
      await consumer.disconnect()
      expect(values.filter((value) => value === 'after')).toHaveLength(1)
    },
  )
})
