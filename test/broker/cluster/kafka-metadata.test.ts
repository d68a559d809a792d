import { describe, expect, test } from 'vitest'
import { importRecords, refuseParts } from '../../../src/broker/cluster/kafka-import.ts'
import { KafkaMetadata, UnreadableMetadata } from '../../../src/broker/cluster/kafka-metadata.ts'
import { keptInWords } from '../../../src/broker/cluster/kafka-records.ts'
import { topicNamed } from '../../../src/broker/cluster/cluster-state.ts'
import { clusterMachine } from '../../../src/broker/cluster/cluster-machine.ts'
import {
  AbortTransactionRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  NoOpRecord,
} from '../../../src/protocol/messages/embedded/cluster-metadata-log.ts'
import { PartitionChangeRecord } from '../../../src/protocol/messages/embedded/cluster-metadata-partitions.ts'
import {
  AccessControlEntryRecord,
  ClientQuotaRecord,
  RemoveAccessControlEntryRecord,
} from '../../../src/protocol/messages/embedded/cluster-metadata-security.ts'
import {
  ConfigRecord,
  FeatureLevelRecord,
  PartitionRecord,
  RemoveTopicRecord,
  TopicRecord,
} from '../../../src/protocol/messages/embedded/cluster-metadata.ts'
import { encodeMetadataRecord } from '../../../src/protocol/messages/embedded/prefixes.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import type { Message, MessageInput } from '../../../src/protocol/schema.ts'
import { StorageError } from '../../../src/storage/engine.ts'

const TOPIC = 'AAAAAAAAQACAAAAAAAAAEQ'
const HERE = 'AAAAAAAAQACAAAAAAAAAAQ'
const OTHER = 'AAAAAAAAQACAAAAAAAAAAg'

function value<M extends Message>(message: M, body: MessageInput<M>): Buffer {
  return encodeMetadataRecord(message, message.versions.max, body)
}

function log(values: readonly Buffer[]) {
  const records = values.map((one) => ({ key: null, value: one, timestamp: 1 }))
  return { directoryId: HERE, endOffset: values.length, batches: [buildBatch(records)] }
}

const read = (...values: Buffer[]): KafkaMetadata => KafkaMetadata.read(log(values))

const topic = (name = 'orders', topicId = TOPIC): Buffer => value(TopicRecord, { name, topicId })

function partition(partitionId: number, where: Partial<MessageInput<typeof PartitionRecord>> = {}) {
  return value(PartitionRecord, {
    ...{ partitionId, topicId: TOPIC, replicas: [1], isr: [1] },
    ...{ removingReplicas: [], addingReplicas: [], leader: 1, leaderEpoch: 4, partitionEpoch: 9 },
    directories: Array.from({ length: where.replicas?.length ?? 1 }, () => HERE),
    ...where,
  })
}

const change = (body: Partial<MessageInput<typeof PartitionChangeRecord>>): Buffer =>
  value(PartitionChangeRecord, { partitionId: 0, topicId: TOPIC, ...body })

const whereIs = (metadata: KafkaMetadata) => metadata.partitions.get(TOPIC)!.get(0)!

describe('what Kafka’s metadata log says', () => {
  test('changes of a partition leave what they do not name', () => {
    const metadata = read(
      topic(),
      partition(0, { replicas: [1, 2], isr: [1, 2] }),
      change({ leader: 2 }),
      change({ isr: [2] }),
      change({ leader: -1, eligibleLeaderReplicas: [1] }),
    )
    expect(whereIs(metadata)).toMatchObject({
      replicas: [1, 2],
      isr: [2],
      eligibleLeaderReplicas: [1],
      leaderEpoch: 6,
    })
  })

  test('a topic that was deleted is gone with its configs', () => {
    const config = { resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: '1' }
    const metadata = read(
      topic(),
      partition(0),
      value(ConfigRecord, config),
      value(RemoveTopicRecord, { topicId: TOPIC }),
    )
    expect(topicNamed(metadata.state, 'orders')).toBeUndefined()
    expect(metadata.state.configs.size).toBe(0)
    expect(metadata.partitions.size).toBe(0)
  })

  test('a transaction counts when it ends', () => {
    const begin = value(BeginTransactionRecord, {})
    const other = 'AAAAAAAAQACAAAAAAAAAIg'
    const metadata = read(
      begin,
      topic('ended'),
      value(EndTransactionRecord, {}),
      begin,
      topic('aborted', other),
      value(AbortTransactionRecord, {}),
      begin,
      topic('open', 'AAAAAAAAQACAAAAAAAAAMw'),
    )
    expect([...metadata.state.topicIds.keys()]).toEqual(['ended'])
  })

  test('what is not served is kept, until it ends', () => {
    const acl = (id: string) =>
      value(AccessControlEntryRecord, {
        ...{ id, resourceType: 2, resourceName: 'orders', patternType: 3, principal: 'User:a' },
        ...{ host: '*', operation: 3, permissionType: 3 },
      })
    const entity = [
      { entityType: 'user', entityName: 'a' },
      { entityType: 'client-id', entityName: null },
    ]
    const quota = (remove: boolean, order: typeof entity) =>
      value(ClientQuotaRecord, { entity: order, key: 'producer_byte_rate', value: 1, remove })
    const metadata = read(
      value(FeatureLevelRecord, { name: 'group.version', featureLevel: 1 }),
      acl(HERE),
      acl(OTHER),
      value(RemoveAccessControlEntryRecord, { id: HERE }),
      quota(false, entity),
      value(NoOpRecord, {}),
    )
    expect(keptInWords(metadata.state, true)).toEqual(['ACLs (1)'])
    expect(keptInWords(metadata.state, false)).toEqual(['ACLs (1)', 'client quotas (1)'])
    expect([...metadata.state.kept.values()]).toContainEqual(acl(OTHER))
    const ended = read(quota(false, entity), quota(true, [...entity].reverse()))
    expect(ended.state.kept.size).toBe(0)
  })

  test.each([
    ['a record of a type that is not known', Buffer.from([1, 126, 0, 1])],
    ['a record of a version that is not known', Buffer.from([1, 2, 9, 1])],
    ['a form that is not known', Buffer.from([2, 2, 0])],
    ['a record that is cut off', topic().subarray(0, 10)],
  ])('cannot be read with %s', (_what, bytes) => {
    expect(() => read(bytes)).toThrow(UnreadableMetadata)
  })
})

describe('a folder with a part of a cluster', () => {
  const place = { nodeId: 1, directoryId: HERE, hasLog: () => false }

  test.each([
    ['on other nodes', { replicas: [2], isr: [2] }, /1 partitions \(orders-0\) are on other nodes/],
    ['out of sync', { replicas: [1, 2], isr: [2] }, /orders-0\) are not complete on node 1/],
    ['in another folder', { directories: [OTHER] }, /orders-0\) are in another of Kafka/],
  ])('is refused: %s', (_where, where, text) => {
    const metadata = read(topic(), partition(0, where), partition(1))
    expect(() => refuseParts(metadata, place)).toThrow(StorageError)
    expect(() => refuseParts(metadata, place)).toThrow(text)
  })

  test.each([
    ['complete here after all others stopped', { replicas: [2, 1], isr: [1] }],
    ['the last that was in sync', { isr: [], eligibleLeaderReplicas: [1], leader: -1 }],
    ['in a folder that Kafka had not noted yet', { directories: ['AAAAAAAAAAAAAAAAAAAAAA'] }],
  ])('is whole: %s', (_what, where) => {
    expect(() => refuseParts(read(topic(), partition(0, where)), place)).not.toThrow()
  })

  test('is whole where the log is there, whatever Kafka had noted', () => {
    const metadata = read(topic(), partition(0, { directories: [OTHER] }))
    expect(() => refuseParts(metadata, { ...place, hasLog: () => true })).not.toThrow()
  })
})

test('what is taken over names this node alone, in a new epoch of each partition', () => {
  const source = log([topic(), partition(0, { replicas: [2, 1, 3], isr: [1] }), partition(1)])
  const records = importRecords(KafkaMetadata.read(source), source, 1)
  const state = clusterMachine.empty()
  for (const record of records) clusterMachine.apply(state, record)
  expect([...topicNamed(state, 'orders')!.partitions]).toEqual([
    [0, { replicas: [1], leaderEpoch: 5 }],
    [1, { replicas: [1], leaderEpoch: 5 }],
  ])
  expect(state.imported).toEqual({ endOffset: 3, isWhole: true })
  const partly = clusterMachine.empty()
  for (const record of records.slice(0, -1)) clusterMachine.apply(partly, record)
  expect(partly.imported).toEqual({ endOffset: 3, isWhole: false })
})
