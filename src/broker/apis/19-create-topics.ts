/** CreateTopics: makes topics, or says why not; answered when they take records. */

import { defaultText } from '../../protocol/errors.ts'
import { CreateTopics } from '../../protocol/messages/19-create-topics.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { CLUSTER_RESOURCE } from '../cluster/authorized-operations.ts'
import type { Refusal, Topic } from '../cluster/cluster.ts'
import { repeatsIn } from '../cluster/repeats.ts'
import { configSourceCode, describeTopicConfigs } from '../config/config-description.ts'
import { type Context, handler } from '../handler.ts'

type Creation = RequestOf<typeof CreateTopics>['topics'][number]
type TopicAnswer = ResponseOf<typeof CreateTopics>['topics'][number]

export const createTopics = handler<typeof CreateTopics>({
  api: CreateTopics,
  versions: '0-7',
  async handle({ topics, validateOnly }, context) {
    const names = topics.map(({ name }) => name)
    const repeats = repeatsIn(names)
    const results = new Map<string, Topic | Refusal>()
    const wanted: Creation[] = []
    for (const creation of topics) {
      const refusal = refuse(creation.name, repeats, context)
      if (refusal) results.set(creation.name, refusal)
      else wanted.push(creation)
    }
    const made = await context.cluster.createTopics(wanted, { validateOnly })
    for (const [i, result] of made.entries()) results.set(wanted[i]!.name, result)
    return {
      topics: Array.from(new Set(names), (name) => answer(name, results.get(name), context)),
    }
  },
  fail: ({ topics }, errorCode, errorMessage) => ({
    topics: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})

function refuse(
  name: string,
  repeats: ReadonlySet<string>,
  { authorized }: Context,
): Refusal | undefined {
  if (repeats.has(name)) return { error: 'INVALID_REQUEST', message: 'Duplicate topic name.' }
  const mayCreate =
    authorized('CREATE', 'CLUSTER', CLUSTER_RESOURCE) || authorized('CREATE', 'TOPIC', name)
  if (mayCreate) return undefined
  const error = 'TOPIC_AUTHORIZATION_FAILED'
  return { error, message: defaultText(error) }
}

function answer(name: string, result: Topic | Refusal | undefined, context: Context): TopicAnswer {
  if (!result) return { name, errorCode: 'UNKNOWN_SERVER_ERROR', errorMessage: null }
  if ('error' in result) return { name, errorCode: result.error, errorMessage: result.message }
  const made = { name, topicId: result.topicId, errorCode: 'NONE', errorMessage: null } as const
  if (!context.authorized('DESCRIBE_CONFIGS', 'TOPIC', name)) {
    return { ...made, topicConfigErrorCode: 'TOPIC_AUTHORIZATION_FAILED' }
  }
  return {
    ...made,
    numPartitions: result.partitions.length,
    replicationFactor: 1,
    configs: describeTopicConfigs(result.overrides, context.config).map((entry) => ({
      name: entry.name,
      value: entry.value,
      readOnly: entry.readOnly,
      configSource: configSourceCode[entry.source],
      isSensitive: entry.sensitive,
    })),
  }
}
