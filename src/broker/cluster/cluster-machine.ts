/** How the cluster's state follows from the records of its log. */

import { decodeMetadataRecord } from '../../protocol/messages/embedded/cluster-metadata.ts'
import type { Machine, StateRecord } from '../coordinator/machine.ts'
import {
  configRecord,
  endedTopicId,
  importedBy,
  importRecord,
  keptKey,
  partitionRecord,
  producerIdsRecord,
  removeTopicRecord,
  topicRecord,
} from './cluster-records.ts'
import { type ClusterState, emptyClusterState } from './cluster-state.ts'
import { TOPIC_RESOURCE } from '../config/config-resources.ts'
import { collisionKey } from './topic-name.ts'

export const clusterMachine: Machine<ClusterState> = {
  empty: emptyClusterState,

  apply(state, { key, value }) {
    const kept = keptKey(key)
    if (kept !== undefined) {
      // The record's bytes are only lent.
      if (value === null) state.kept.delete(kept)
      else state.kept.set(kept, Buffer.from(value))
      return
    }
    if (value === null) {
      const topicId = endedTopicId(key)
      if (topicId !== undefined) state.removedTopicIds.delete(topicId)
      return
    }
    const record = decodeMetadataRecord(value)
    switch (record?.type) {
      case 'TopicRecord':
        addTopic(state, record.value.topicId, record.value.name)
        break
      case 'PartitionRecord': {
        const { topicId, partitionId, replicas, leaderEpoch } = record.value
        state.topics.get(topicId)?.partitions.set(partitionId, { replicas, leaderEpoch })
        break
      }
      case 'ConfigRecord': {
        const { resourceType, resourceName, name, value: text } = record.value
        setConfig(state, resourceType, resourceName, name, text)
        break
      }
      case 'RemoveTopicRecord':
        removeTopic(state, record.value.topicId)
        break
      case 'ProducerIdsRecord':
        state.nextProducerId = Number(record.value.nextProducerId)
        break
      case 'FeatureLevelRecord':
        break
      case undefined:
        state.imported = importedBy(key, value) ?? state.imported
        break
    }
  },

  *snapshot(state): Iterable<StateRecord> {
    for (const { topicId, name, partitions } of state.topics.values()) {
      yield topicRecord(topicId, name)
      for (const [index, { replicas, leaderEpoch }] of partitions) {
        yield partitionRecord(topicId, index, replicas, leaderEpoch)
      }
    }
    for (const [resourceType, resources] of state.configs) {
      for (const [resourceName, configs] of resources) {
        for (const [name, value] of configs) {
          yield configRecord(resourceType, resourceName, name, value)
        }
      }
    }
    for (const topicId of state.removedTopicIds) yield removeTopicRecord(topicId)
    if (state.nextProducerId > 0) yield producerIdsRecord(-1, state.nextProducerId)
    for (const [key, value] of state.kept) yield { key: Buffer.from(key), value }
    if (state.imported) yield importRecord(state.imported.endOffset, state.imported.isWhole)
  },
}

function addTopic(state: ClusterState, topicId: string, name: string): void {
  if (state.topics.has(topicId)) return
  state.topics.set(topicId, { name, topicId, partitions: new Map() })
  state.topicIds.set(name, topicId)
  const key = collisionKey(name)
  const alike = state.collisions.get(key)
  if (alike) alike.add(name)
  else state.collisions.set(key, new Set([name]))
}

function removeTopic(state: ClusterState, topicId: string): void {
  state.removedTopicIds.add(topicId)
  const topic = state.topics.get(topicId)
  if (!topic) return
  state.topics.delete(topicId)
  state.topicIds.delete(topic.name)
  const key = collisionKey(topic.name)
  const alike = state.collisions.get(key)
  alike?.delete(topic.name)
  if (alike?.size === 0) state.collisions.delete(key)
  dropResource(state, TOPIC_RESOURCE, topic.name)
}

function setConfig(
  state: ClusterState,
  resourceType: number,
  resourceName: string,
  name: string,
  value: string | null,
): void {
  let resources = state.configs.get(resourceType)
  if (!resources) {
    resources = new Map()
    state.configs.set(resourceType, resources)
  }
  let configs = resources.get(resourceName)
  if (!configs) {
    configs = new Map()
    resources.set(resourceName, configs)
  }
  if (value === null) configs.delete(name)
  else configs.set(name, value)
  if (configs.size === 0) dropResource(state, resourceType, resourceName)
}

function dropResource(state: ClusterState, resourceType: number, resourceName: string): void {
  const resources = state.configs.get(resourceType)
  resources?.delete(resourceName)
  if (resources?.size === 0) state.configs.delete(resourceType)
}
