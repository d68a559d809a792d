/** Making a topic: what is asked, what is refused and with which of Kafka's words, and the records that make it. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { validateTopicOverrides } from '../config/topic-config.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { configRecord, partitionRecord, topicRecord } from './cluster-records.ts'
import type { ClusterState } from './cluster-state.ts'
import { TOPIC_RESOURCE } from '../config/config-resources.ts'
import { isForbiddenTopic } from './internal-topics.ts'
import { assignmentError } from './replica-assignment.ts'
import { collisionKey, topicNameError } from './topic-name.ts'

export interface TopicCreation {
  name: string
  /** -1: the broker's default. */
  numPartitions: number
  /** -1: the broker's default. */
  replicationFactor: number
  /** Nodes of each partition, in place of the two numbers; empty: the broker chooses. */
  assignments: readonly { partitionIndex: number; brokerIds: readonly number[] }[]
  configs: readonly { name: string; value: string | null }[]
}

export interface Refusal {
  error: ErrorName
  /** Null: the text that goes with the error. */
  message: string | null
}

export interface NewTopic {
  name: string
  topicId: string
  /** The nodes of each partition. */
  replicas: readonly (readonly number[])[]
  overrides: ReadonlyMap<string, string>
}

export interface CreationRules {
  config: BrokerConfig
  nodeIds: ReadonlySet<number>
}

/** More than this many partitions in one request are refused, for they are made in one go. */
export const MAX_NEW_PARTITIONS = 10_000

export const TOO_MANY_PARTITIONS: Refusal = {
  error: 'POLICY_VIOLATION',
  message: 'Excessively large number of partitions per request.',
}

/** How many partitions a request asks for, those aside that it has no right to. */
export function partitionsAskedFor(
  creations: readonly TopicCreation[],
  config: BrokerConfig,
): number {
  let total = 0
  for (const { assignments, numPartitions } of creations) {
    if (assignments.length > 0) total += assignments.length
    else if (numPartitions === -1) total += config.get('num.partitions')
    else total += Math.max(numPartitions, 0)
  }
  return total
}

export function planTopic(
  state: ClusterState,
  creation: TopicCreation,
  topicId: string,
  rules: CreationRules,
): NewTopic | Refusal {
  const { name, configs } = creation
  const refusal = refusedName(state, name)
  if (refusal) return refusal
  const badConfig = validateTopicOverrides(
    configs.map((one) => [one.name, one.value] as const),
    rules.config,
  )
  if (badConfig !== null) return { error: 'INVALID_CONFIG', message: badConfig }
  const replicas =
    creation.assignments.length > 0
      ? assignedReplicas(creation, rules)
      : chosenReplicas(creation, rules)
  if ('error' in replicas) return replicas
  const overrides = new Map(configs.map((one) => [one.name, one.value ?? '']))
  return { name, topicId, replicas, overrides }
}

export function creationRecords({ name, topicId, replicas, overrides }: NewTopic): StateRecord[] {
  const records = [topicRecord(topicId, name)]
  for (const [index, nodes] of replicas.entries()) {
    records.push(partitionRecord(topicId, index, nodes))
  }
  for (const [key, value] of overrides) {
    records.push(configRecord(TOPIC_RESOURCE, name, key, value))
  }
  return records
}

function refusedName(state: ClusterState, name: string): Refusal | undefined {
  if (isForbiddenTopic(name)) {
    return {
      error: 'TOPIC_AUTHORIZATION_FAILED',
      message: `Creation of internal topic ${name} is prohibited.`,
    }
  }
  const badName = topicNameError(name)
  if (badName !== null) return { error: 'INVALID_TOPIC_EXCEPTION', message: badName }
  if (state.topicIds.has(name)) {
    return { error: 'TOPIC_ALREADY_EXISTS', message: `Topic '${name}' already exists.` }
  }
  const [alike] = state.collisions.get(collisionKey(name)) ?? []
  if (alike === undefined) return undefined
  return {
    error: 'INVALID_TOPIC_EXCEPTION',
    message: `Topic '${name}' collides with existing topic: ${alike}`,
  }
}

type Replicas = number[][] | Refusal

function assignedReplicas(creation: TopicCreation, rules: CreationRules): Replicas {
  const { assignments, numPartitions, replicationFactor } = creation
  const given = 'A manual partition assignment was specified, but'
  if (replicationFactor !== -1) {
    return {
      error: 'INVALID_REQUEST',
      message: `${given} replication factor was not set to -1.`,
    }
  }
  if (numPartitions !== -1) {
    return { error: 'INVALID_REQUEST', message: `${given} numPartitions was not set to -1.` }
  }
  const byIndex = new Map<number, number[]>()
  let replicaCount: number | undefined
  for (const { partitionIndex, brokerIds } of assignments) {
    const message = byIndex.has(partitionIndex)
      ? `Found multiple manual partition assignments for partition ${partitionIndex}`
      : assignmentError(brokerIds, rules.nodeIds, replicaCount)
    if (message !== null) return { error: 'INVALID_REPLICA_ASSIGNMENT', message }
    replicaCount = brokerIds.length
    byIndex.set(partitionIndex, [...brokerIds])
  }
  const replicas: number[][] = []
  for (let index = 0; index < byIndex.size; index++) {
    const nodes = byIndex.get(index)
    if (!nodes) {
      return {
        error: 'INVALID_REPLICA_ASSIGNMENT',
        message: 'partitions should be a consecutive 0-based integer sequence',
      }
    }
    replicas.push(nodes)
  }
  return replicas
}

function chosenReplicas(creation: TopicCreation, { config, nodeIds }: CreationRules): Replicas {
  const { replicationFactor: askedReplicas, numPartitions } = creation
  if (askedReplicas < -1 || askedReplicas === 0) {
    return {
      error: 'INVALID_REPLICATION_FACTOR',
      message: 'Replication factor must be larger than 0, or -1 to use the default value.',
    }
  }
  if (numPartitions < -1 || numPartitions === 0) {
    return {
      error: 'INVALID_PARTITIONS',
      message: 'Number of partitions was set to an invalid non-positive value.',
    }
  }
  const factor = askedReplicas === -1 ? config.get('default.replication.factor') : askedReplicas
  if (factor > nodeIds.size) {
    return {
      error: 'INVALID_REPLICATION_FACTOR',
      message: `Unable to replicate the partition ${factor} time(s): The target replication factor of ${factor} cannot be reached because only ${nodeIds.size} broker(s) are registered or some brokers have all their log directories cordoned.`,
    }
  }
  const count = numPartitions === -1 ? config.get('num.partitions') : numPartitions
  const nodes = [...nodeIds]
  return Array.from({ length: count }, (_, index) => replicasFrom(nodes, index, factor))
}

/** Takes turns, so that every node leads its share of the partitions. */
export function replicasFrom(nodes: readonly number[], index: number, factor: number): number[] {
  const replicas: number[] = []
  for (let replica = 0; replica < factor; replica++) {
    const node = nodes[(index + replica) % nodes.length]
    if (node !== undefined) replicas.push(node)
  }
  return replicas
}
