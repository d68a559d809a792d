/** ElectLeaders: with one node, each partition has the leader that it can have (KIP-183, KIP-460). */

import type { ErrorName } from '../../protocol/errors.ts'
import { ElectLeaders } from '../../protocol/messages/43-elect-leaders.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { CLUSTER_RESOURCE } from '../cluster/authorized-operations.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

type Request = RequestOf<typeof ElectLeaders>
type Response = ResponseOf<typeof ElectLeaders>
type PartitionResult = Response['replicaElectionResults'][number]['partitionResult'][number]

const PREFERRED = 0
const UNCLEAN = 1
/** Before, each partition alone had an error. */
const TOP_ERROR_SINCE = 1

export const electLeaders = handler<typeof ElectLeaders>({
  api: ElectLeaders,
  versions: '0-2',
  handle(request, context) {
    const { electionType, topicPartitions } = request
    if (!context.authorized('ALTER', 'CLUSTER', CLUSTER_RESOURCE)) {
      const code = 'CLUSTER_AUTHORIZATION_FAILED'
      const refused = refusal(request, code, 'Cluster authorization failed.')
      return context.apiVersion < TOP_ERROR_SINCE ? { ...refused, errorCode: 'NONE' } : refused
    }
    if (electionType !== PREFERRED && electionType !== UNCLEAN) {
      throw new KafkaError('INVALID_REQUEST', `Unknown election type ${electionType}`)
    }
    const replicaElectionResults = (topicPartitions ?? allPartitions(context)).map(
      ({ topic, partitions }) => ({
        topic,
        partitionResult: partitions
          .map((partitionId) => elect(topic, partitionId, electionType, context))
          // Of all partitions only those are told that have not got the leader they should have.
          .filter(({ errorCode }) => topicPartitions || errorCode !== 'ELECTION_NOT_NEEDED'),
      }),
    )
    return { errorCode: 'NONE', replicaElectionResults }
  },
  fail: refusal,
})

function refusal(
  { topicPartitions }: Request,
  errorCode: ErrorName,
  errorMessage: string | null,
): Response {
  return {
    errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
    })),
  }
}

function allPartitions({ cluster }: Context): NonNullable<Request['topicPartitions']> {
  return Array.from(cluster.topics(), ({ name, partitions }) => ({
    topic: name,
    partitions: partitions.map(({ index }) => index),
  }))
}

function elect(
  topic: string,
  partitionId: number,
  electionType: number,
  { cluster }: Context,
): PartitionResult {
  const answer = (errorCode: ErrorName, errorMessage: string): PartitionResult => ({
    partitionId,
    errorCode,
    errorMessage,
  })
  const known = cluster.topic(topic)
  if (!known) return answer('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`)
  const partition = known.partitions[partitionId]
  if (!partition) {
    return answer('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic}-${partitionId}`)
  }
  if (cluster.leaderEpoch(partition) !== undefined) {
    return answer('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.')
  }
  return electionType === PREFERRED
    ? answer('PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.')
    : answer(
        'ELIGIBLE_LEADERS_NOT_AVAILABLE',
        'Eligible topic partition leaders are not available.',
      )
}
