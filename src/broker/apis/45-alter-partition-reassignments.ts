/** AlterPartitionReassignments: with one node, partitions stay where they are (KIP-455). */

import type { ErrorName } from '../../protocol/errors.ts'
import { AlterPartitionReassignments } from '../../protocol/messages/45-alter-partition-reassignments.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { assignmentError } from '../cluster/replica-assignment.ts'
import { type Context, handler } from '../handler.ts'

type PartitionAnswer = ResponseOf<
  typeof AlterPartitionReassignments
>['responses'][number]['partitions'][number]

export const alterPartitionReassignments = handler<typeof AlterPartitionReassignments>({
  api: AlterPartitionReassignments,
  versions: '0-1',
  handle({ topics, allowReplicationFactorChange }, context) {
    requireCluster(context.authorized, 'ALTER')
    return {
      allowReplicationFactorChange,
      errorCode: 'NONE',
      // Kafka's answer to a request for nothing has its text empty.
      errorMessage: topics.length === 0 ? '' : null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) =>
          reassign(name, partitionIndex, replicas, context),
        ),
      })),
    }
  },
  fail: ({ allowReplicationFactorChange }, errorCode, errorMessage) => ({
    allowReplicationFactorChange,
    errorCode,
    errorMessage,
    responses: [],
  }),
})

/** The only assignment that can be is the one that is. */
function reassign(
  name: string,
  partitionIndex: number,
  replicas: readonly number[] | null,
  { cluster }: Context,
): PartitionAnswer {
  const answer = (errorCode: ErrorName, errorMessage: string | null): PartitionAnswer => ({
    partitionIndex,
    errorCode,
    errorMessage,
  })
  const topic = cluster.topic(name)
  if (!topic) {
    return answer('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${name}.`)
  }
  if (!topic.partitions[partitionIndex]) {
    const text = `Unable to find partition ${name}:${partitionIndex}.`
    return answer('UNKNOWN_TOPIC_OR_PARTITION', text)
  }
  if (replicas === null) return answer('NO_REASSIGNMENT_IN_PROGRESS', null)
  const wrong = assignmentError(replicas, new Set([cluster.nodeId]), undefined)
  return wrong === null ? answer('NONE', null) : answer('INVALID_REPLICA_ASSIGNMENT', wrong)
}
