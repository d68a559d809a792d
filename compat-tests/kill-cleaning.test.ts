/** kill -9 while kafkajs produces, in transactions too, and logs are compacted, expire and are cut: the checker finds nothing, and no last value is gone. */

import { fileURLToPath } from 'node:url'
import type { Admin, Kafka, Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { kafkajs } from './harness/kafkajs-client.ts'
import { installed, run } from './harness/programs.ts'

const KILLS = 3
const LIFE_MS = 1500
const PARTITIONS = [0, 1]
const TOPICS = {
  latest: { 'cleanup.policy': 'compact' },
  both: { 'cleanup.policy': 'compact,delete', 'retention.bytes': 3_000_000 },
  recent: { 'cleanup.policy': 'delete', 'retention.bytes': 3_000_000 },
}
const CLEANED_SOON = {
  'segment.bytes': 1_048_576,
  'segment.ms': 100,
  'min.cleanable.dirty.ratio': 0.01,
  'delete.retention.ms': 100,
}
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

let broker: BrokerProcess
let kafka: Kafka
let admin: Admin
let isOver = false
/** The last offset that was acknowledged of each key of `latest`, by `partition key`. */
const acknowledged = new Map<string, number>()

beforeAll(async () => {
  const flags = [
    'log.cleaner.backoff.ms=30',
    'log.retention.check.interval.ms=70',
    'log.segment.delete.delay.ms=200',
  ].flatMap((setting) => ['-o', setting])
  broker = await BrokerProcess.start({ engine: 'file', flags })
  kafka = kafkajs(broker.bootstrap)
  admin = kafka.admin()
  await admin.connect()
  const topics = Object.entries(TOPICS).map(([topic, configs]) => ({
    topic,
    numPartitions: PARTITIONS.length,
    configEntries: Object.entries({ ...CLEANED_SOON, ...configs }).map(([name, value]) => ({
      name,
      value: String(value),
    })),
  }))
  await admin.createTopics({ topics })
})
afterAll(async () => {
  await admin?.disconnect()
  await broker?.dispose()
})

/** Repeats something until the load is over, whatever becomes of it. */
async function repeat(work: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; !isOver; round++) {
    await work(round).catch(() => new Promise((resolve) => setTimeout(resolve, 20)))
  }
}

async function produce(producer: Producer, partition: number, round: number): Promise<void> {
  for (const topic of Object.keys(TOPICS)) {
    const messages = Array.from({ length: 20 }, (_, i) => ({
      key: `key-${(round + i) % 30}`,
      value: `${round}`.padEnd(3000, '.'),
      partition,
    }))
    const [result] = await producer.send({ topic, messages })
    if (topic !== 'latest') continue
    const baseOffset = Number(result!.baseOffset)
    messages.forEach(({ key }, i) => acknowledged.set(`${partition} ${key}`, baseOffset + i))
  }
}

async function transact(producer: Producer, round: number): Promise<void> {
  const transaction = await producer.transaction()
  for (const topic of ['latest', 'recent']) {
    const messages = [{ key: `sure-${round % 5}`, value: `${round}`.padEnd(100), partition: 0 }]
    await transaction.send({ topic, messages })
  }
  await (round % 3 === 0 ? transaction.abort() : transaction.commit())
}

async function cutInHalf(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100))
  const offsets = await admin.fetchTopicOffsets('both')
  const partitions = offsets.map(({ partition, low, high }) => ({
    partition,
    offset: String(Math.floor((Number(low) + Number(high)) / 2)),
  }))
  await admin.deleteTopicRecords({ topic: 'both', partitions })
}

/** Produces, cuts and cleans until the broker is killed; resolves with the end of it all. */
async function load(life: number): Promise<{ ended: Promise<unknown> }> {
  isOver = false
  const few = { retry: { retries: 1 } }
  const plain = kafka.producer(few)
  const idempotent = kafka.producer({ ...few, idempotent: true, maxInFlightRequests: 1 })
  const sure = kafka.producer({
    ...few,
    transactionalId: `life-${life}`,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  const producers = [plain, idempotent, sure]
  await Promise.all(producers.map((producer) => producer.connect()))
  const work = [
    repeat((round) => produce(plain, 0, round)),
    repeat((round) => produce(idempotent, 1, round)),
    repeat((round) => transact(sure, round)),
    repeat(cutInHalf),
  ]
  await new Promise((resolve) => setTimeout(resolve, LIFE_MS))
  const disconnect = (producer: Producer) => producer.disconnect().catch(() => undefined)
  return { ended: Promise.all(work).then(() => Promise.all(producers.map(disconnect))) }
}

async function verified(): Promise<void> {
  const { code, stdout } = await run(process.execPath, [cli, 'log', 'verify', broker.data!, '-q'])
  expect(stdout).toContain('Nothing is wrong')
  expect(code).toBe(0)
}

/** The last offset of each key of `latest`, as a reader of committed records finds it. */
async function lastOffsets(): Promise<Map<string, number>> {
  const format = ['-e', '-q', '-o', 'beginning', '-f', '%p %k %o\n']
  const options = ['-X', 'isolation.level=read_committed', '-X', 'check.crcs=true']
  const args = ['-b', broker.bootstrap, '-C', '-t', 'latest', ...format, ...options]
  const { code, stdout } = await run('kcat', args)
  expect(code).toBe(0)
  const found = new Map<string, number>()
  for (const line of stdout.split('\n')) {
    const [partition, key, offset] = line.split(' ')
    if (key) found.set(`${partition} ${key}`, Number(offset))
  }
  return found
}

it.skipIf(!installed('kcat'))(
  'takes nothing, and leaves nothing wrong, in the midst of cleaning',
  { timeout: 120_000 },
  async () => {
    for (let life = 0; life < KILLS; life++) {
      const { ended } = await load(life)
      await broker.kill()
      isOver = true
      await verified()
      await broker.start()
      await ended
      const found = await lastOffsets()
      for (const [key, offset] of acknowledged) {
        expect(found.get(key) ?? -1, key).toBeGreaterThanOrEqual(offset)
      }
    }
    expect(acknowledged.size).toBeGreaterThan(30)
    await broker.stop()
    await verified()
    expect(broker.output).toContain('A log was compacted.')
    expect(broker.output).toContain('Retention has deleted segments.')
    expect(broker.output).not.toMatch(/ ERROR /)
  },
)
