/** How far groups have committed. */

import type { ErrorName } from '../../protocol/errors.ts'
import { OffsetFetch } from '../../protocol/messages/09-offset-fetch.ts'
import { type RequestOf, ZERO_UUID } from '../../protocol/schema.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicToFetch } from '../groups/offsets.ts'

type Request = RequestOf<typeof OffsetFetch>

interface AskedTopic {
  name: string
  topicId: string
  partitionIndexes: readonly number[]
}

interface TopicReply {
  name: string
  topicId: string
  partitions: {
    partitionIndex: number
    committedOffset: number
    committedLeaderEpoch: number
    metadata: string
    errorCode: ErrorName
  }[]
}

interface GroupReply {
  groupId: string
  topics: TopicReply[]
  errorCode: ErrorName
}

const MANY_GROUPS_SINCE = 8
const TOPIC_IDS_SINCE = 10

export const offsetFetch = handler<typeof OffsetFetch>({
  api: OffsetFetch,
  versions: '0-10',

  async handle(request, context) {
    if (context.apiVersion >= MANY_GROUPS_SINCE) {
      const replies = request.groups.map(({ groupId, topics }) =>
        fetchGroup(groupId, topics, context),
      )
      return { groups: await Promise.all(replies) }
    }
    const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
    const { errorCode, topics: found } = await fetchGroup(request.groupId, topics, context)
    if (errorCode !== 'NONE') return refused(request, errorCode)
    return { topics: context.apiVersion === 0 ? found.map(withoutNothing) : found }
  },

  fail: refused,
})

/** Version 1 has an error for each partition only, the next ones for the request, then there is one for each group. */
function refused(request: Request, errorCode: ErrorName) {
  return {
    errorCode,
    topics: (request.topics ?? []).map((topic) =>
      refusedTopic({ ...topic, topicId: ZERO_UUID }, errorCode),
    ),
    groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })),
  }
}

function refusedTopic(
  { name, topicId, partitionIndexes }: AskedTopic,
  errorCode: ErrorName,
): TopicReply {
  const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
  return {
    name,
    topicId,
    partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...nothing })),
  }
}

/** Version 0, which had its offsets from ZooKeeper, has an error where nothing is committed. */
function withoutNothing(topic: TopicReply): TopicReply {
  const partitions = topic.partitions.map((partition) =>
    partition.committedOffset === -1 && partition.errorCode === 'NONE'
      ? { ...partition, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' as const }
      : partition,
  )
  return { ...topic, partitions }
}

async function fetchGroup(
  groupId: string,
  topics: readonly AskedTopic[] | null,
  context: Context,
): Promise<GroupReply> {
  if (!context.authorized('DESCRIBE', 'GROUP', groupId)) {
    return { groupId, topics: [], errorCode: 'GROUP_AUTHORIZATION_FAILED' }
  }
  try {
    const found =
      topics === null
        ? await fetchAll(groupId, context)
        : await fetchTopics(groupId, topics, context)
    return { groupId, topics: found, errorCode: 'NONE' }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { groupId, topics: [], errorCode: error.code }
  }
}

/** Topics that the client may not see are left out, and where topics go by their ids, those that are gone. */
async function fetchAll(groupId: string, context: Context): Promise<TopicReply[]> {
  const { apiVersion, authorized, cluster, groups } = context
  const found = await groups.fetchOffsets(groupId, null)
  return found
    .map(({ name, partitions }) => ({
      name,
      topicId: cluster.topic(name)?.topicId ?? ZERO_UUID,
      partitions: partitions.map((partition) => ({ ...partition, errorCode: 'NONE' as const })),
    }))
    .filter(
      ({ name, topicId }) =>
        authorized('DESCRIBE', 'TOPIC', name) &&
        (apiVersion < TOPIC_IDS_SINCE || topicId !== ZERO_UUID),
    )
}

async function fetchTopics(
  groupId: string,
  topics: readonly AskedTopic[],
  context: Context,
): Promise<TopicReply[]> {
  const found = topics.map((topic) => find(topic, context))
  const wanted = found.filter((topic) => typeof topic !== 'string')
  const fetched = (await context.groups.fetchOffsets(groupId, wanted)).values()
  return topics.map((topic, i) => {
    const result = found[i]!
    if (typeof result === 'string') return refusedTopic(topic, result)
    const { partitions } = fetched.next().value!
    return {
      name: topic.name,
      topicId: topic.topicId,
      partitions: partitions.map((partition) => ({ ...partition, errorCode: 'NONE' as const })),
    }
  })
}

/** A topic that is asked for by its name need not be there: then nothing is committed. */
function find(
  { name, topicId, partitionIndexes }: AskedTopic,
  { apiVersion, authorized, cluster }: Context,
): TopicToFetch | ErrorName {
  const byId = apiVersion >= TOPIC_IDS_SINCE
  const topic = byId ? cluster.topicById(topicId) : cluster.topic(name)
  if (byId && !topic) return 'UNKNOWN_TOPIC_ID'
  const actualName = topic?.name ?? name
  if (!authorized('DESCRIBE', 'TOPIC', actualName)) return 'TOPIC_AUTHORIZATION_FAILED'
  return { name: actualName, topicId: topic?.topicId ?? ZERO_UUID, partitionIndexes }
}
