/** DescribeConfigs: the configs of topics, brokers and groups, and where their values come from. */

import { DescribeConfigs } from '../../protocol/messages/32-describe-configs.ts'
import { defaultText, type ErrorName } from '../../protocol/errors.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { CLUSTER_RESOURCE } from '../cluster/authorized-operations.ts'
import { topicNameError } from '../cluster/topic-name.ts'
import {
  type ConfigEntry,
  configSourceCode,
  configTypeCode,
  describeBrokerConfigs,
  describeClusterDefaults,
  describeGroupConfigs,
  describeTopicConfigs,
} from '../config/config-description.ts'
import { type Context, handler } from '../handler.ts'

const TOPIC = 2
const BROKER = 4
const GROUP = 32

type Request = RequestOf<typeof DescribeConfigs>
type Resource = Request['resources'][number]
type Result = ResponseOf<typeof DescribeConfigs>['results'][number]
type Described = ConfigEntry[] | { error: ErrorName; message: string }

export const describeConfigs = handler<typeof DescribeConfigs>({
  api: DescribeConfigs,
  versions: '0-4',
  handle: (request, context) => ({
    results: request.resources.map((resource) => result(resource, request, context)),
  }),
  fail: ({ resources }, errorCode, errorMessage) => ({
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
})

function result(resource: Resource, request: Request, context: Context): Result {
  const { resourceType, resourceName, configurationKeys } = resource
  const described = describe(resource, context)
  if ('error' in described) {
    const { error, message } = described
    return { errorCode: error, errorMessage: message, resourceType, resourceName, configs: [] }
  }
  // No keys at all are all keys too.
  const keys = configurationKeys?.length ? new Set(configurationKeys) : undefined
  const wanted = keys ? described.filter(({ name }) => keys.has(name)) : described
  return {
    errorCode: 'NONE',
    errorMessage: '',
    resourceType,
    resourceName,
    configs: wanted.map((entry) => shown(entry, resource, request, context)),
  }
}

function describe({ resourceType, resourceName }: Resource, context: Context): Described {
  switch (resourceType) {
    case TOPIC:
      return topicConfigs(resourceName, context)
    case BROKER:
      return brokerConfigs(resourceName, context)
    case GROUP:
      return groupConfigs(resourceName, context)
    default:
      return refused('INVALID_REQUEST')
  }
}

function topicConfigs(name: string, { authorized, cluster, config }: Context): Described {
  if (!authorized('DESCRIBE_CONFIGS', 'TOPIC', name)) return refused('TOPIC_AUTHORIZATION_FAILED')
  const badName = topicNameError(name)
  if (badName !== null) return refused('INVALID_TOPIC_EXCEPTION', badName)
  const topic = cluster.topic(name)
  if (!topic) return refused('UNKNOWN_TOPIC_OR_PARTITION', '')
  return describeTopicConfigs(topic.overrides, config)
}

function brokerConfigs(name: string, { authorized, cluster, config }: Context): Described {
  if (!authorized('DESCRIBE_CONFIGS', 'CLUSTER', CLUSTER_RESOURCE)) {
    return refused('CLUSTER_AUTHORIZATION_FAILED')
  }
  if (name === '') return describeClusterDefaults(config)
  if (!/^[+-]?\d{1,10}$/.test(name)) {
    return refused('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  }
  if (Number(name) !== cluster.nodeId) {
    const text = `Unexpected broker id, expected ${cluster.nodeId} or empty string, but received ${name}`
    return refused('INVALID_REQUEST', text)
  }
  return describeBrokerConfigs(config)
}

/** Groups have configs before they have members. */
function groupConfigs(name: string, { authorized, config }: Context): Described {
  if (!authorized('DESCRIBE_CONFIGS', 'GROUP', name)) return refused('GROUP_AUTHORIZATION_FAILED')
  if (name === '') return refused('INVALID_REQUEST', 'Group name must not be empty')
  return describeGroupConfigs(new Map(), config)
}

function refused(error: ErrorName, message = defaultText(error)): Described {
  return { error, message }
}

function shown(
  entry: ConfigEntry,
  { resourceType }: Resource,
  { includeSynonyms }: Request,
  { apiVersion }: Context,
): Result['configs'][number] {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    ...(apiVersion === 0
      ? { isDefault: isDefault(entry, resourceType) }
      : { configSource: configSourceCode[entry.source] }),
    isSensitive: entry.sensitive,
    synonyms: includeSynonyms
      ? entry.synonyms.map(({ name, value, source }) => ({
          name,
          value,
          source: configSourceCode[source],
        }))
      : [],
    configType: configTypeCode[entry.type],
    documentation: null,
  }
}

/** As version 0 has it in place of a source: to a topic all that is not its own, to a broker what nobody has set. */
function isDefault({ source }: ConfigEntry, resourceType: number): boolean {
  return resourceType === TOPIC ? source !== 'TOPIC' : source === 'DEFAULT'
}
