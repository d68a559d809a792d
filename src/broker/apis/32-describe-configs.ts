/** DescribeConfigs: the configs of topics, brokers and groups, and where their values come from. */

import { DescribeConfigs } from '../../protocol/messages/32-describe-configs.ts'
import { defaultText, type ErrorName } from '../../protocol/errors.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { CLUSTER_RESOURCE } from '../cluster/authorized-operations.ts'
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  EVERY_BROKER,
  GROUP_RESOURCE,
  TOPIC_RESOURCE,
} from '../config/config-resources.ts'
import { topicNameError } from '../cluster/topic-name.ts'
import {
  type ConfigEntry,
  configSourceCode,
  configTypeCode,
  describeBrokerConfigs,
  describeClientMetrics,
  describeClusterDefaults,
  describeGroupConfigs,
  describeLoggers,
  describeTopicConfigs,
} from '../config/config-description.ts'
import { type Context, handler } from '../handler.ts'
import { logLevelsOf } from '../log-levels.ts'

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
  const keys = configurationKeys?.length ? [...new Set(configurationKeys)] : undefined
  const wanted = keys ? inOrder(keys, described) : described
  return {
    errorCode: 'NONE',
    errorMessage: '',
    resourceType,
    resourceName,
    configs: wanted.map((entry) => shown(entry, resource, request, context)),
  }
}

/** The entries of these names, in their order. */
function inOrder(names: readonly string[], entries: readonly ConfigEntry[]): ConfigEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  return names.flatMap((name) => byName.get(name) ?? [])
}

function describe({ resourceType, resourceName }: Resource, context: Context): Described {
  switch (resourceType) {
    case TOPIC_RESOURCE:
      return topicConfigs(resourceName, context)
    case BROKER_RESOURCE:
      return brokerConfigs(resourceName, context)
    case BROKER_LOGGER_RESOURCE:
      return loggerLevels(resourceName, context)
    case CLIENT_METRICS_RESOURCE:
      return clientMetrics(resourceName, context)
    case GROUP_RESOURCE:
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
  if (name === EVERY_BROKER) return describeClusterDefaults(config)
  return (
    notThisBroker(name, cluster.nodeId, `${cluster.nodeId} or empty string,`) ??
    describeBrokerConfigs(config)
  )
}

function loggerLevels(name: string, { authorized, cluster, log }: Context): Described {
  if (!authorized('DESCRIBE_CONFIGS', 'CLUSTER', CLUSTER_RESOURCE)) {
    return refused('CLUSTER_AUTHORIZATION_FAILED')
  }
  if (name === '') return refused('INVALID_REQUEST', 'Broker id must not be empty')
  return (
    notThisBroker(name, cluster.nodeId, String(cluster.nodeId)) ?? describeLoggers(logLevelsOf(log))
  )
}

function notThisBroker(name: string, nodeId: number, expected: string): Described | undefined {
  if (!/^[+-]?\d{1,10}$/.test(name)) {
    return refused('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  }
  if (Number(name) === nodeId) return undefined
  const text = `Unexpected broker id, expected ${expected} but received ${name}`
  return refused('INVALID_REQUEST', text)
}

/** Subscriptions have configs before anything is set for them. */
function clientMetrics(name: string, { authorized, cluster }: Context): Described {
  if (!authorized('DESCRIBE_CONFIGS', 'CLUSTER', CLUSTER_RESOURCE)) {
    return refused('CLUSTER_AUTHORIZATION_FAILED')
  }
  if (name === '') {
    return refused('INVALID_REQUEST', 'Client metrics subscription name must not be empty')
  }
  return describeClientMetrics(cluster.configsOf(CLIENT_METRICS_RESOURCE, name))
}

/** Groups have configs before they have members. */
function groupConfigs(name: string, { authorized, cluster, config }: Context): Described {
  if (!authorized('DESCRIBE_CONFIGS', 'GROUP', name)) return refused('GROUP_AUTHORIZATION_FAILED')
  if (name === '') return refused('INVALID_REQUEST', 'Group name must not be empty')
  return describeGroupConfigs(cluster.configsOf(GROUP_RESOURCE, name), config)
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
  return resourceType === TOPIC_RESOURCE ? source !== 'TOPIC' : source === 'DEFAULT'
}
