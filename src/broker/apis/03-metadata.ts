/** Metadata: the brokers, and the topics with their partitions and leaders; asking for a topic by name may make it. */

import { Metadata } from '../../protocol/messages/03-metadata.ts'
import { type RequestOf, type ResponseOf, ZERO_UUID } from '../../protocol/schema.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import {
  authorizedOperations,
  CLUSTER_RESOURCE,
  OPERATIONS_NOT_ASKED_FOR,
} from '../cluster/authorized-operations.ts'
import type { Cluster, Topic } from '../cluster/cluster.ts'
import { isInternalTopic } from '../cluster/internal-topics.ts'
import { describeReplicas } from '../cluster/replicas.ts'
import { topicNameError } from '../cluster/topic-name.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

type Request = RequestOf<typeof Metadata>
type Response = ResponseOf<typeof Metadata>
type TopicAnswer = Response['topics'][number]

export const metadata = handler<typeof Metadata>({
  api: Metadata,
  versions: '0-13',
  async handle(request, context) {
    const { client, cluster, authorized } = context
    return {
      brokers: [{ nodeId: cluster.nodeId, ...cluster.advertised(client), rack: cluster.node.rack }],
      clusterId: cluster.clusterId,
      controllerId: cluster.nodeId,
      topics: await topicsAsked(request, context),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? authorizedOperations(authorized, 'CLUSTER', CLUSTER_RESOURCE)
        : OPERATIONS_NOT_ASKED_FOR,
    }
  },
  fail: (request, errorCode) => ({
    errorCode,
    brokers: [],
    topics: (request.topics ?? []).map(({ name, topicId }) =>
      missing(errorCode, name ?? '', topicId),
    ),
  }),
})

async function topicsAsked(request: Request, context: Context): Promise<TopicAnswer[]> {
  const { topics } = request
  // In v0 an empty list means all.
  if (topics === null || (context.apiVersion === 0 && topics.length === 0)) {
    return [...context.cluster.topics()]
      .filter(({ name }) => context.authorized('DESCRIBE', 'TOPIC', name))
      .map((topic) => present(topic, request, context))
  }
  if (context.apiVersion < 12) refuseIds(topics, context.apiVersion)
  const topicIds = new Set(topics.map(({ topicId }) => topicId))
  topicIds.delete(ZERO_UUID)
  // As in Kafka, a request that has ids is about them alone.
  if (topicIds.size > 0) return [...topicIds].map((id) => topicById(id, request, context))
  const names = new Set(topics.map(({ name }) => name ?? ''))
  return Promise.all([...names].map((name) => topicByName(name, request, context)))
}

/** v10 and v11 have ids in their layout and do not know them yet. */
function refuseIds(topics: NonNullable<Request['topics']>, apiVersion: number): void {
  for (const { name, topicId } of topics) {
    if (name === null) {
      const text = `Topic name can not be null for version ${apiVersion}`
      throw new KafkaError('INVALID_REQUEST', text)
    }
    if (topicId !== ZERO_UUID) {
      const text = `Topic IDs are not supported in requests for version ${apiVersion}`
      throw new KafkaError('INVALID_REQUEST', text)
    }
  }
}

function topicById(topicId: string, request: Request, context: Context): TopicAnswer {
  const topic = context.cluster.topicById(topicId)
  if (!topic) return missing('UNKNOWN_TOPIC_ID', null, topicId)
  if (!context.authorized('DESCRIBE', 'TOPIC', topic.name)) {
    return missing('TOPIC_AUTHORIZATION_FAILED', null, topicId)
  }
  return present(topic, request, context)
}

async function topicByName(name: string, request: Request, context: Context): Promise<TopicAnswer> {
  const { cluster, authorized } = context
  if (!authorized('DESCRIBE', 'TOPIC', name)) return missing('TOPIC_AUTHORIZATION_FAILED', name)
  const topic = cluster.topic(name)
  if (topic) return present(topic, request, context)
  if (topicNameError(name) !== null) return missing('INVALID_TOPIC_EXCEPTION', name)
  if (!request.allowAutoTopicCreation || !context.config.get('auto.create.topics.enable')) {
    return missing('UNKNOWN_TOPIC_OR_PARTITION', name)
  }
  const mayCreate =
    authorized('CREATE', 'CLUSTER', CLUSTER_RESOURCE) || authorized('CREATE', 'TOPIC', name)
  if (!mayCreate) return missing('TOPIC_AUTHORIZATION_FAILED', name)
  const made = await makeTopic(cluster, name)
  return typeof made === 'string' ? missing(made, name) : present(made, request, context)
}

async function makeTopic(cluster: Cluster, name: string): Promise<Topic | ErrorName> {
  try {
    const made = await cluster.ensureTopic(name)
    return 'error' in made ? made.error : made
  } catch (error) {
    // The other topics of the request are answered all the same; this one the client asks for again.
    if (error instanceof KafkaError) return 'LEADER_NOT_AVAILABLE'
    throw error
  }
}

function missing(errorCode: ErrorName, name: string | null, topicId = ZERO_UUID): TopicAnswer {
  return {
    errorCode,
    name,
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
  }
}

function present(topic: Topic, request: Request, context: Context): TopicAnswer {
  return {
    errorCode: 'NONE',
    name: topic.name,
    topicId: topic.topicId,
    isInternal: topic.internal,
    partitions: topic.partitions.map((partition) => describeReplicas(partition, context.cluster)),
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations
      ? authorizedOperations(context.authorized, 'TOPIC', topic.name)
      : OPERATIONS_NOT_ASKED_FOR,
  }
}
