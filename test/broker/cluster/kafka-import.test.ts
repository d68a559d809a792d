import { beforeEach, describe, expect, test } from 'vitest'
import { StorageError } from '../../../src/storage/engine.ts'
import {
  PartitionRecord,
  TopicRecord,
} from '../../../src/protocol/messages/embedded/cluster-metadata.ts'
import { encodeMetadataRecord } from '../../../src/protocol/messages/embedded/prefixes.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { verifyFolder } from '../../../src/storage/verify/folder-check.ts'
import { seededRandom } from '../../../src/random.ts'
import { filesOf } from '../../fixtures/kafka-folder/unpack.ts'
import type { BrokerFixture } from '../fixture.ts'
import { KafkaFolder, valuesOf } from './kafka-folder.ts'

const numbered = (count: number, text: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => text(i))

/** What anybody can see of the cluster. */
function facts({ cluster, engine }: BrokerFixture) {
  return {
    topics: [...cluster.topics()]
      .map(({ name, topicId, partitions, overrides }) => ({
        ...{ name, topicId, overrides },
        logs: partitions.map(({ log }) => {
          const { logStartOffset, highWatermark } = engine.offsets(log)!
          return { logStartOffset, highWatermark }
        }),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ofBroker: cluster.configsOf(4, '1'),
    ofCluster: cluster.configsOf(4, ''),
    ofGroup: cluster.configsOf(32, 'consumer-group'),
    ofMetrics: cluster.configsOf(16, 'slow'),
  }
}

describe.each(['clean', 'killed'] as const)('a folder of Kafka 4.4, %s', (pack) => {
  let folder: KafkaFolder
  beforeEach(async () => {
    folder = await KafkaFolder.unpack(pack)
  })

  test('has its topics with ids, partitions and configs', async () => {
    const broker = await folder.start()
    const { cluster } = broker
    const names = [...cluster.topics()].map(({ name }) => name).sort()
    expect(names).toEqual([
      ...['__consumer_offsets', '__transaction_state', 'again', 'codecs', 'compacted'],
      ...['cut', 'late', 'orders', 'rolled', 'transfers'],
    ])
    for (const [topic, count] of [
      ['orders', 3],
      ['again', 2],
      ['late', 2],
      ['__consumer_offsets', 50],
    ] as const) {
      const { topicId, partitions } = cluster.topic(topic)!
      expect(partitions.length).toBe(count)
      const metadata = filesOf(pack).get(`${topic}-0/partition.metadata`)!
      expect(metadata.toString()).toContain(`topic_id: ${topicId}`)
    }
    expect(cluster.topic('orders')!.overrides.get('max.message.bytes')).toBe('777777')
    expect(cluster.topic('late')!.overrides.get('max.message.bytes')).toBe('54321')
    expect(cluster.topic('compacted')!.overrides).toEqual(
      new Map([
        ['cleanup.policy', 'compact'],
        ['retention.ms', '-1'],
      ]),
    )
    expect(cluster.logConfig(cluster.topic('compacted')!).cleanupPolicy).toEqual({
      delete: false,
      compact: true,
    })
  })

  test('has the configs of brokers, groups and subscriptions', async () => {
    const broker = await folder.start()
    const { ofBroker, ofCluster, ofGroup, ofMetrics } = facts(broker)
    expect(ofBroker).toEqual(new Map([['log.cleaner.threads', '2']]))
    expect(ofCluster.get('message.max.bytes')).toBe('1234567')
    expect(broker.broker.config.get('message.max.bytes')).toBe(1_234_567)
    expect(ofGroup).toEqual(new Map([['consumer.session.timeout.ms', '50000']]))
    expect(ofMetrics).toEqual(new Map([['interval.ms', '60000']]))
  })

  test('serves every record', async () => {
    const broker = await folder.start()
    const orders = await Promise.all([0, 1, 2].map((index) => valuesOf(broker, 'orders', index)))
    const sent = [
      ...numbered(90, (i) => `orders none ${i}`),
      ...numbered(30, (i) => `orders none ${i}`),
    ]
    expect(orders.flat().sort()).toEqual(sent.sort())
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    expect(await valuesOf(broker, 'codecs')).toEqual(
      codecs.flatMap((codec) => numbered(10, (i) => `codecs ${codec} ${i}`)),
    )
    expect(await valuesOf(broker, 'cut')).toEqual(numbered(30, (i) => `cut none ${i}`).slice(12))
    expect(await valuesOf(broker, 'rolled')).toEqual(numbered(50, () => 'x'.repeat(50_000)))
    expect(await valuesOf(broker, 'compacted')).toHaveLength(20)
    const committed = [...numbered(5, (i) => `first ${i}`), ...numbered(5, (i) => `second ${i}`)]
    expect(await valuesOf(broker, 'transfers')).toEqual(committed)
  })

  test('goes on: epochs rise, producers are known, no producer id comes twice', async () => {
    const broker = await folder.start()
    const { cluster, engine } = broker
    const { log } = cluster.topic('orders')!.partitions[0]!
    // Kafka had elected a leader for it twice, and took one away at a clean stop.
    expect(engine.offsets(log)!.leaderEpoch).toBeGreaterThan(pack === 'clean' ? 5 : 2)
    const producers = engine.producers(log)
    expect(producers.length).toBeGreaterThan(0)
    const known = Math.max(...producers.map(({ producerId }) => producerId))
    expect(await cluster.nextProducerId()).toBeGreaterThan(known)
    const { producerId, producerEpoch, lastSequence } = producers[0]!
    const next = (sequence: number) =>
      buildBatch([{ key: null, value: Buffer.from('on'), timestamp: 1 }], {
        ...{ producerId, producerEpoch, baseSequence: sequence },
      })
    const [gap] = await engine.append([{ log, batch: next(lastSequence + 2) }])
    expect(gap).toMatchObject({ kind: 'rejected', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    const [fit] = await engine.append([{ log, batch: next(lastSequence + 1) }])
    expect(fit).toMatchObject({ kind: 'appended', baseOffset: 40 })
  })

  test('has the offsets of its groups, of every kind', async () => {
    const broker = await folder.start()
    const total = async (group: string): Promise<number> => {
      const topics = await broker.broker.groups.fetchOffsets(group, null)
      expect(topics.map(({ name }) => name)).toEqual(['orders'])
      return topics[0]!.partitions.reduce((sum, { committedOffset }) => sum + committedOffset, 0)
    }
    expect(await total('classic-group')).toBe(40)
    expect(await total('consumer-group')).toBe(25)
    const classic = await broker.broker.groups.describe('classic-group')
    expect(classic).toMatchObject({ protocolType: 'consumer' })
    expect(folder.lines.join('\n')).toMatch(/Groups of a kind that is not served here are kept/)
  })

  test('is taken over once, and Kafka’s own log stays as it is', async () => {
    const before = await folder.start()
    const first = facts(before)
    await folder.stop(before)
    const after = await folder.start()
    expect(facts(after)).toEqual(first)
    const took = folder.lines.filter((line) => line.startsWith('Took over'))
    expect(took).toHaveLength(1)
    expect(folder.lines.filter((line) => line.startsWith('Kafka has decided'))).toEqual([])
    await folder.stop(after)
    for (const [path, bytes] of filesOf(pack)) {
      if (!path.startsWith('__cluster_metadata-0/')) continue
      expect(folder.disk.readFile(`/data/${path}`)!.equals(bytes), path).toBe(true)
    }
  })

  test('is sound when the broker has had it', async () => {
    const { disk, clock } = folder
    await folder.stop(await folder.start())
    const wrong: string[] = []
    const { logs, errors } = await verifyFolder(disk, '/data', {
      now: clock.now(),
      onViolation: ({ file, text, severity }) => {
        if (severity === 'error') wrong.push(`${file}: ${text}`)
      },
    })
    expect(wrong).toEqual([])
    expect(errors).toBe(0)
    expect(logs).toBeGreaterThan(60)
  })

  test('what is changed after it counts', async () => {
    const before = await folder.start()
    const { topicId } = before.cluster.topic('late')!
    await before.cluster.deleteTopics([topicId])
    await before.cluster.createPartitions([{ name: 'again', count: 4, assignments: null }])
    await folder.stop(before)
    const { cluster } = await folder.start()
    expect(cluster.topic('late')).toBeUndefined()
    expect(cluster.topic('again')!.partitions).toHaveLength(4)
  })

  test('is not served to everybody when it was not open to everybody', async () => {
    const refused = folder.start({ 'odradek.ignore.kept.security': false })
    await expect(refused).rejects.toThrow(
      /ACLs \(1\), SCRAM credentials \(1\).*nothing is listened to/s,
    )
    await expect(refused).rejects.toThrow(StorageError)
    const broker = await folder.start()
    expect(broker.cluster.topic('orders')).toBeDefined()
  })
})

describe('topics that do not say themselves what is removed of them', () => {
  const topicId = 'AAAAAAAAQACAAAAAAAAAEQ'
  const values = [
    encodeMetadataRecord(TopicRecord, 0, { name: 'plain', topicId }),
    encodeMetadataRecord(PartitionRecord, 0, {
      ...{ partitionId: 0, topicId, replicas: [1], isr: [1], leader: 1, leaderEpoch: 0 },
      ...{ removingReplicas: [], addingReplicas: [], partitionEpoch: 0 },
    }),
  ]
  const { bytes } = buildBatch(values.map((value) => ({ key: null, value, timestamp: 1 })))
  const files = new Map([
    ['meta.properties', filesOf('clean').get('meta.properties')!],
    ['__cluster_metadata-0/00000000000000000000.log', bytes],
  ])

  test.each([
    ['are spoken of', {}, 1],
    ['are not where the configuration says it', { 'log.retention.ms': '-1' }, 0],
  ])('%s', async (_what, config, count) => {
    const folder = await KafkaFolder.of(files)
    const { cluster } = await folder.start(config)
    expect(cluster.topic('plain')!.topicId).toBe(topicId)
    const lines = folder.lines.filter((line) => /go by this broker’s defaults/.test(line))
    expect(lines).toHaveLength(count)
  })
})

describe('a crash at any disk call of the first start', () => {
  test.each([
    ['a kill', false],
    ['a power cut', true],
  ])(
    'by %s leaves a folder that is taken over whole',
    async (_how, isPowerCut) => {
      const expected = facts(await (await KafkaFolder.unpack('killed')).start())
      let crashes = 0
      for (let at = 1; ; at += 17) {
        const folder = await KafkaFolder.unpack('killed')
        const dying = folder.disk
        let calls = 0
        let survivor: typeof dying | undefined
        dying.fault = () => {
          calls++
          if (calls < at) return undefined
          survivor ??= isPowerCut ? dying.powerCut(seededRandom(at)) : dying.kill()
          return 'EIO'
        }
        await folder.start().catch(() => undefined)
        if (!survivor) break
        crashes++
        folder.disk = survivor
        expect(facts(await folder.start()), `crash at call ${at}`).toEqual(expected)
      }
      expect(crashes).toBeGreaterThan(15)
    },
    60_000,
  )
})
