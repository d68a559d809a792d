/** Every key that may be altered while the broker runs, and is honoured, has its effect observed here: at once, and undone. */

import { beforeEach, describe, expect, test } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { fetch } from '../../../src/broker/apis/01-fetch.ts'
import { type BrokerKey, brokerKeys } from '../../../src/broker/config/broker-keys.ts'
import { honouredKeys } from '../../../src/broker/config/honoured-keys.ts'
import { brokerKeysBehind, type TopicKey } from '../../../src/broker/config/topic-config.ts'
import { topicKeys } from '../../../src/broker/config/topic-keys.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import type { Compression } from '../../../src/protocol/records/compression.ts'
import type { LogConfig } from '../../../src/storage/engine.ts'
import { alter, type Change } from '../apis/altering.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'

/** What logs are to obey: the store's own tests show that they do. */
const OF_LOGS: readonly [key: BrokerKey, value: string, expected: Partial<LogConfig>][] = [
  ['log.segment.bytes', '2000000', { segmentBytes: 2_000_000 }],
  ['log.roll.ms', '5000', { segmentMs: 5000 }],
  ['log.roll.jitter.ms', '50', { segmentJitterMs: 50 }],
  ['log.index.size.max.bytes', '4096', { segmentIndexBytes: 4096 }],
  ['log.index.interval.bytes', '100', { indexIntervalBytes: 100 }],
  ['log.flush.interval.messages', '1', { flushMessages: 1 }],
  ['log.flush.interval.ms', '300', { flushMs: 300 }],
  ['log.retention.bytes', '5000', { retentionBytes: 5000 }],
  ['log.retention.ms', '6000', { retentionMs: 6000 }],
  ['log.cleanup.policy', 'compact', { cleanupPolicy: { delete: false, compact: true } }],
  ['log.segment.delete.delay.ms', '7', { fileDeleteDelayMs: 7 }],
  ['log.cleaner.delete.retention.ms', '8', { deleteRetentionMs: 8 }],
  ['log.cleaner.min.cleanable.ratio', '0.25', { minCleanableDirtyRatio: 0.25 }],
  ['log.cleaner.min.compaction.lag.ms', '9', { minCompactionLagMs: 9 }],
  ['log.cleaner.max.compaction.lag.ms', '10', { maxCompactionLagMs: 10 }],
  ['producer.id.expiration.ms', '11', { producerIdExpirationMs: 11 }],
]

interface Row {
  key: BrokerKey
  value: string
  /** What else has to be so for the key to matter. */
  given?: readonly Change[]
  /** Without the altered value it gives something else. */
  observe: () => Promise<unknown>
  expected: unknown
}

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker()
  const topic = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  await broker.cluster.createTopics([{ name: 't', ...topic }])
})

const words = Array.from({ length: 4000 }, (_, i) => `word ${(i * 7919) % 4001}`).join(' ')

function batch(value: string, timestamp = broker.clock.now(), compression: Compression = 'none') {
  const record = { key: null, value: Buffer.from(value), timestamp }
  return Buffer.from(buildBatch([record], { compression }).bytes)
}

async function send(records: Buffer) {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  const { responses } = await broker.ask(
    produce,
    { acks: -1, timeoutMs: 1000, topicData },
    { version: 9 },
  )
  return responses[0]!.partitionResponses[0]!
}

async function error(records: Buffer): Promise<string> {
  return (await send(records)).errorCode
}

/** The batch that was appended last, as it is read. */
async function stored(records: Buffer) {
  const { baseOffset } = await send(records)
  const partitions = [{ partition: 0, fetchOffset: baseOffset, partitionMaxBytes: 1e6 }]
  const topics = [{ topic: 't', partitions }]
  const { responses } = await broker.ask(
    fetch,
    { maxWaitMs: 0, minBytes: 0, maxBytes: 1e6, topics },
    { version: 12 },
  )
  const [found] = batchesIn(Buffer.from(responses[0]!.partitions[0]!.records!))
  return found!
}

const DAY_MS = 86_400_000

const OF_BROKER: readonly Row[] = [
  {
    key: 'message.max.bytes',
    value: '500',
    observe: () => error(batch('x'.repeat(1000))),
    expected: 'MESSAGE_TOO_LARGE',
  },
  {
    key: 'max.decompressed.message.bytes',
    value: '500',
    observe: () => error(batch('x'.repeat(10_000), broker.clock.now(), 'gzip')),
    expected: 'INVALID_RECORD',
  },
  {
    key: 'log.message.timestamp.type',
    value: 'LogAppendTime',
    observe: async () => (await send(batch('x', 5))).logAppendTimeMs !== -1n,
    expected: true,
  },
  {
    key: 'log.message.timestamp.before.max.ms',
    value: '1000',
    observe: () => error(batch('x', broker.clock.now() - DAY_MS)),
    expected: 'INVALID_TIMESTAMP',
  },
  {
    key: 'log.message.timestamp.after.max.ms',
    value: String(2 * DAY_MS),
    observe: () => error(batch('x', broker.clock.now() + DAY_MS)),
    expected: 'NONE',
  },
  {
    key: 'log.cleanup.policy',
    value: 'compact',
    observe: () => error(batch('without a key')),
    expected: 'INVALID_RECORD',
  },
  {
    key: 'compression.type',
    value: 'gzip',
    observe: async () => (await stored(batch('x'.repeat(1000)))).compression,
    expected: 'gzip',
  },
  {
    key: 'compression.gzip.level',
    value: '1',
    given: [['compression.type', 'gzip']],
    observe: async () => (await stored(batch(words))).sizeInBytes !== sizeAtDefault.gzip,
    expected: true,
  },
  {
    key: 'compression.zstd.level',
    value: '19',
    given: [['compression.type', 'zstd']],
    observe: async () => (await stored(batch(words))).sizeInBytes !== sizeAtDefault.zstd,
    expected: true,
  },
]

const sizeAtDefault = { gzip: 0, zstd: 0 }

/** What the log of the topic was told, of these names. */
async function told(names: readonly string[]): Promise<Partial<LogConfig>> {
  const logs = await broker.engine.list()
  const { config } = logs.find(({ topic }) => topic === 't')!
  return Object.fromEntries(Object.entries(config).filter(([name]) => names.includes(name)))
}

async function isFollowed(row: Row, name: string): Promise<void> {
  const { key, value, observe, expected } = row
  const before = await observe()
  expect(before).not.toEqual(expected)
  expect(await alter(broker, 'broker', name, [[key, value]])).toBe('NONE')
  expect(await observe()).toEqual(expected)
  expect(await alter(broker, 'broker', name, [[key, null, 'DELETE']])).toBe('NONE')
  expect(await observe()).toEqual(before)
}

describe.each([
  ['this broker', '1'],
  ['all brokers', ''],
])('a value of %s', (_, name) => {
  test.each(OF_LOGS)('of %s is obeyed by running logs', async (key, value, expected) => {
    const observe = () => told(Object.keys(expected))
    await isFollowed({ key, value, observe, expected }, name)
  })

  test.each(OF_BROKER)('of $key has its effect', async (row) => {
    for (const compression of ['gzip', 'zstd'] as const) {
      await alter(broker, 'broker', name, [['compression.type', compression]])
      sizeAtDefault[compression] = (await stored(batch(words))).sizeInBytes
    }
    const given = row.given ?? [['compression.type', null, 'DELETE']]
    expect(await alter(broker, 'broker', name, given)).toBe('NONE')
    await isFollowed(row, name)
  })
})

test("a topic's own value is stronger, whatever is altered of the broker", async () => {
  await alter(broker, 'topic', 't', [['segment.bytes', '3000000']])
  await alter(broker, 'broker', '', [['log.segment.bytes', '2000000']])
  expect(await told(['segmentBytes'])).toEqual({ segmentBytes: 3_000_000 })
  await alter(broker, 'topic', 't', [['segment.bytes', null, 'DELETE']])
  expect(await told(['segmentBytes'])).toEqual({ segmentBytes: 2_000_000 })
})

/** The topic's key that stands for a key of the broker. */
function topicKeyOf(key: BrokerKey): TopicKey | undefined {
  return (Object.keys(topicKeys) as TopicKey[]).find((name) => brokerKeysBehind(name)[0] === key)
}

test.each([
  ...OF_LOGS.map(([key, value, expected]) => {
    const row: Row = { key, value, observe: () => told(Object.keys(expected)), expected }
    return row
  }),
  ...OF_BROKER.filter(({ given }) => !given),
])("a topic's own value of what $key is for all has the same effect", async (row) => {
  const name = topicKeyOf(row.key)
  if (name === undefined) {
    expect(row.key).toBe('producer.id.expiration.ms')
    return
  }
  expect(await row.observe()).not.toEqual(row.expected)
  expect(await alter(broker, 'topic', 't', [[name, row.value]])).toBe('NONE')
  expect(await row.observe()).toEqual(row.expected)
})

/** Tested where they are: compaction-schedule.test.ts, connections.test.ts and index.test.ts. */
const ELSEWHERE: readonly BrokerKey[] = [
  'log.cleaner.backoff.ms',
  'log.cleaner.dedupe.buffer.size',
  'log.cleaner.io.buffer.load.factor',
  'log.cleaner.io.max.bytes.per.second',
  'max.connections',
  'max.connections.per.ip',
  'max.connections.per.ip.overrides',
]

/** Honoured at the start: altering them may only say what is so anyway. */
const UNALTERABLE: readonly BrokerKey[] = ['listeners', 'listener.security.protocol.map']

test('no honoured key that may be altered is left out', () => {
  const tested = new Set<BrokerKey>([
    ...OF_LOGS.map(([key]) => key),
    ...OF_BROKER.map((row) => row.key),
  ])
  const alterable = [...honouredKeys].filter((key) => brokerKeys[key].update !== 'read-only')
  const left = alterable.filter((key) => !tested.has(key) && !UNALTERABLE.includes(key))
  expect(left.toSorted()).toEqual(ELSEWHERE)
})
