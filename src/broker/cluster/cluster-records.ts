/**
 * Records of the cluster's log. A key is ours: a JSON array of the kind of thing and its names, so that compaction keeps
 * the last word on each. A value is one of Kafka's metadata records, framed as in its own metadata log.
 *
 * A topic's id is the key of its TopicRecord and then of its RemoveTopicRecord. Tombstones of its other keys go with the
 * latter; the tombstone of the id itself follows when the logs are gone.
 *
 * What was taken over from Kafka's own metadata log stands between a begin and an end with the same key, of which compaction
 * leaves the last; what is not served here is kept under the type of its record and what that is about.
 */

import {
  BeginTransactionRecord,
  EndTransactionRecord,
} from '../../protocol/messages/embedded/cluster-metadata-log.ts'
import {
  ConfigRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RemoveTopicRecord,
  TopicRecord,
} from '../../protocol/messages/embedded/cluster-metadata.ts'
import {
  encodeMetadataRecord,
  openMetadataRecord,
} from '../../protocol/messages/embedded/prefixes.ts'
import type { Message, MessageInput } from '../../protocol/schema.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { TOPIC_RESOURCE } from '../config/config-resources.ts'

type Key =
  | ['topic', topicId: string]
  | ['partition', topicId: string, index: number]
  | ['config', resourceType: number, resourceName: string, name: string]
  | ['producer-ids']
  | ['import', endOffset: number]
  | ['kafka', recordType: number, ...about: KeptPart[]]

export type KeptPart = string | number | null

const IMPORT = '["import",'
const KEPT = '["kafka",'

function keyBytes(key: Key): Buffer {
  return Buffer.from(JSON.stringify(key))
}

/** The topic whose logs are gone, where that is what a tombstone says. */
export function endedTopicId(key: Buffer): string | undefined {
  const text = key.toString()
  if (!text.startsWith('["topic",')) return undefined
  const [, topicId] = JSON.parse(text) as Extract<Key, ['topic', string]>
  return topicId
}

function record<M extends Message>(key: Key, message: M, value: MessageInput<M>): StateRecord {
  return { key: keyBytes(key), value: encodeMetadataRecord(message, 0, value) }
}

function tombstone(key: Key): StateRecord {
  return { key: keyBytes(key), value: null }
}

export function topicRecord(topicId: string, name: string): StateRecord {
  return record(['topic', topicId], TopicRecord, { name, topicId })
}

export function partitionRecord(
  topicId: string,
  index: number,
  replicas: readonly number[],
  leaderEpoch = 0,
): StateRecord {
  return record(['partition', topicId, index], PartitionRecord, {
    partitionId: index,
    topicId,
    replicas,
    isr: replicas,
    removingReplicas: [],
    addingReplicas: [],
    leader: replicas[0] ?? -1,
    leaderEpoch,
    partitionEpoch: 0,
  })
}

export function configRecord(
  resourceType: number,
  resourceName: string,
  name: string,
  value: string | null,
): StateRecord {
  return record(['config', resourceType, resourceName, name], ConfigRecord, {
    resourceType,
    resourceName,
    name,
    value,
  })
}

/** Ends a config: the record is Kafka's, the tombstone lets compaction forget both it and the value. */
export function configRemoval(
  resourceType: number,
  resourceName: string,
  name: string,
): StateRecord[] {
  return [
    configRecord(resourceType, resourceName, name, null),
    tombstone(['config', resourceType, resourceName, name]),
  ]
}

export function producerIdsRecord(brokerId: number, nextProducerId: number): StateRecord {
  return record(['producer-ids'], ProducerIdsRecord, { brokerId, nextProducerId })
}

export function removeTopicRecord(topicId: string): StateRecord {
  return record(['topic', topicId], RemoveTopicRecord, { topicId })
}

/** Stands before or behind what is taken over from Kafka's metadata log, which ended at this offset. */
export function importRecord(endOffset: number, isWhole: boolean): StateRecord {
  const key: Key = ['import', endOffset]
  return isWhole ? record(key, EndTransactionRecord, {}) : record(key, BeginTransactionRecord, {})
}

/** How far Kafka's metadata log was taken over, where that is what a record says. */
export function importedBy(
  key: Buffer,
  value: Buffer,
): { endOffset: number; isWhole: boolean } | undefined {
  const text = key.toString()
  if (!text.startsWith(IMPORT)) return undefined
  const [, endOffset] = JSON.parse(text) as Extract<Key, ['import', number]>
  return { endOffset, isWhole: openMetadataRecord(value)?.type === EndTransactionRecord.apiKey }
}

/** One of Kafka's records as it is, or with null the end of one. */
export function keptRecord(
  recordType: number,
  about: readonly KeptPart[],
  value: Buffer | null,
): StateRecord {
  return { key: keyBytes(['kafka', recordType, ...about]), value }
}

/** The key's text, where its record is one that is kept for later. */
export function keptKey(key: Buffer): string | undefined {
  const text = key.toString()
  return text.startsWith(KEPT) ? text : undefined
}

/** The type of a kept record, by the text of its key. */
export function keptType(key: string): number {
  return (JSON.parse(key) as Extract<Key, ['kafka', number, ...KeptPart[]]>)[1]
}

/** What deletes a topic: its logs are still there. */
export function topicRemoval(
  topic: { name: string; topicId: string },
  partitionIndexes: Iterable<number>,
  configNames: Iterable<string>,
): StateRecord[] {
  const { name, topicId } = topic
  const records = [removeTopicRecord(topicId)]
  for (const index of partitionIndexes) records.push(tombstone(['partition', topicId, index]))
  for (const config of configNames) {
    records.push(tombstone(['config', TOPIC_RESOURCE, name, config]))
  }
  return records
}

/** Says that a deleted topic's logs are gone too. */
export function topicEnd(topicId: string): StateRecord {
  return tombstone(['topic', topicId])
}
