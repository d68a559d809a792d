/** OffsetForLeaderEpoch: where leader epochs end, so that a client notices that a log was cut. */

import { OffsetForLeaderEpoch } from '../../protocol/messages/23-offset-for-leader-epoch.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { type Context, handler } from '../handler.ts'
import { type EpochAnswer, refusedEpoch } from '../partitions/epoch-end.ts'

type RequestPartition = RequestOf<
  typeof OffsetForLeaderEpoch
>['topics'][number]['partitions'][number]

export const offsetForLeaderEpoch = handler<typeof OffsetForLeaderEpoch>({
  api: OffsetForLeaderEpoch,
  versions: '0-4',
  handle: ({ topics }, context) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((asked) => ({
        partition: asked.partition,
        ...answer(topic, asked, context),
      })),
    })),
  }),
  fail: ({ topics }, errorCode) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, ...refusedEpoch(errorCode) })),
    })),
  }),
})

function answer(
  topic: string,
  { partition: index, currentLeaderEpoch, leaderEpoch }: RequestPartition,
  { authorized, cluster, partitions }: Context,
): EpochAnswer {
  if (!authorized('DESCRIBE', 'TOPIC', topic)) return refusedEpoch('TOPIC_AUTHORIZATION_FAILED')
  const partition = cluster.topic(topic)?.partitions[index]
  if (!partition) return refusedEpoch('UNKNOWN_TOPIC_OR_PARTITION')
  return partitions.epochEnd({ partition, currentLeaderEpoch, leaderEpoch })
}
