/** Data folders cross the border both ways: Kafka's to the broker, ours to Kafka, and back. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompressionTypes, type Kafka } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { buildBatch } from '../src/protocol/records/batch-builder.ts'
import { buildMarker } from '../src/protocol/records/control-records.ts'
import { defaultLogConfig, logId } from '../src/storage/engine.ts'
import { openFileEngine } from '../src/storage/file/file-engine.ts'
import { NodeDisk } from '../src/storage/file/node-disk.ts'
import { filesOf, type Pack, unpackTo } from '../test/fixtures/kafka-folder/unpack.ts'
import { BrokerProcess } from './harness/broker-process.ts'
import { KafkaPeer } from './harness/kafka-peer.ts'
import { consume, kafkajs, until } from './harness/kafkajs-client.ts'
import { hasOracles, installed, kcat } from './harness/programs.ts'

const flags = [
  ...['-o', 'odradek.ignore.kept.security=true'],
  // The folder was packed once, and its groups have been silent since.
  ...['-o', 'offsets.retention.minutes=2147483647'],
]

const numbered = (count: number, text: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => text(i))

const inOrders = [
  ...numbered(90, (i) => `orders none ${i}`),
  ...numbered(30, (i) => `orders none ${i}`),
]
const inTransfers = ['first', 'second'].flatMap((end) => numbered(5, (i) => `${end} ${i}`))

const packs: Pack[] = ['clean', 'killed']

describe.each(packs)("Kafka's folder after it was %s", (pack) => {
  const data = mkdtempSync(join(tmpdir(), 'odradek-folder-'))
  let broker: BrokerProcess
  let kafka: Kafka

  beforeAll(async () => {
    unpackTo(data, filesOf(pack))
    broker = await BrokerProcess.start({ engine: 'file', data, flags })
    kafka = kafkajs(broker.bootstrap)
  })
  afterAll(async () => {
    await broker?.dispose()
    rmSync(data, { recursive: true, force: true })
  })

  it('is read by kafkajs', async () => {
    const seen = await consume(kafka, 'new-group', ['orders', 'transfers', 'again'], 138)
    const of = (topic: string) =>
      seen.filter((one) => one.topic === topic).map(({ value }) => value)
    expect(of('orders').sort()).toEqual([...inOrders].sort())
    expect(of('transfers')).toEqual(inTransfers)
    expect(of('again')).toHaveLength(8)
  })

  it.each([
    ['classic', 'classic-group', 40],
    ['KIP-848', 'consumer-group', 25],
  ])('a %s group goes on from its committed offsets', async (_kind, groupId, committed) => {
    const admin = kafka.admin()
    await admin.connect()
    const [orders] = await admin.fetchOffsets({ groupId, topics: ['orders'] })
    await admin.disconnect()
    const offsets = orders!.partitions.map(({ offset }) => Math.max(Number(offset), 0))
    expect(offsets.reduce((sum, offset) => sum + offset, 0)).toBe(committed)
    const rest = await consume(kafka, groupId, ['orders'], 120 - committed)
    for (const { partition, offset } of rest) {
      expect(Number(offset)).toBeGreaterThanOrEqual(offsets[partition]!)
    }
  })

  it.skipIf(!installed('kcat'))('is read by kcat, in every codec, and written to', async () => {
    const read = async (topic: string): Promise<string[]> => {
      const args = ['-q', '-C', '-t', topic, '-o', 'beginning', '-e', '-f', '%s\n']
      return (await kcat(broker.bootstrap, args)).trimEnd().split('\n')
    }
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    expect(await read('codecs')).toEqual(
      codecs.flatMap((codec) => numbered(10, (i) => `codecs ${codec} ${i}`)),
    )
    expect(await read('cut')).toEqual(numbered(30, (i) => `cut none ${i}`).slice(12))
    await kcat(broker.bootstrap, ['-P', '-t', 'cut'], { input: 'ours\n' })
    await broker.kill()
    await broker.start()
    expect((await read('cut')).at(-1)).toBe('ours')
  })
})

describe.skipIf(!hasOracles())('a real Kafka', () => {
  let peer: KafkaPeer | undefined
  let broker: BrokerProcess | undefined
  afterEach(async () => {
    await broker?.dispose()
    await peer?.dispose()
    broker = undefined
    peer = undefined
  })

  it('that holds a folder keeps the broker out; stopped, its folder goes to the broker and back', async () => {
    const authorizer = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'
    peer = new KafkaPeer([`authorizer.class.name=${authorizer}`, 'super.users=User:ANONYMOUS'])
    unpackTo(peer.data, filesOf('killed'))
    await peer.start()
    const held = BrokerProcess.start({ engine: 'file', data: peer.data, flags })
    await expect(held).rejects.toThrow(
      /is in use by process \d+, which holds its lock as Kafka does/,
    )
    await peer.stop()
    broker = await BrokerProcess.start({ engine: 'file', data: peer.data, flags })
    const producer = kafkajs(broker.bootstrap).producer()
    await producer.connect()
    const ours = numbered(10, (i) => `ours ${i}`)
    const messages = ours.map((value) => ({ value, partition: 1 }))
    await producer.send({ topic: 'orders', messages, compression: CompressionTypes.GZIP })
    await producer.disconnect()
    await broker.stop()
    await peer.start()
    expect((await peer.consume('orders', 130)).sort()).toEqual([...inOrders, ...ours].sort())
    expect(await peer.consume('transfers', 10)).toEqual(inTransfers)
    await peer.stop()
    // What Kafka has decided since is taken over anew: it has set aside what it does not know.
    await broker.start()
    const again = await consume(kafkajs(broker.bootstrap), 'last', ['orders'], 130)
    expect(again.filter(({ value }) => value?.startsWith('ours'))).toHaveLength(10)
  }, 300_000)

  it('opens partitions that the broker and its engine wrote', async () => {
    const data = mkdtempSync(join(tmpdir(), 'odradek-ours-'))
    broker = await BrokerProcess.start({ engine: 'file', data })
    const topics = await writeTopics(kafkajs(broker.bootstrap), broker.bootstrap)
    await broker.stop()
    topics.set('aborted', await writeAborted(join(data, 'engine')))
    peer = new KafkaPeer()
    await peer.start()
    const admin = kafkajs(peer.bootstrap).admin()
    await admin.connect()
    await admin.createTopics({
      topics: [...topics.keys()].map((topic) => ({ topic, numPartitions: 1 })),
    })
    await admin.disconnect()
    await until('all folders', () => {
      const made = readdirSync(peer!.data)
      return [...topics.keys()].every((topic) => made.includes(`${topic}-0`))
    })
    await peer.stop()
    for (const topic of topics.keys()) {
      const from = topic === 'aborted' ? join(data, 'engine') : data
      replaceFolder(join(from, `${topic}-0`), join(peer.data, `${topic}-0`))
    }
    await peer.start()
    for (const [topic, values] of topics) {
      expect(await peer.consume(topic, values.length), topic).toEqual(values)
    }
    const named = new RegExp(`\\b(${[...topics.keys()].join('|')})-0|corrupt|index`, 'i')
    expect(peer.complaints().filter((line) => named.test(line))).toEqual([])
    rmSync(data, { recursive: true })
  }, 300_000)
})

/** In place of what Kafka has made, under the id that Kafka has given the topic. */
function replaceFolder(ours: string, theirs: string): void {
  const metadata = readFileSync(join(theirs, 'partition.metadata'))
  rmSync(theirs, { recursive: true })
  cpSync(ours, theirs, { recursive: true })
  writeFileSync(join(theirs, 'partition.metadata'), metadata)
}

/** Topics of one partition, and the values in them: of every codec, compacted, with retention, in many segments. */
async function writeTopics(kafka: Kafka, bootstrap: string): Promise<Map<string, string[]>> {
  const configs: Record<string, Record<string, string>> = {
    'codec-none': {},
    'codec-gzip': {},
    ...(installed('kcat') ? { 'codec-snappy': {}, 'codec-lz4': {}, 'codec-zstd': {} } : {}),
    compacted: { 'cleanup.policy': 'compact' },
    retained: { 'retention.ms': '86400000', 'segment.bytes': '1048576' },
  }
  const admin = kafka.admin()
  const producer = kafka.producer()
  await Promise.all([admin.connect(), producer.connect()])
  await admin.createTopics({
    topics: Object.entries(configs).map(([topic, entries]) => ({
      ...{ topic, numPartitions: 1 },
      configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
    })),
  })
  const topics = new Map<string, string[]>()
  for (const topic of Object.keys(configs)) {
    const wide = topic === 'retained' ? 'w'.repeat(100_000) : ''
    const values = numbered(30, (i) => `${topic} ${i}${wide}`)
    topics.set(topic, values)
    const codec = topic.replace('codec-', '')
    if (['snappy', 'lz4', 'zstd'].includes(codec)) {
      await kcat(bootstrap, ['-P', '-t', topic, '-z', codec], { input: values.join('\n') })
      continue
    }
    const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
    for (let i = 0; i < values.length; i += 10) {
      const messages = values.slice(i, i + 10).map((value, n) => ({ key: `k${i + n}`, value }))
      await producer.send({ topic, messages, compression })
    }
  }
  await Promise.all([admin.disconnect(), producer.disconnect()])
  return topics
}

/** A log with a committed and an aborted transaction, and so with a `.txnindex`; gives what was committed. */
async function writeAborted(directory: string): Promise<string[]> {
  const topicId = 'AbortedTopicOfEngineAA'
  const log = logId(topicId, 0)
  const disk = new NodeDisk(systemClock, {})
  const engine = await openFileEngine({ disk, directory, clock: systemClock })
  const spec = { topic: 'aborted', topicId, partitionIndex: 0, config: defaultLogConfig }
  await engine.create([spec])
  const producer = { producerId: 7, producerEpoch: 0 }
  const timestamp = systemClock.now()
  let baseSequence = 0
  const committed: string[] = []
  for (const type of ['COMMIT', 'ABORT', 'COMMIT'] as const) {
    const values = numbered(3, (i) => `${type} ${baseSequence + i}`)
    const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp }))
    const batch = buildBatch(records, { ...producer, baseSequence, transactional: true })
    const marker = buildMarker({ ...producer, type, coordinatorEpoch: 0, timestamp })
    for (const one of [batch, marker]) await engine.append([{ log, batch: one }])
    baseSequence += values.length
    if (type === 'COMMIT') committed.push(...values)
  }
  await engine.close()
  return committed
}
