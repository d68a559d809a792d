/** DeleteTopics: ends topics, named or by id, with all their records. */

import { defaultText, type ErrorName } from '../../protocol/errors.ts'
import { DeleteTopics } from '../../protocol/messages/20-delete-topics.ts'
import { type RequestOf, type ResponseOf, ZERO_UUID } from '../../protocol/schema.ts'
import type { Topic } from '../cluster/cluster.ts'
import { repeatsIn } from '../cluster/repeats.ts'
import { type Context, handler } from '../handler.ts'

type Request = RequestOf<typeof DeleteTopics>
type TopicAnswer = ResponseOf<typeof DeleteTopics>['responses'][number]

export const deleteTopics = handler<typeof DeleteTopics>({
  api: DeleteTopics,
  versions: '0-6',
  async handle(request, context) {
    const { cluster, config, apiVersion } = context
    if (!config.get('delete.topic.enable')) {
      const error = apiVersion < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED'
      return { responses: asked(request).map((one) => refused(one.name, one.topicId, error, null)) }
    }
    const { responses, deletable } = sort(request, context)
    const refusals = await cluster.deleteTopics(deletable.map(({ topicId }) => topicId))
    for (const { name, topicId } of deletable) {
      // Somebody else was faster.
      const refusal = refusals.get(topicId)
      responses.push(refused(name, topicId, refusal?.error ?? 'NONE', refusal?.message ?? null))
    }
    return { responses }
  },
  fail: (request, errorCode, errorMessage) => ({
    responses: asked(request).map((one) => refused(one.name, one.topicId, errorCode, errorMessage)),
  }),
})

/** Up to v5 there are names alone. */
function asked({ topics, topicNames }: Request): Request['topics'] {
  return [...topicNames.map((name) => ({ name, topicId: ZERO_UUID })), ...topics]
}

function refused(
  name: string | null,
  topicId: string,
  errorCode: ErrorName,
  errorMessage: string | null = defaultText(errorCode),
): TopicAnswer {
  return { name, topicId, errorCode, errorMessage }
}

/** Tells the topics that can be deleted from what is asked wrongly, unknown or not allowed. */
function sort(
  request: Request,
  context: Context,
): { responses: TopicAnswer[]; deletable: Topic[] } {
  const responses: TopicAnswer[] = []
  const names: string[] = []
  const ids: string[] = []
  for (const { name, topicId } of asked(request)) {
    const wrong = entryError(name, topicId)
    if (wrong !== null) responses.push(refused(name, topicId, 'INVALID_REQUEST', wrong))
    else if (name !== null) names.push(name)
    else ids.push(topicId)
  }
  const byId = new Map<string, Topic>()
  const repeatedIds = repeatsIn(ids)
  for (const id of new Set(ids)) {
    const topic = repeatedIds.has(id)
      ? refused(null, id, 'INVALID_REQUEST', 'Duplicate topic id.')
      : findById(id, context)
    if ('errorCode' in topic) responses.push(topic)
    else byId.set(id, topic)
  }
  const repeatedNames = repeatsIn(names)
  for (const name of new Set(names)) {
    const topic = repeatedNames.has(name)
      ? refused(name, ZERO_UUID, 'INVALID_REQUEST', 'Duplicate topic name.')
      : findByName(name, context)
    if ('errorCode' in topic) {
      responses.push(topic)
    } else if (repeatedIds.has(topic.topicId) || byId.delete(topic.topicId)) {
      const text = 'The provided topic name maps to an ID that was already supplied.'
      responses.push(refused(name, topic.topicId, 'INVALID_REQUEST', text))
    } else {
      byId.set(topic.topicId, topic)
    }
  }
  return { responses, deletable: [...byId.values()] }
}

function entryError(name: string | null, topicId: string): string | null {
  if (name === null && topicId === ZERO_UUID) return 'Neither topic name nor id were specified.'
  if (name !== null && topicId !== ZERO_UUID) {
    return 'You may not specify both topic name and topic id.'
  }
  return null
}

/** Who may not describe a topic does not learn its name. */
function findById(topicId: string, context: Context): Topic | TopicAnswer {
  const topic = context.cluster.topicById(topicId)
  if (!topic) return refused(null, topicId, 'UNKNOWN_TOPIC_ID')
  const { authorized } = context
  if (!authorized('DELETE', 'TOPIC', topic.name)) {
    const name = authorized('DESCRIBE', 'TOPIC', topic.name) ? topic.name : null
    return refused(name, topicId, 'TOPIC_AUTHORIZATION_FAILED')
  }
  return deletable(topic)
}

function findByName(name: string, context: Context): Topic | TopicAnswer {
  const { authorized, cluster } = context
  if (!authorized('DESCRIBE', 'TOPIC', name)) {
    return refused(name, ZERO_UUID, 'TOPIC_AUTHORIZATION_FAILED')
  }
  const topic = cluster.topic(name)
  if (!topic) return refused(name, ZERO_UUID, 'UNKNOWN_TOPIC_OR_PARTITION')
  if (!authorized('DELETE', 'TOPIC', name)) {
    return refused(name, ZERO_UUID, 'TOPIC_AUTHORIZATION_FAILED')
  }
  return deletable(topic)
}

/** Kafka's tools refuse to delete what coordinators keep their state in; here the broker does. */
function deletable(topic: Topic): Topic | TopicAnswer {
  if (!topic.internal) return topic
  const text = `Topic ${topic.name} is internal and cannot be deleted.`
  return refused(topic.name, topic.topicId, 'INVALID_TOPIC_EXCEPTION', text)
}
