/** DescribeProducers: who writes to partitions, and since which offset in a transaction (KIP-664). */

import { defaultText, type ErrorName } from '../../protocol/errors.ts'
import { DescribeProducers } from '../../protocol/messages/61-describe-producers.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { topicNameError } from '../cluster/topic-name.ts'
import { type Context, handler } from '../handler.ts'

type PartitionAnswer = ResponseOf<typeof DescribeProducers>['topics'][number]['partitions'][number]

export const describeProducers = handler<typeof DescribeProducers>({
  api: DescribeProducers,
  versions: '0',
  handle: ({ topics }, context) => ({
    topics: topics.map(({ name, partitionIndexes }) => {
      const refusal = topicRefusal(name, context)
      const partitions = partitionIndexes.map((index) =>
        refusal ? refused(index, ...refusal) : describe(name, index, context),
      )
      return { name, partitions }
    }),
  }),
  fail: ({ topics }, errorCode, errorMessage) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => refused(index, errorCode, errorMessage)),
    })),
  }),
})

function topicRefusal(
  name: string,
  { authorized, cluster }: Context,
): [ErrorName, text: string] | undefined {
  const badName = topicNameError(name)
  if (badName !== null) return ['INVALID_TOPIC_EXCEPTION', badName]
  const refusal = (error: ErrorName): [ErrorName, string] => [error, defaultText(error)]
  if (!authorized('READ', 'TOPIC', name)) return refusal('TOPIC_AUTHORIZATION_FAILED')
  return cluster.topic(name) ? undefined : refusal('UNKNOWN_TOPIC_OR_PARTITION')
}

function refused(
  partitionIndex: number,
  errorCode: ErrorName,
  errorMessage: string | null,
): PartitionAnswer {
  return { partitionIndex, errorCode, errorMessage, activeProducers: [] }
}

function describe(
  topic: string,
  partitionIndex: number,
  { cluster, partitions }: Context,
): PartitionAnswer {
  const partition = cluster.topic(topic)?.partitions[partitionIndex]
  if (!partition) return refused(partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION', null)
  const producers = partitions.producers(partition)
  if (!producers) return refused(partitionIndex, 'KAFKA_STORAGE_ERROR', null)
  const activeProducers = producers.map(({ currentTransactionStartOffset, ...producer }) => ({
    ...producer,
    currentTxnStartOffset: currentTransactionStartOffset,
  }))
  return { partitionIndex, errorCode: 'NONE', activeProducers }
}
