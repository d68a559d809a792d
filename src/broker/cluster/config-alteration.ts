/** Altering the configs of a resource: what is asked, what is refused and with which of Kafka's words, and the records that do it. */

import type { BrokerConfig } from '../config/broker-config.ts'
import { brokerProblem, dynamicKey, listProblem } from '../config/broker-alteration.ts'
import { validateClientMetrics } from '../config/client-metrics-config.ts'
import { applyOperations, type ConfigOperation } from '../config/config-operations.ts'
import { validateGroupOverrides } from '../config/group-config.ts'
import { isTopicKey, validateTopicOverrides } from '../config/topic-config.ts'
import { topicKeys } from '../config/topic-keys.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { configRecord, configRemoval } from './cluster-records.ts'
import { type ClusterState, configsOf, topicNamed } from './cluster-state.ts'
import {
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  EVERY_BROKER,
  GROUP_RESOURCE,
  type StoredResource,
  TOPIC_RESOURCE,
} from '../config/config-resources.ts'
import type { Refusal } from './topic-creation.ts'
import { topicNameError } from './topic-name.ts'

export interface ConfigAlteration {
  resourceType: StoredResource
  resourceName: string
  /** Of different names. */
  operations: readonly ConfigOperation[]
  /** True: what no operation names is deleted (AlterConfigs). */
  replacesAll: boolean
}

/** The resource as it is to be. */
export interface AlteredResource {
  resourceType: StoredResource
  resourceName: string
  configs: ReadonlyMap<string, string>
}

export interface AlterationPlan extends AlteredResource {
  records: readonly StateRecord[]
}

export function planAlteration(
  state: ClusterState,
  alteration: ConfigAlteration,
  config: BrokerConfig,
): AlterationPlan | Refusal {
  const { resourceType, resourceName, operations, replacesAll } = alteration
  const before = configsOf(state, resourceType, resourceName)
  const refusal = refusedList(alteration)
  if (refusal) return refusal
  const from = replacesAll ? NOTHING : before
  const configs = applyOperations(from, operations, (name) => listDefault(resourceType, name))
  const wrong = refusedConfigs(state, alteration, configs, config)
  if (wrong) return wrong
  const records: StateRecord[] = []
  for (const [name, value] of configs) {
    if (before.get(name) === value) continue
    records.push(configRecord(resourceType, resourceName, name, value))
  }
  for (const name of before.keys()) {
    if (!configs.has(name)) records.push(...configRemoval(resourceType, resourceName, name))
  }
  return { resourceType, resourceName, configs, records }
}

const NOTHING: ReadonlyMap<string, string> = new Map()

function listDefault(resourceType: StoredResource, name: string): string | null {
  if (resourceType === TOPIC_RESOURCE) return isTopicKey(name) ? topicKeys[name].defaultText : null
  return dynamicKey(name)?.defaultText ?? null
}

function refusedList({ resourceType, operations }: ConfigAlteration): Refusal | undefined {
  for (const { name, kind } of operations) {
    if (kind !== 'APPEND' && kind !== 'SUBTRACT') continue
    const message =
      resourceType === BROKER_RESOURCE
        ? listProblem(name, kind)
        : noListOf(resourceType, name, kind)
    if (message !== undefined) return { error: 'INVALID_CONFIG', message }
  }
  return undefined
}

/** Lists of groups and of client metrics are none to Kafka: beside those of brokers, only topics' grow and shrink. */
function noListOf(
  resourceType: StoredResource,
  name: string,
  kind: 'APPEND' | 'SUBTRACT',
): string | undefined {
  const ofTopic = resourceType === TOPIC_RESOURCE && isTopicKey(name)
  if (ofTopic && topicKeys[name].type === 'LIST') return undefined
  return `Can't ${kind} to key ${name} because its type is not LIST.`
}

function refusedConfigs(
  state: ClusterState,
  alteration: ConfigAlteration,
  configs: ReadonlyMap<string, string>,
  config: BrokerConfig,
): Refusal | undefined {
  switch (alteration.resourceType) {
    case TOPIC_RESOURCE:
      return refusedTopic(state, alteration.resourceName, configs, config)
    case BROKER_RESOURCE:
      return refusedBroker(alteration, configs, config)
    case CLIENT_METRICS_RESOURCE:
      if (alteration.resourceName === '') {
        return { error: 'INVALID_REQUEST', message: "Subscription name can't be empty" }
      }
      return validateClientMetrics(configs) ?? undefined
    case GROUP_RESOURCE:
      return refusedGroup(alteration.resourceName, configs, config)
  }
}

/** That a topic is there is looked at last: what would be wrong for any topic comes first. */
function refusedTopic(
  state: ClusterState,
  name: string,
  configs: ReadonlyMap<string, string>,
  config: BrokerConfig,
): Refusal | undefined {
  if (name === '') {
    return { error: 'INVALID_REQUEST', message: 'Default topic resources are not allowed.' }
  }
  const badName = topicNameError(name)
  if (badName !== null) return { error: 'INVALID_TOPIC_EXCEPTION', message: badName }
  const badConfig = validateTopicOverrides(configs, config)
  if (badConfig !== null) return { error: 'INVALID_CONFIG', message: badConfig }
  if (topicNamed(state, name)) return undefined
  return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: `The topic '${name}' does not exist.` }
}

const MIN_ISR = 'min.insync.replicas'

function refusedBroker(
  { resourceName, operations, replacesAll }: ConfigAlteration,
  configs: ReadonlyMap<string, string>,
  config: BrokerConfig,
): Refusal | undefined {
  const scope = resourceName === EVERY_BROKER ? 'cluster' : 'broker'
  const message = brokerProblem(configs, scope, config)
  if (message !== undefined) return { error: 'INVALID_REQUEST', message }
  // With eligible leader replicas there is one minimum for all brokers, always (KIP-966).
  const isNamed = operations.some(({ name }) => name === MIN_ISR)
  if (scope === 'broker' && isNamed) {
    const text = 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.'
    return { error: 'INVALID_CONFIG', message: text }
  }
  if (scope === 'cluster' && !configs.has(MIN_ISR) && (isNamed || replacesAll)) {
    const text = 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.'
    return { error: 'INVALID_CONFIG', message: text }
  }
  return undefined
}

function refusedGroup(
  name: string,
  configs: ReadonlyMap<string, string>,
  config: BrokerConfig,
): Refusal | undefined {
  if (name === '') {
    return { error: 'INVALID_REQUEST', message: 'Default group resources are not allowed.' }
  }
  const message = validateGroupOverrides(configs, config)
  return message === null ? undefined : { error: 'INVALID_CONFIG', message }
}
