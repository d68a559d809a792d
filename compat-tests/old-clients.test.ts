/**
 * Clients from before record batches (Kafka 0.8 to 0.10) beside those of today: what the one sends the other reads, in every
 * codec that both know. Those that are not installed are skipped by name.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CompressionTypes } from 'kafkajs'
import { BrokerProcess } from './harness/broker-process.ts'
import { consume, kafkajs } from './harness/kafkajs-client.ts'
import {
  type Codec,
  type Message,
  type OldClient,
  oldClients,
  oldKcat,
  PROMPT,
} from './harness/old-clients.ts'
import { installed, kcat } from './harness/programs.ts'

const COUNT = 150
const HEADER = 'trace=abc'
const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4']

let broker: BrokerProcess

/** So many messages for a topic, of which some are worth compressing. */
function messagesFor(topic: string): Message[] {
  return Array.from({ length: COUNT }, (_, i) => {
    return { topic, key: `k${i}`, value: `${topic} ${i} `.repeat(1 + (i % 7)).trim() }
  })
}

function inTopic<M extends Message>(messages: readonly M[], topic: string): M[] {
  return messages.filter((message) => message.topic === topic)
}

const withOffsets = (topic: string): (Message & { offset: number })[] =>
  messagesFor(topic).map((message, offset) => ({ ...message, offset }))

/** Sends to `modern-CODEC` by kcat and to `kafkajs-CODEC` by kafkajs, with headers. */
async function sendByModernClients(): Promise<void> {
  for (const codec of codecs) {
    const topic = `modern-${codec}`
    await kcat(broker.bootstrap, ['-L', '-t', topic])
    const input = messagesFor(topic)
      .map(({ key, value }) => `${key}:${value}\n`)
      .join('')
    await kcat(broker.bootstrap, ['-P', '-t', topic, '-K:', '-z', codec, '-H', HEADER], { input })
  }
  const producer = kafkajs(broker.bootstrap).producer({ idempotent: true })
  await producer.connect()
  for (const codec of ['none', 'gzip']) {
    const topic = `kafkajs-${codec}`
    const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
    const messages = messagesFor(topic).map(({ key, value }) => ({
      ...{ key, value, headers: { trace: 'abc' } },
    }))
    await producer.send({ topic, compression, messages })
  }
  await producer.disconnect()
}

describe.skipIf(!installed('kcat'))('clients from before record batches', () => {
  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    await sendByModernClients()
  })
  afterAll(() => broker?.dispose())

  const here = (client: OldClient): boolean => client.isInstalled
  for (const client of oldClients) {
    describe.skipIf(!here(client))(client.name, () => {
      const group = client.name.replaceAll(' ', '-')
      const topicOf = (codec: Codec): string => `${group}-${codec}`
      const topics = client.codecs.map(topicOf)

      it('is read by kcat, kafkajs and itself', async () => {
        const sent = client.codecs.flatMap((codec) =>
          messagesFor(topicOf(codec)).map((message) => ({ ...message, codec })),
        )
        for (const topic of topics) await kcat(broker.bootstrap, ['-L', '-t', topic])
        await client.produce(broker.bootstrap, sent)
        const format = ['-f', '%o\\t%k\\t%s\\t%h\\n', ...PROMPT]
        for (const topic of topics) {
          const text = await kcat(broker.bootstrap, ['-C', '-t', topic, '-e', '-q', ...format])
          const expected = withOffsets(topic).map(
            ({ offset, key, value }) => `${offset}\t${key}\t${value}\t\n`,
          )
          expect(text).toBe(expected.join(''))
        }
        // kafkajs has no other codecs by itself.
        const readable = [topicOf('none'), topicOf('gzip')]
        const count = readable.length * COUNT
        const seen = await consume(kafkajs(broker.bootstrap), `js-${group}`, readable, count)
        for (const topic of readable) {
          expect(inTopic(seen as Message[], topic)).toMatchObject(messagesFor(topic))
        }
        const { bootstrap } = broker
        const own = await client.consume({ bootstrap, group, topics, count: sent.length })
        for (const topic of topics) expect(inTopic(own, topic)).toEqual(withOffsets(topic))
      })

      it('reads what kcat and kafkajs have sent', async () => {
        const modern = [...client.codecs.map((codec) => `modern-${codec}`)]
        modern.push('kafkajs-none', 'kafkajs-gzip')
        const reading = { group: `${group}-modern`, count: modern.length * COUNT, topics: modern }
        const seen = await client.consume({ bootstrap: broker.bootstrap, ...reading })
        for (const topic of modern) expect(inTopic(seen, topic)).toEqual(withOffsets(topic))
      })
    })
  }

  it.each(['0.8.2', '0.9.0', '0.10.0'])('are told offsets, Kafka %s', async (version) => {
    const { flags } = oldKcat(version)
    const offsetAt = (time: number): Promise<string> =>
      kcat(broker.bootstrap, ['-Q', '-t', `modern-none:0:${time}`, ...flags])
    expect(await offsetAt(-1)).toContain(`offset ${COUNT}`)
    expect(await offsetAt(-2)).toContain('offset 0')
    const [tail] = await oldKcat(version).consume({
      bootstrap: broker.bootstrap,
      ...{ group: '', count: COUNT, topics: ['modern-gzip'] },
    })
    expect(tail).toMatchObject({ offset: 0 })
    const last = ['-C', '-t', 'modern-gzip', '-o', '-3', '-e', '-q', '-f', '%o ']
    expect(await kcat(broker.bootstrap, [...last, ...flags])).toBe('147 148 149 ')
  })
})
