/** Giving a topic more partitions: what is refused and with which of Kafka's words, and the records that do it. */

import type { StateRecord } from '../coordinator/machine.ts'
import { partitionRecord } from './cluster-records.ts'
import { type ClusterState, topicNamed } from './cluster-state.ts'
import { assignmentError } from './replica-assignment.ts'
import { MAX_NEW_PARTITIONS, type Refusal, replicasFrom } from './topic-creation.ts'

export interface PartitionGrowth {
  name: string
  /** How many partitions the topic is to have then. */
  count: number
  /** Nodes of each new partition; null: the broker chooses. */
  assignments: readonly { brokerIds: readonly number[] }[] | null
}

export interface Growth {
  topicId: string
  /** Index of the first new partition. */
  first: number
  /** The nodes of each new partition. */
  replicas: readonly (readonly number[])[]
}

const TOO_MANY_MORE: Refusal = {
  error: 'POLICY_VIOLATION',
  message: 'Excessively large number of additional partitions per request.',
}

/** What each topic is given. A request for too many partitions in all is refused whole, since they are made in one go. */
export function planGrowths(
  state: ClusterState,
  growths: readonly PartitionGrowth[],
  nodeIds: ReadonlySet<number>,
): (Growth | Refusal)[] {
  let added = 0
  for (const { name, count } of growths) {
    const topic = topicNamed(state, name)
    if (topic) added += Math.max(0, count - topic.partitions.size)
  }
  if (added > MAX_NEW_PARTITIONS) return growths.map(() => TOO_MANY_MORE)
  return growths.map((growth) => planGrowth(state, growth, nodeIds))
}

function planGrowth(
  state: ClusterState,
  { name, count, assignments }: PartitionGrowth,
  nodeIds: ReadonlySet<number>,
): Growth | Refusal {
  const topic = topicNamed(state, name)
  if (!topic) return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: null }
  const first = topic.partitions.size
  if (count <= first) {
    const message =
      count === first
        ? `Topic already has ${first} partition(s).`
        : `The topic ${name} currently has ${first} partition(s); ${count} would not be an increase.`
    return { error: 'INVALID_PARTITIONS', message }
  }
  const added = count - first
  const factor = topic.partitions.get(0)?.replicas.length ?? 1
  if (assignments) {
    const message = wrongAssignments(assignments, added, nodeIds, factor)
    if (message !== null) return { error: 'INVALID_REPLICA_ASSIGNMENT', message }
  }
  const nodes = [...nodeIds]
  const replicas = assignments
    ? assignments.map(({ brokerIds }) => [...brokerIds])
    : Array.from({ length: added }, (_, index) => replicasFrom(nodes, first + index, factor))
  return { topicId: topic.topicId, first, replicas }
}

export function growthRecords({ topicId, first, replicas }: Growth): StateRecord[] {
  return replicas.map((nodes, index) => partitionRecord(topicId, first + index, nodes))
}

function wrongAssignments(
  assignments: readonly { brokerIds: readonly number[] }[],
  added: number,
  nodeIds: ReadonlySet<number>,
  factor: number,
): string | null {
  if (assignments.length !== added) {
    return `Attempted to add ${added} additional partition(s), but only ${assignments.length} assignment(s) were specified.`
  }
  for (const { brokerIds } of assignments) {
    const error = assignmentError(brokerIds, nodeIds, factor)
    if (error !== null) return error
  }
  return null
}
