import { beforeEach, describe, expect, test } from 'vitest'
import { createPartitions } from '../../../src/broker/apis/37-create-partitions.ts'
import { createTopics } from '../../../src/broker/apis/19-create-topics.ts'
import { deleteRecords } from '../../../src/broker/apis/21-delete-records.ts'
import { deleteTopics } from '../../../src/broker/apis/20-delete-topics.ts'
import { findCoordinator } from '../../../src/broker/apis/10-find-coordinator.ts'
import { incrementalAlterConfigs } from '../../../src/broker/apis/44-incremental-alter-configs.ts'
import { initProducerId } from '../../../src/broker/apis/22-init-producer-id.ts'
import { metadata } from '../../../src/broker/apis/03-metadata.ts'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { filesOf } from '../../fixtures/kafka-folder/unpack.ts'
import type { BrokerFixture } from '../fixture.ts'
import { KafkaFolder, valuesOf } from './kafka-folder.ts'

const LOG = '__cluster_metadata-0/00000000000000000000.log'

/** The packed folder, with what Kafka says of its cluster taken away or changed. */
function changed(change: (files: Map<string, Buffer>) => void): Map<string, Buffer> {
  const files = filesOf('clean')
  change(files)
  return files
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 0xff
  return copy
}

/** A log whose first batch of records says that its first record is of a type that no Kafka of today has. */
function ofNewerKafka(): Buffer {
  const body = Buffer.from([1, 126, 0, 1, 2, 3])
  const { bytes } = buildBatch([{ key: null, value: body, timestamp: 1 }])
  return bytes
}

const withoutSnapshots = (files: Map<string, Buffer>): void => {
  for (const path of files.keys()) if (path.endsWith('.checkpoint')) files.delete(path)
}

const unreadable: [string, Map<string, Buffer>][] = [
  [
    'missing',
    changed((files) => {
      for (const path of files.keys()) if (path.startsWith('__cluster_meta')) files.delete(path)
    }),
  ],
  [
    'damaged in the middle of its log',
    changed((files) => files.set(LOG, flipped(files.get(LOG)!, 5000))),
  ],
  [
    'without its snapshots and the beginning of its log',
    changed((files) => {
      withoutSnapshots(files)
      const log = files.get(LOG)!
      files.set(LOG, log.subarray(12 + log.readInt32BE(8)))
    }),
  ],
  [
    'of a newer Kafka',
    changed((files) => {
      withoutSnapshots(files)
      files.set(LOG, ofNewerKafka())
    }),
  ],
]

describe.each(unreadable)('Kafka’s metadata is %s', (_what, files) => {
  let folder: KafkaFolder
  let broker: BrokerFixture
  beforeEach(async () => {
    folder = await KafkaFolder.of(files)
    broker = await folder.start({ 'log.retention.ms': '1000', 'log.cleanup.policy': 'delete' })
  })

  test('topics are shown by the names and ids that their folders have, and read', async () => {
    const { topics } = await broker.ask(metadata, { topics: null }, { version: 12 })
    const orders = topics.find(({ name }) => name === 'orders')!
    expect(orders.partitions).toHaveLength(3)
    const known = files.get('orders-0/partition.metadata')!.toString()
    expect(known).toContain(orders.topicId)
    expect(await valuesOf(broker, 'compacted')).toHaveLength(20)
    expect(await valuesOf(broker, 'orders', 2)).toHaveLength(40)
    expect(folder.lines.filter((line) => /served read-only/.test(line))).toHaveLength(1)
  })

  test('nothing is removed, whatever the defaults say', async () => {
    const year = 365 * 24 * 3600 * 1000
    for (const { partitions, name } of broker.cluster.topics()) {
      const { log } = partitions[0]!
      const before = broker.engine.offsets(log)!.logStartOffset
      await broker.engine.applyRetention(log, folder.clock.now() + year)
      expect(broker.engine.offsets(log)!.logStartOffset, name).toBe(before)
      expect(broker.cluster.logConfig(broker.cluster.topic(name)!)).toMatchObject({
        cleanupPolicy: { delete: false, compact: false },
      })
    }
    await folder.stop(broker)
    for (const [path, bytes] of files) {
      // What Kafka had deleted goes.
      if (!path.endsWith('.log') || path.includes('-delete/')) continue
      expect(folder.disk.readFile(`/data/${path}`)!.equals(bytes), path).toBe(true)
    }
  })

  test('whoever would write or change anything hears why not', async () => {
    const refusal = { errorCode: 'POLICY_VIOLATION' }
    const { bytes } = buildBatch([{ key: null, value: Buffer.from('v'), timestamp: 1 }])
    const produced = await broker.ask(
      produce,
      {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'orders', partitionData: [{ index: 0, records: [bytes] }] }],
      },
      { version: 9 },
    )
    expect(produced.responses[0]!.partitionResponses[0]).toMatchObject({
      ...refusal,
      errorMessage: expect.stringMatching(/read-only/),
    })
    const topic = { name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [] }
    const created = await broker.ask(
      createTopics,
      { topics: [{ ...topic, configs: [] }], timeoutMs: 1000 },
      { version: 5 },
    )
    expect(created.topics[0]).toMatchObject(refusal)
    const deleted = await broker.ask(
      deleteTopics,
      { topicNames: ['orders'], timeoutMs: 1000 },
      { version: 5 },
    )
    expect(deleted.responses[0]).toMatchObject(refusal)
    const grown = await broker.ask(
      createPartitions,
      {
        topics: [{ name: 'orders', count: 5, assignments: null }],
        timeoutMs: 1,
        validateOnly: false,
      },
      { version: 3 },
    )
    expect(grown.results[0]).toMatchObject(refusal)
    const altered = await broker.ask(
      incrementalAlterConfigs,
      {
        resources: [
          {
            resourceType: 2,
            resourceName: 'orders',
            configs: [{ name: 'retention.ms', configOperation: 0, value: '1' }],
          },
        ],
        validateOnly: false,
      },
      { version: 1 },
    )
    expect(altered.responses[0]).toMatchObject(refusal)
    const cut = await broker.ask(
      deleteRecords,
      {
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 3n }] }],
        timeoutMs: 1,
      },
      { version: 2 },
    )
    expect(cut.topics[0]!.partitions[0]).toMatchObject(refusal)
    const producer = { transactionalId: null, transactionTimeoutMs: 1000 }
    expect(await broker.ask(initProducerId, producer, { version: 2 })).toMatchObject(refusal)
    const group = { key: 'g', keyType: 0 }
    expect(await broker.ask(findCoordinator, group, { version: 3 })).toMatchObject(refusal)
  })

  test('with the metadata put back all is served', async () => {
    await folder.stop(broker)
    for (const path of folder.disk.list('/data/__cluster_metadata-0') ?? []) {
      folder.disk.remove(`/data/__cluster_metadata-0/${path.name}`)
    }
    if (!folder.disk.list('/data/__cluster_metadata-0')) {
      folder.disk.makeDirectory('/data/__cluster_metadata-0')
    }
    for (const [path, bytes] of filesOf('clean')) {
      if (path.startsWith('__cluster_metadata-0/')) folder.disk.writeFile(`/data/${path}`, bytes)
    }
    const healed = await folder.start()
    expect(healed.cluster.readOnly).toBeUndefined()
    expect(healed.cluster.topic('compacted')!.overrides.get('cleanup.policy')).toBe('compact')
    expect(await valuesOf(healed, 'orders', 1)).toHaveLength(40)
  })
})

test('a folder with a torn end of its metadata log is taken over', async () => {
  const files = filesOf('killed')
  const log = files.get(LOG)!
  files.set(LOG, Buffer.concat([log, log.subarray(0, 40)]))
  const folder = await KafkaFolder.of(files)
  const { cluster } = await folder.start()
  expect(cluster.readOnly).toBeUndefined()
  expect(cluster.topic('late')!.partitions).toHaveLength(2)
  expect(folder.lines.join('\n')).toMatch(/The end of Kafka’s metadata log is torn/)
})

test('a damaged snapshot is made up for by an older one and the log', async () => {
  const files = filesOf('clean')
  const newest = [...files.keys()]
    .filter((path) => path.endsWith('.checkpoint'))
    .sort()
    .at(-1)!
  files.set(newest, flipped(files.get(newest)!, 300))
  const folder = await KafkaFolder.of(files)
  const { cluster } = await folder.start()
  expect(cluster.readOnly).toBeUndefined()
  expect(cluster.topic('compacted')!.overrides.get('cleanup.policy')).toBe('compact')
  expect(folder.lines.join('\n')).toMatch(/A snapshot of Kafka’s metadata is damaged/)
})
