/** Records of the cluster's state, as Kafka keeps them in `__cluster_metadata`. */

import { codecOf } from '../../compile.ts'
import {
  array,
  int8,
  int16,
  int32,
  int64,
  type Message,
  type MessageOf,
  message,
  string,
  uuid,
} from '../../schema.ts'
import { hasVersion } from '../../versions.ts'
import { openMetadataRecord } from './prefixes.ts'

/** A topic is there. */
export const TopicRecord = message({
  name: 'TopicRecord',
  apiKey: 2,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    topicId: uuid(),
  },
})

/** A partition is there: its replicas and leader. v1 directories (KIP-858) - v2 eligible leader replicas (KIP-966) */
export const PartitionRecord = message({
  name: 'PartitionRecord',
  apiKey: 3,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32('0+', { default: -1 }),
    topicId: uuid(),
    replicas: array('0+', int32()),
    isr: array('0+', int32()),
    removingReplicas: array('0+', int32()),
    addingReplicas: array('0+', int32()),
    leader: int32('0+', { default: -1 }),
    leaderRecoveryState: int8('0+', { default: 0, tag: 0, tagged: '0+' }),
    leaderEpoch: int32('0+', { default: -1 }),
    partitionEpoch: int32('0+', { default: -1 }),
    directories: array('1+', uuid(), { default: [] }),
    eligibleLeaderReplicas: array('2+', int32(), {
      nullable: '2+',
      default: null,
      tag: 1,
      tagged: '2+',
    }),
    lastKnownElr: array('2+', int32(), { nullable: '2+', default: null, tag: 2, tagged: '2+' }),
  },
})

/** A config of a topic or broker has a value, or with null none any more. Resource types are those of DescribeConfigs. */
export const ConfigRecord = message({
  name: 'ConfigRecord',
  apiKey: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string('0+', { nullable: '0+' }),
  },
})

/** A topic is gone. */
export const RemoveTopicRecord = message({
  name: 'RemoveTopicRecord',
  apiKey: 9,
  versions: '0',
  flexible: '0+',
  fields: {
    topicId: uuid(),
  },
})

/** A feature of the cluster is at this level (KIP-584). */
export const FeatureLevelRecord = message({
  name: 'FeatureLevelRecord',
  apiKey: 12,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    featureLevel: int16(),
  },
})

/** All producer ids below `nextProducerId` have been given out in blocks. */
export const ProducerIdsRecord = message({
  name: 'ProducerIdsRecord',
  apiKey: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64('0+', { default: -1n }),
    nextProducerId: int64(),
  },
})

const metadataRecords = {
  TopicRecord,
  PartitionRecord,
  ConfigRecord,
  RemoveTopicRecord,
  FeatureLevelRecord,
  ProducerIdsRecord,
}

type RecordTypes = typeof metadataRecords

/** A record of any of these types, with its prefix read: `type` tells `value`. */
export type MetadataRecord = {
  [Name in keyof RecordTypes]: {
    readonly type: Name
    readonly version: number
    readonly value: MessageOf<RecordTypes[Name]>
  }
}[keyof RecordTypes]

const byType = new Map<number | undefined, Message>(
  Object.values(metadataRecords).map((message) => [message.apiKey, message]),
)

/** Undefined for a type or version that is not known here. */
export function decodeMetadataRecord(bytes: Buffer): MetadataRecord | undefined {
  const opened = openMetadataRecord(bytes)
  const message = byType.get(opened?.type)
  if (opened === undefined || message === undefined) return undefined
  if (!hasVersion(message.versions, opened.version)) return undefined
  const value = codecOf(message, opened.version).decode(opened.body)
  return { type: message.name, version: opened.version, value } as MetadataRecord
}
