/** kcat (librdkafka) as producer, consumer, group member and inspector. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess, type EngineName } from './harness/broker-process.ts'
import { consume, kafkajs } from './harness/kafkajs-client.ts'
import { installed, kcat } from './harness/programs.ts'
import { storedCodecs } from './harness/stored-codecs.ts'

const engines: EngineName[] = ['memory', 'file']

describe.skipIf(!installed('kcat')).each(engines)('kcat on the %s engine', (engine) => {
  let broker: BrokerProcess

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine })
  })
  afterAll(() => broker?.dispose())

  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
  const produce = (topic: string, text: string, flags: string[] = []): Promise<string> =>
    kcat(broker.bootstrap, ['-P', '-t', topic, ...flags], { input: text })
  const read = (topic: string, flags: string[] = []): Promise<string> =>
    kcat(broker.bootstrap, ['-C', '-t', topic, '-e', '-q', ...flags])

  const modes = [
    ['acks 0', ['-X', 'acks=0']],
    ['acks 1', ['-X', 'acks=1']],
    ['acks all', ['-X', 'acks=all']],
    ['an idempotent producer', ['-X', 'enable.idempotence=true']],
    ['gzip', ['-z', 'gzip']],
    ['snappy', ['-z', 'snappy']],
    ['lz4', ['-z', 'lz4']],
    ['zstd', ['-z', 'zstd']],
    ['gzip and an idempotent producer', ['-z', 'gzip', '-X', 'enable.idempotence=true']],
  ] as const

  it.each(modes)('produces with %s what it reads back in order', async (name, flags) => {
    const topic = `order-${name.replaceAll(' ', '-')}`
    await kcat(broker.bootstrap, ['-L', '-t', topic])
    const values = Array.from({ length: 1000 }, (_, i) => `${name} ${i}`)
    await produce(topic, values.join('\n'), [...flags])
    expect(lines(await read(topic))).toEqual(values)
  })

  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
  // librdkafka leaves a batch that does not get smaller, as its first may be, as it is.
  it.skipIf(engine === 'memory').each(codecs.slice(1))(
    'stores %s batches as they came',
    (codec) => {
      expect(storedCodecs(broker, `order-${codec}`)).toContain(codec)
    },
  )

  // Sent in another codec, so that what kcat reads is what the broker wrote.
  it.each([
    ['snappy', 'zstd'],
    ['lz4', 'snappy'],
    ['zstd', 'lz4'],
    ['gzip', 'zstd'],
    ['uncompressed', 'lz4'],
  ] as const)('reads what a topic stores in %s, sent in %s', async (stored, sent) => {
    const topic = `kept-in-${stored}`
    const admin = kafkajs(broker.bootstrap).admin()
    await admin.connect()
    const configEntries = [{ name: 'compression.type', value: stored }]
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
    await admin.disconnect()
    const values = Array.from({ length: 5000 }, (_, i) => `a spool of thread ${i}`)
    await produce(topic, values.join('\n'), ['-z', sent])
    expect(lines(await read(topic))).toEqual(values)
    if (engine === 'file') {
      const only = stored === 'uncompressed' ? 'none' : stored
      expect(storedCodecs(broker, topic)).toEqual(new Set([only]))
    }
  })

  it('carries keys, headers, nulls and tombstones', async () => {
    await produce('kept', 'k1:v1\nk2:v2\n', ['-K:', '-H', 'trace=abc'])
    await produce('kept', 'k1:\n', ['-K:', '-Z'])
    const text = await read('kept', ['-f', '%o|%k|%s|%S|%h\\n'])
    expect(lines(text)).toEqual(['0|k1|v1|2|trace=abc', '1|k2|v2|2|trace=abc', '2|k1||-1|'])
  })

  it('lists brokers and topics', async () => {
    await produce('listed', 'x\n')
    const listing = JSON.parse(await kcat(broker.bootstrap, ['-L', '-J'])) as {
      brokers: { id: number; name: string }[]
      topics: { topic: string; partitions: { partition: number; leader: number }[] }[]
    }
    expect(listing.brokers.map(({ name }) => name)).toEqual([broker.bootstrap])
    const listed = listing.topics.find(({ topic }) => topic === 'listed')
    expect(listed?.partitions).toMatchObject([{ partition: 0, leader: listing.brokers[0]!.id }])
  })

  it('queries offsets by time', async () => {
    await produce('queried', 'a\nb\n')
    // kcat asks for a partition once, whatever it is told: one time a call.
    const query = (time: number): Promise<string> =>
      kcat(broker.bootstrap, ['-Q', '-t', `queried:0:${time}`])
    expect(await query(-2)).toContain('queried [0] offset 0')
    expect(await query(-1)).toContain('queried [0] offset 2')
    expect(await query(1)).toContain('queried [0] offset 0')
    expect(await query(Date.now() + 60_000)).toContain('queried [0] offset -1')
  })

  it('reads a part of a partition from an offset, from the end and by count', async () => {
    await produce('parts', '0\n1\n2\n3\n4\n')
    expect(lines(await read('parts', ['-o', '3']))).toEqual(['3', '4'])
    expect(lines(await read('parts', ['-o', '-1']))).toEqual(['4'])
    expect(lines(await read('parts', ['-c', '2']))).toEqual(['0', '1'])
  })

  it('consumes as a group that resumes where it left off', async () => {
    await produce('grouped', '1\n2\n3\n')
    const group = (count: number): Promise<string> =>
      kcat(broker.bootstrap, [
        ...['-G', `kcat-group-${engine}`, '-c', String(count), '-q'],
        ...['-X', 'auto.offset.reset=earliest', 'grouped'],
      ])
    expect(lines(await group(3))).toEqual(['1', '2', '3'])
    await produce('grouped', '4\n5\n')
    expect(lines(await group(2))).toEqual(['4', '5'])
  })

  it('and kafkajs read one another', async () => {
    const kafka = kafkajs(broker.bootstrap)
    await produce('crossed', 'from-kcat:gzip\n', ['-K:', '-z', 'gzip'])
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'crossed', messages: [{ key: 'from-kafkajs', value: 'plain' }] })
    await producer.disconnect()
    const seen = await consume(kafka, `crossed-${engine}`, ['crossed'], 2)
    expect(seen.map(({ key, value }) => `${key}:${value}`)).toEqual([
      'from-kcat:gzip',
      'from-kafkajs:plain',
    ])
    expect(lines(await read('crossed', ['-K:']))).toEqual(['from-kcat:gzip', 'from-kafkajs:plain'])
  })

  it.skipIf(engine === 'memory')('finds its messages after a restart', async () => {
    await produce('lasting', '1\n2\n', ['-X', 'enable.idempotence=true'])
    await broker.restart()
    await produce('lasting', '3\n', ['-X', 'enable.idempotence=true'])
    expect(lines(await read('lasting', ['-f', '%o:%s\\n']))).toEqual(['0:1', '1:2', '2:3'])
  })

  it('a topic that does not exist and may not be made is said to be unknown', async () => {
    await expect(
      kcat(broker.bootstrap, [
        '-C',
        '-t',
        'never-made',
        '-e',
        '-X',
        'allow.auto.create.topics=false',
      ]),
    ).rejects.toThrow(/Unknown topic/i)
  })
})
