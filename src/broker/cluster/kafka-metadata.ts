/**
 * What Kafka's own metadata log says of a cluster. Its records go the way that those of the cluster's own log go, with keys
 * of ours; of partitions is noted besides where Kafka had them.
 */

import { codecOf } from '../../protocol/compile.ts'
import { ProtocolViolation } from '../../protocol/errors.ts'
import {
  AbortTransactionRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
} from '../../protocol/messages/embedded/cluster-metadata-log.ts'
import { PartitionChangeRecord } from '../../protocol/messages/embedded/cluster-metadata-partitions.ts'
import {
  ConfigRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RemoveTopicRecord,
  TopicRecord,
} from '../../protocol/messages/embedded/cluster-metadata.ts'
import { openMetadataRecord } from '../../protocol/messages/embedded/prefixes.ts'
import type { BatchView } from '../../protocol/records/batch-view.ts'
import { InvalidRecord } from '../../protocol/records/invalid-record.ts'
import { iterateRecords } from '../../protocol/records/record-iterator.ts'
import type { Reader } from '../../protocol/reader.ts'
import type { Message, MessageOf } from '../../protocol/schema.ts'
import { hasVersion } from '../../protocol/versions.ts'
import { TOPIC_RESOURCE } from '../config/config-resources.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { clusterMachine } from './cluster-machine.ts'
import {
  configRecord,
  configRemoval,
  partitionRecord,
  producerIdsRecord,
  topicRecord,
  topicRemoval,
} from './cluster-records.ts'
import { type ClusterState, configsOf } from './cluster-state.ts'
import { otherRecords } from './kafka-records.ts'

/** The metadata log, as its store gives it. */
export interface KafkaMetadataLog {
  /** Of the folder, as `meta.properties` has it: Kafka tells by it which of several folders a partition is in. */
  directoryId: string
  /** The offset behind its last batch. */
  endOffset: number
  batches: Iterable<BatchView>
}

/** The log has what cannot be read here: it is damaged, or of a newer Kafka. */
export class UnreadableMetadata extends Error {
  override readonly name = 'UnreadableMetadata'
}

/** Where Kafka had a partition. */
export type KafkaPartition = Pick<
  MessageOf<typeof PartitionRecord>,
  'replicas' | 'isr' | 'leaderEpoch' | 'directories' | 'eligibleLeaderReplicas'
>

export class KafkaMetadata {
  readonly state: ClusterState = clusterMachine.empty()
  /** By topic id and partition index. */
  readonly partitions = new Map<string, Map<number, KafkaPartition>>()
  /** Records of a transaction that has not ended: they count when it does. */
  private staged: Buffer[] | undefined

  /** Throws UnreadableMetadata. */
  static read({ batches }: KafkaMetadataLog): KafkaMetadata {
    const metadata = new KafkaMetadata()
    try {
      for (const batch of batches) {
        // Those are the quorum's own: who leads, who votes, where a snapshot begins and ends.
        if (batch.isControl) continue
        for (const { value } of iterateRecords(batch)) if (value) metadata.take(value)
      }
    } catch (cause) {
      if (!(cause instanceof ProtocolViolation) && !(cause instanceof InvalidRecord)) throw cause
      const text = `A record of it cannot be read: ${cause.message}`
      throw new UnreadableMetadata(text, { cause })
    }
    return metadata
  }

  private take(value: Buffer): void {
    switch (openMetadataRecord(value)?.type ?? NONE) {
      case BeginTransactionRecord.apiKey:
        this.staged = []
        break
      case AbortTransactionRecord.apiKey:
        this.staged = undefined
        break
      case EndTransactionRecord.apiKey: {
        const staged = this.staged ?? []
        this.staged = undefined
        for (const record of staged) this.apply(record)
        break
      }
      default:
        if (this.staged) this.staged.push(value)
        else this.apply(value)
    }
  }

  private apply(value: Buffer): void {
    for (const record of this.translate(value)) clusterMachine.apply(this.state, record)
  }

  private translate(raw: Buffer): readonly StateRecord[] {
    const opened = openMetadataRecord(raw)
    if (!opened) throw new UnreadableMetadata('It has a record of a form that is not known here.')
    switch (opened.type) {
      case TopicRecord.apiKey: {
        const { topicId, name } = decode(TopicRecord, opened)
        this.partitions.set(topicId, new Map())
        return [topicRecord(topicId, name)]
      }
      case PartitionRecord.apiKey: {
        const { topicId, partitionId, ...where } = decode(PartitionRecord, opened)
        return this.place(topicId, partitionId, where)
      }
      case PartitionChangeRecord.apiKey:
        return this.change(decode(PartitionChangeRecord, opened))
      case RemoveTopicRecord.apiKey:
        return this.remove(decode(RemoveTopicRecord, opened).topicId)
      case ConfigRecord.apiKey: {
        const { resourceType, resourceName, name, value } = decode(ConfigRecord, opened)
        return value === null
          ? configRemoval(resourceType, resourceName, name)
          : [configRecord(resourceType, resourceName, name, value)]
      }
      case ProducerIdsRecord.apiKey: {
        const { brokerId, nextProducerId } = decode(ProducerIdsRecord, opened)
        return [producerIdsRecord(brokerId, Number(nextProducerId))]
      }
    }
    const other = otherRecords.get(opened.type)
    if (!other) throw newer(`a record of type ${opened.type}`)
    checkVersion(other.message, opened.version)
    const kept = other.keep(opened.version, opened.body, raw)
    return kept ? [kept] : []
  }

  private place(topicId: string, index: number, where: KafkaPartition): StateRecord[] {
    this.partitions.get(topicId)?.set(index, where)
    return [partitionRecord(topicId, index, where.replicas, where.leaderEpoch)]
  }

  private change(change: MessageOf<typeof PartitionChangeRecord>): StateRecord[] {
    const { topicId, partitionId } = change
    const before = this.partitions.get(topicId)?.get(partitionId)
    if (!before) return []
    return this.place(topicId, partitionId, {
      replicas: change.replicas ?? before.replicas,
      isr: change.isr ?? before.isr,
      directories: change.directories ?? before.directories,
      eligibleLeaderReplicas: change.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
      // Also where the partition has lost its leader, or has the same one as before.
      leaderEpoch: before.leaderEpoch + (change.leader === NO_CHANGE ? 0 : 1),
    })
  }

  private remove(topicId: string): StateRecord[] {
    this.partitions.delete(topicId)
    const topic = this.state.topics.get(topicId)
    if (!topic) return []
    const configs = configsOf(this.state, TOPIC_RESOURCE, topic.name)
    return topicRemoval(topic, [...topic.partitions.keys()], [...configs.keys()])
  }
}

/** No type of a record. */
const NONE = -1
/** Of a leader in a PartitionChangeRecord. */
const NO_CHANGE = -2

interface Opened {
  type: number
  version: number
  body: Reader
}

function decode<M extends Message>(message: M, { version, body }: Opened): MessageOf<M> {
  checkVersion(message, version)
  return codecOf(message, version).decode(body)
}

function checkVersion(message: Message, version: number): void {
  if (!hasVersion(message.versions, version)) {
    throw newer(`version ${version} of ${message.name}`)
  }
}

function newer(what: string): UnreadableMetadata {
  return new UnreadableMetadata(`It has ${what}, which is not known here: a newer Kafka wrote it.`)
}
