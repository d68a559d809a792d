/** The topics that coordinators keep their state in, with the partitions and configs that Kafka gives them. */

import type { BrokerConfig } from '../config/broker-config.ts'

export type InternalTopicName = '__consumer_offsets' | '__transaction_state' | '__share_group_state'

export interface InternalTopicDefinition {
  partitionCount: number
  configs: ReadonlyMap<string, string>
}

/** Where the cluster keeps its own state; no client sees it. */
export const CLUSTER_TOPIC = '__odradek_cluster'
/** The same in every cluster, and no version 4 uuid, so that no topic ever gets it. */
export const CLUSTER_TOPIC_ID = 'OdradekClusterStateLog'

const FORBIDDEN_NAMES = new Set([CLUSTER_TOPIC, '__cluster_metadata'])

/** True of the names that no topic of a client may have. */
export function isForbiddenTopic(name: string): boolean {
  return FORBIDDEN_NAMES.has(name)
}

const DEFINITIONS: {
  readonly [Name in InternalTopicName]: (config: BrokerConfig) => InternalTopicDefinition
} = {
  __consumer_offsets: (config) => ({
    partitionCount: config.get('offsets.topic.num.partitions'),
    configs: new Map([
      ['cleanup.policy', 'compact'],
      ['segment.bytes', String(config.get('offsets.topic.segment.bytes'))],
      ['compression.type', 'producer'],
    ]),
  }),
  __transaction_state: (config) => ({
    partitionCount: config.get('transaction.state.log.num.partitions'),
    configs: new Map([
      ['unclean.leader.election.enable', 'false'],
      ['compression.type', 'uncompressed'],
      ['cleanup.policy', 'compact'],
      ['min.insync.replicas', '1'],
      ['segment.bytes', String(config.get('transaction.state.log.segment.bytes'))],
    ]),
  }),
  // Unlike the other two its records are deleted by the coordinator itself (KIP-932).
  __share_group_state: (config) => ({
    partitionCount: config.get('share.coordinator.state.topic.num.partitions'),
    configs: new Map([
      ['cleanup.policy', 'delete'],
      ['compression.type', 'producer'],
      ['segment.bytes', String(config.get('share.coordinator.state.topic.segment.bytes'))],
      ['retention.ms', '-1'],
    ]),
  }),
}

export function isInternalTopic(name: string): name is InternalTopicName {
  return Object.hasOwn(DEFINITIONS, name)
}

/** One replica on one node, whatever `*.replication.factor` says: it follows the number of nodes. */
export function internalTopicDefinition(
  name: InternalTopicName,
  config: BrokerConfig,
): InternalTopicDefinition {
  return DEFINITIONS[name](config)
}
