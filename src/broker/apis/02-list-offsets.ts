/** First, last or by-time offset of partitions. */

import { ListOffsets } from '../../protocol/messages/02-list-offsets.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { type Context, handler } from '../handler.ts'
import { isCommittedOnly } from '../partitions/isolation-level.ts'
import {
  EARLIEST,
  EARLIEST_LOCAL,
  EARLIEST_PENDING_UPLOAD,
  LATEST,
  LATEST_TIERED,
  MAX_TIMESTAMP,
  type OffsetAnswer,
  refusedOffset,
  type Visibility,
} from '../partitions/list-offsets.ts'

type Request = RequestOf<typeof ListOffsets>
type RequestTopic = Request['topics'][number]
type OldAnswer = ResponseOf<typeof ListOffsets>['topics'][number]['partitions'][number]
type RequestPartition = RequestTopic['partitions'][number]

/** Replicas have ids from 0 on; consumers have -1. */
const CONSUMER = -1
const LEADER_EPOCHS_SINCE = 4

/** The version that brought each special timestamp. */
const SPECIAL_TIMESTAMPS = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
])

export const listOffsets = handler<typeof ListOffsets>({
  api: ListOffsets,
  versions: '0-11',

  async handle(request, context) {
    const visibility = visibilityOf(request)
    if (context.apiVersion === 0) return { topics: oldAnswers(request, visibility, context) }
    const topics = request.topics.map(async (topic) => ({
      name: topic.name,
      partitions: await answersOf(topic, visibility, context),
    }))
    return { topics: await Promise.all(topics) }
  },

  fail: (request, errorCode) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
})

/** Version 0 (before KIP-79) lists several offsets, and knows no timestamps but of whole segments. */
function oldAnswers(
  { topics }: Request,
  visibility: Visibility,
  { authorized, cluster, partitions }: Context,
): { name: string; partitions: OldAnswer[] }[] {
  return topics.map(({ name, partitions: asked }) => ({
    name,
    partitions: asked.map(({ partitionIndex, timestamp, maxNumOffsets }) => {
      const refused = (errorCode: ErrorName): OldAnswer => ({ partitionIndex, errorCode })
      if (!authorized('DESCRIBE', 'TOPIC', name)) return refused('TOPIC_AUTHORIZATION_FAILED')
      const partition = cluster.topic(name)?.partitions[partitionIndex]
      const oldStyleOffsets =
        partition &&
        partitions.findOldOffsets({
          partition,
          timestamp: Number(timestamp),
          maxOffsets: maxNumOffsets,
          visibility,
        })
      if (!oldStyleOffsets) return refused('UNKNOWN_TOPIC_OR_PARTITION')
      return { partitionIndex, errorCode: 'NONE', oldStyleOffsets }
    }),
  }))
}

function answersOf(
  topic: RequestTopic,
  visibility: Visibility,
  context: Context,
): Promise<OffsetAnswer[]> {
  const asked = new Map<number, RequestPartition[]>()
  for (const partition of topic.partitions) {
    const before = asked.get(partition.partitionIndex)
    if (before) before.push(partition)
    else asked.set(partition.partitionIndex, [partition])
  }
  const isAuthorized = context.authorized('DESCRIBE', 'TOPIC', topic.name)
  const answers = [...asked].map(async ([index, [question, ...more]]) => {
    if (!isAuthorized) return refusedOffset(index, 'TOPIC_AUTHORIZATION_FAILED')
    if (more.length > 0) return refusedOffset(index, 'INVALID_REQUEST')
    return answer(topic.name, question!, visibility, context)
  })
  return Promise.all(answers)
}

async function answer(
  name: string,
  asked: RequestPartition,
  visibility: Visibility,
  { apiVersion, cluster, partitions }: Context,
): Promise<OffsetAnswer> {
  const { partitionIndex, currentLeaderEpoch } = asked
  const timestamp = Number(asked.timestamp)
  if (timestamp < 0 && apiVersion < (SPECIAL_TIMESTAMPS.get(timestamp) ?? Infinity)) {
    return refusedOffset(partitionIndex, 'UNSUPPORTED_VERSION')
  }
  const partition = cluster.topic(name)?.partitions[partitionIndex]
  if (!partition) return refusedOffset(partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION')
  const question = { partition, timestamp, currentLeaderEpoch, visibility }
  const found = await partitions.findOffset(question)
  return apiVersion < LEADER_EPOCHS_SINCE ? { ...found, leaderEpoch: -1 } : found
}

/** Only consumers have an isolation level: whoever does not say -1 sees all that is written. */
function visibilityOf({ replicaId, isolationLevel }: Request): Visibility {
  const isCommitted = isCommittedOnly(isolationLevel)
  if (replicaId !== CONSUMER) return 'written'
  return isCommitted ? 'committed' : 'acknowledged'
}
