/** DescribeQuorum: the replicas of the cluster's own log, of which there is one (KIP-595). */

import { defaultText } from '../../protocol/errors.ts'
import { DescribeQuorum } from '../../protocol/messages/55-describe-quorum.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { type Context, handler } from '../handler.ts'

type Request = RequestOf<typeof DescribeQuorum>
type Response = ResponseOf<typeof DescribeQuorum>

/** Kafka's name of the log; its records are not to be had, here as there. */
const TOPIC = '__cluster_metadata'
const NODES_SINCE = 2
const UNKNOWN = 'UNKNOWN_TOPIC_OR_PARTITION'

export const describeQuorum = handler<typeof DescribeQuorum>({
  api: DescribeQuorum,
  versions: '0-2',
  handle(request, context) {
    requireCluster(context.authorized, 'DESCRIBE')
    return isAboutQuorum(request) ? quorum(context) : unknown(request)
  },
  fail: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, topics: [] }),
})

/** As in Kafka, whoever asks for anything else hears nothing of the quorum either. */
function isAboutQuorum({ topics }: Request): boolean {
  const [topic] = topics
  return (
    topics.length === 1 &&
    topic!.topicName === TOPIC &&
    topic!.partitions.length === 1 &&
    topic!.partitions[0]!.partitionIndex === 0
  )
}

function quorum({ apiVersion, client, clock, cluster }: Context): Response {
  const { leaderId, leaderEpoch, highWatermark, logEndOffset } = cluster.quorum()
  // The leader has just caught up with itself.
  const now = clock.now()
  const caughtUp = { lastFetchTimestamp: now, lastCaughtUpTimestamp: now }
  const partition: Response['topics'][number]['partitions'][number] = {
    partitionIndex: 0,
    errorCode: 'NONE',
    leaderId,
    leaderEpoch,
    highWatermark,
    currentVoters: [{ replicaId: leaderId, logEndOffset, ...caughtUp }],
    observers: [],
  }
  const listener = { name: client.listenerName, ...cluster.advertised(client) }
  return {
    errorCode: 'NONE',
    topics: [{ topicName: TOPIC, partitions: [partition] }],
    nodes: apiVersion < NODES_SINCE ? [] : [{ nodeId: leaderId, listeners: [listener] }],
  }
}

function unknown({ topics }: Request): Response {
  return {
    errorCode: 'NONE',
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: UNKNOWN,
        errorMessage: defaultText(UNKNOWN),
        leaderId: 0,
        leaderEpoch: 0,
        highWatermark: 0,
        currentVoters: [],
        observers: [],
      })),
    })),
  }
}
