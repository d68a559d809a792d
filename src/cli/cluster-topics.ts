/** Which topics the cluster's log in a data folder knows: ours, or the metadata log of Kafka with its snapshot. */

import { CLUSTER_TOPIC } from '../broker/cluster/internal-topics.ts'
import { decodeMetadataRecord } from '../protocol/messages/embedded/cluster-metadata.ts'
import { ProtocolViolation } from '../protocol/errors.ts'
import { InvalidRecord } from '../protocol/records/invalid-record.ts'
import { iterateRecords } from '../protocol/records/record-iterator.ts'
import type { BatchView } from '../protocol/records/batch-view.ts'
import { folderName, parseFileName } from '../storage/file/log-folder.ts'
import type { KnownTopics } from '../storage/verify/folder-check.ts'
import type { ReadableDisk } from '../storage/verify/readable-disk.ts'
import { batchesOf, walkChunks } from '../storage/verify/segment-walk.ts'

const KAFKA_METADATA_TOPIC = '__cluster_metadata'

type Topics = Map<string, { name: string; partitions: number; isCompacted?: boolean }>

/** `undefined` where there is no such log, or it cannot be read: there is nothing to compare with then. */
export async function clusterTopics(
  disk: ReadableDisk,
  directory: string,
): Promise<KnownTopics | undefined> {
  for (const topic of [CLUSTER_TOPIC, KAFKA_METADATA_TOPIC]) {
    const folder = `${directory}/${folderName(topic, 0)}`
    const names = (disk.list(folder) ?? []).map(({ name }) => name)
    const files = filesOf(names)
    if (files.length === 0) continue
    const topics: Topics = new Map()
    for (const name of files) await readTopics(disk, `${folder}/${name}`, topics)
    return topics
  }
  return undefined
}

/** The newest snapshot, and all segments: what they say again changes nothing. */
function filesOf(names: readonly string[]): string[] {
  const snapshots = names.filter((name) => name.endsWith('.checkpoint')).toSorted()
  const segments = names.filter((name) => parseFileName(name)?.kind === 'log').toSorted()
  return [...snapshots.slice(-1), ...segments]
}

async function readTopics(disk: ReadableDisk, path: string, topics: Topics): Promise<void> {
  const file = disk.open(path)
  try {
    for await (const chunk of walkChunks(file, 0, file.size())) {
      for (const { batch } of batchesOf(chunk)) apply(batch, topics)
    }
  } finally {
    file.close()
  }
}

/** What cannot be read here is for the check of the batch to tell. */
function apply(batch: BatchView, topics: Topics): void {
  if (batch.isControl) return
  try {
    for (const { value } of iterateRecords(batch)) if (value) applyRecord(value, topics)
  } catch (error) {
    if (!(error instanceof InvalidRecord || error instanceof ProtocolViolation)) throw error
  }
}

function applyRecord(bytes: Buffer, topics: Topics): void {
  const record = decodeMetadataRecord(bytes)
  if (record?.type === 'TopicRecord') {
    const { topicId, name } = record.value
    if (!topics.has(topicId)) topics.set(topicId, { name, partitions: 0 })
  } else if (record?.type === 'PartitionRecord') {
    const topic = topics.get(record.value.topicId)
    if (topic) topic.partitions = Math.max(topic.partitions, record.value.partitionId + 1)
  } else if (record?.type === 'ConfigRecord' && record.value.name === 'cleanup.policy') {
    const { resourceName, value } = record.value
    for (const topic of topics.values()) {
      // Once compacted it keeps its gaps, whatever its policy is now.
      if (topic.name === resourceName && value?.includes('compact')) topic.isCompacted = true
    }
  } else if (record?.type === 'RemoveTopicRecord') {
    topics.delete(record.value.topicId)
  }
}
