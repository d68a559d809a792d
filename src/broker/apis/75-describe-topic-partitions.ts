/** DescribeTopicPartitions: topics and their partitions in the order of names, page by page (KIP-966). */

import type { ErrorName } from '../../protocol/errors.ts'
import { DescribeTopicPartitions } from '../../protocol/messages/75-describe-topic-partitions.ts'
import { type RequestOf, type ResponseOf, ZERO_UUID } from '../../protocol/schema.ts'
import { authorizedOperations } from '../cluster/authorized-operations.ts'
import type { Topic } from '../cluster/cluster.ts'
import { isInternalTopic } from '../cluster/internal-topics.ts'
import { describeReplicas } from '../cluster/replicas.ts'
import { topicNameError } from '../cluster/topic-name.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

type Request = RequestOf<typeof DescribeTopicPartitions>
type Page = ResponseOf<typeof DescribeTopicPartitions>
type TopicAnswer = Page['topics'][number]

export const describeTopicPartitions = handler<typeof DescribeTopicPartitions>({
  api: DescribeTopicPartitions,
  versions: '0',
  handle(request, context) {
    const { authorized } = context
    const names = namesFrom(request, context)
    const visible = names.filter((name) => authorized('DESCRIBE', 'TOPIC', name))
    const page = pageOf(visible, request, context)
    if (isAboutAll(request)) return page
    const denied = names
      .filter((name) => !authorized('DESCRIBE', 'TOPIC', name))
      .map((name) => missing(name, 'TOPIC_AUTHORIZATION_FAILED'))
    return { ...page, topics: [...page.topics, ...denied] }
  },
  fail: ({ topics }, errorCode) => ({ topics: topics.map(({ name }) => missing(name, errorCode)) }),
})

function isAboutAll({ topics }: Request): boolean {
  return topics.length === 0
}

/** Sorted, each once, from the cursor on. */
function namesFrom(request: Request, { cluster }: Context): string[] {
  const { cursor } = request
  const asked = isAboutAll(request) ? [...cluster.topics()] : request.topics
  const from = cursor?.topicName ?? ''
  const names = new Set(asked.map(({ name }) => name).filter((name) => name >= from))
  if (cursor !== null) {
    if (!isAboutAll(request) && !names.has(cursor.topicName)) {
      const text = `DescribeTopicPartitionsRequest topic list should contain the cursor topic: ${cursor.topicName}`
      throw new KafkaError('INVALID_REQUEST', text)
    }
    if (cursor.partitionIndex < 0) {
      const text = `DescribeTopicPartitionsRequest cursor partition must be valid: ${cursor.partitionIndex}`
      throw new KafkaError('INVALID_REQUEST', text)
    }
  }
  return [...names].toSorted(byCodeUnits)
}

/** As Java compares strings, and so does `<`. */
function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

/** The limit counts the partitions of all topics; the cursor is the first that is not on the page. */
function pageOf(names: readonly string[], request: Request, context: Context): Page {
  const { cursor, responsePartitionLimit } = request
  const most = context.config.get('max.request.partition.size.limit')
  let room = Math.max(1, Math.min(most, responsePartitionLimit))
  const topics: TopicAnswer[] = []
  for (const name of names) {
    if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    const topic = context.cluster.topic(name)
    if (!topic) {
      topics.push(unknown(name, context))
      continue
    }
    const first = cursor?.topicName === name ? cursor.partitionIndex : 0
    const end = Math.min(topic.partitions.length, first + room)
    topics.push(present(topic, first, end, context))
    if (end < topic.partitions.length) {
      return { topics, nextCursor: { topicName: name, partitionIndex: end } }
    }
    room -= Math.max(0, end - first)
  }
  return { topics, nextCursor: null }
}

function present(topic: Topic, first: number, end: number, context: Context): TopicAnswer {
  return {
    errorCode: 'NONE',
    name: topic.name,
    topicId: topic.topicId,
    isInternal: topic.internal,
    partitions: topic.partitions.slice(first, end).map((partition) => ({
      ...describeReplicas(partition, context.cluster),
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    })),
    topicAuthorizedOperations: authorizedOperations(context.authorized, 'TOPIC', topic.name),
  }
}

function unknown(name: string, { authorized }: Context): TopicAnswer {
  const isName = topicNameError(name) === null
  return {
    ...missing(name, isName ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION'),
    isInternal: isInternalTopic(name),
    topicAuthorizedOperations: authorizedOperations(authorized, 'TOPIC', name),
  }
}

function missing(name: string, errorCode: ErrorName): TopicAnswer {
  return { errorCode, name, topicId: ZERO_UUID, partitions: [] }
}
