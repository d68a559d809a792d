/** OffsetDelete: a group forgets its offsets of topics that it does not read (KIP-496). */

import type { ErrorName } from '../../protocol/errors.ts'
import { OffsetDelete } from '../../protocol/messages/47-offset-delete.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

type RequestTopic = RequestOf<typeof OffsetDelete>['topics'][number]

export const offsetDelete = handler<typeof OffsetDelete>({
  api: OffsetDelete,
  versions: '0',
  async handle({ groupId, topics }, context) {
    const { authorized, groups } = context
    if (!authorized('DELETE', 'GROUP', groupId)) {
      throw new KafkaError('GROUP_AUTHORIZATION_FAILED', `Not authorized to delete ${groupId}.`)
    }
    const sorted = topics.map((topic) => sort(topic, context))
    const known = sorted.filter(({ partitionIndexes }) => partitionIndexes.length > 0)
    const { errorCode, topics: deleted } = await groups.deleteOffsets(groupId, known)
    if (errorCode !== 'NONE') return { errorCode, topics: [] }
    const answers = new Map(known.map((topic, i) => [topic, deleted[i]!.partitions]))
    return {
      errorCode,
      topics: sorted
        .map((topic) => ({
          name: topic.name,
          partitions: [...(answers.get(topic) ?? []), ...topic.refused],
        }))
        .filter(({ partitions }) => partitions.length > 0),
    }
  },
  fail: (_request, errorCode) => ({ errorCode, topics: [] }),
})

interface SortedTopic {
  name: string
  /** Of the partitions that there are. */
  partitionIndexes: number[]
  refused: { partitionIndex: number; errorCode: ErrorName }[]
}

function sort(asked: RequestTopic, { authorized, cluster }: Context): SortedTopic {
  const { name } = asked
  const isAuthorized = authorized('READ', 'TOPIC', name)
  const topic = isAuthorized ? cluster.topic(name) : undefined
  const errorCode: ErrorName = isAuthorized
    ? 'UNKNOWN_TOPIC_OR_PARTITION'
    : 'TOPIC_AUTHORIZATION_FAILED'
  const sorted: SortedTopic = { name, partitionIndexes: [], refused: [] }
  for (const { partitionIndex } of asked.partitions) {
    if (topic?.partitions[partitionIndex]) sorted.partitionIndexes.push(partitionIndex)
    else sorted.refused.push({ partitionIndex, errorCode })
  }
  return sorted
}
