/** A group's members, or whoever acts for an empty group, commit how far they have read. */

import type { ErrorName } from '../../protocol/errors.ts'
import { OffsetCommit } from '../../protocol/messages/08-offset-commit.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import type { Topic } from '../cluster/cluster.ts'
import { type Context, handler } from '../handler.ts'
import type { TopicToCommit } from '../groups/offsets.ts'

type Request = RequestOf<typeof OffsetCommit>
type RequestTopic = Request['topics'][number]

const TOPIC_IDS_SINCE = 10
/** KIP-848: since then GROUP_ID_NOT_FOUND is understood. */
const MISSING_GROUPS_SINCE = 9

export const offsetCommit = handler<typeof OffsetCommit>({
  api: OffsetCommit,
  versions: '0-10',

  async handle(request, context) {
    const { apiVersion, authorized, groups } = context
    if (!authorized('READ', 'GROUP', request.groupId)) {
      return refused(request, 'GROUP_AUTHORIZATION_FAILED')
    }
    const topics = request.topics.map((topic) => ({ topic, found: find(topic, context) }))
    const toCommit = topics.map(({ topic, found }) => toCommitIn(topic, found))
    const wanted = toCommit.filter(({ partitions }) => partitions.length > 0)
    const committed =
      wanted.length === 0
        ? []
        : await groups.commitOffsets({
            groupId: request.groupId,
            memberId: request.memberId,
            groupInstanceId: request.groupInstanceId,
            generationId: request.generationIdOrMemberEpoch,
            retentionTimeMs: Number(request.retentionTimeMs),
            knowsMissingGroups: apiVersion >= MISSING_GROUPS_SINCE,
            topics: wanted,
          })
    const outcomes = new Map(wanted.map((topic, i) => [topic, committed[i]!.partitions]))
    return {
      topics: topics.map(({ topic, found }, i) => {
        const outcome = (outcomes.get(toCommit[i]!) ?? []).values()
        return {
          name: topic.name,
          topicId: topic.topicId,
          partitions: topic.partitions.map(({ partitionIndex }) => {
            const error = refusalOf(found, partitionIndex)
            if (error !== 'NONE') return { partitionIndex, errorCode: error }
            return outcome.next().value!
          }),
        }
      }),
    }
  },

  fail: refused,
})

function refused(request: Request, errorCode: ErrorName) {
  return {
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}

function find(
  { name, topicId }: RequestTopic,
  { apiVersion, authorized, cluster }: Context,
): Topic | ErrorName {
  const byId = apiVersion >= TOPIC_IDS_SINCE
  const topic = byId ? cluster.topicById(topicId) : cluster.topic(name)
  if (byId && !topic) return 'UNKNOWN_TOPIC_ID'
  if (!authorized('READ', 'TOPIC', topic?.name ?? name)) return 'TOPIC_AUTHORIZATION_FAILED'
  return topic ?? 'UNKNOWN_TOPIC_OR_PARTITION'
}

function refusalOf(found: Topic | ErrorName, partitionIndex: number): ErrorName {
  if (typeof found === 'string') return found
  return found.partitions[partitionIndex] ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION'
}

/** The partitions that there are. */
function toCommitIn(topic: RequestTopic, found: Topic | ErrorName): TopicToCommit {
  if (typeof found === 'string') return { name: topic.name, topicId: topic.topicId, partitions: [] }
  return {
    name: found.name,
    topicId: found.topicId,
    partitions: topic.partitions
      .filter(({ partitionIndex }) => found.partitions[partitionIndex])
      .map((partition) => ({
        partitionIndex: partition.partitionIndex,
        offset: Number(partition.committedOffset),
        ...timeOf(partition),
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.committedMetadata ?? '',
      })),
  }
}

/** Version 1 may say when; later ones leave that to the broker. */
function timeOf({ commitTimestamp }: RequestTopic['partitions'][number]): {
  commitTimestamp?: number
} {
  const said = Number(commitTimestamp)
  return said >= 0 && Number.isSafeInteger(said) ? { commitTimestamp: said } : {}
}
