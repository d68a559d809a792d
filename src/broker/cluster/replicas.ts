/** Who leads a partition and who holds its records, as the describing APIs tell it. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { Cluster } from './cluster.ts'
import type { Partition } from './topic.ts'

export interface DescribedReplicas {
  errorCode: ErrorName
  partitionIndex: number
  /** -1 where nobody leads. */
  leaderId: number
  leaderEpoch: number
  replicaNodes: number[]
  isrNodes: number[]
  offlineReplicas: number[]
}

export function describeReplicas(
  partition: Partition,
  cluster: Pick<Cluster, 'nodeId' | 'leaderEpoch'>,
): DescribedReplicas {
  const { nodeId } = cluster
  const leaderEpoch = cluster.leaderEpoch(partition)
  const offline = leaderEpoch === undefined
  return {
    errorCode: offline ? 'LEADER_NOT_AVAILABLE' : 'NONE',
    partitionIndex: partition.index,
    leaderId: offline ? -1 : nodeId,
    leaderEpoch: leaderEpoch ?? -1,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
    offlineReplicas: offline ? [nodeId] : [],
  }
}
