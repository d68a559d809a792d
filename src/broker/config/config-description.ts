/** Configurations as DescribeConfigs and CreateTopics show them: every key with its value, source and synonyms. */

import {
  type BrokerConfig,
  type BrokerKey,
  type ConfigSource,
  type ConfigSynonym,
} from './broker-config.ts'
import { brokerKeys, isBrokerKey } from './broker-keys.ts'
import type { ConfigKey, ConfigType } from './config-key.ts'
import { dynamicKey } from './broker-alteration.ts'
import { type ClientMetricsKey, clientMetricsKeys } from './client-metrics-config.ts'
import { brokerKeyOfGroup, GroupConfig, type GroupKey } from './group-config.ts'
import { groupResourceKeys } from './group-resource-keys.ts'
import { brokerKeysBehind, TopicConfig, type TopicKey } from './topic-config.ts'
import { topicKeys } from './topic-keys.ts'

export interface ConfigEntry {
  name: string
  /** Null for what is sensitive, and where there is none. */
  value: string | null
  source: ConfigSource
  /** Of names that no row describes nothing is known. */
  type: ConfigType | 'UNKNOWN'
  sensitive: boolean
  readOnly: boolean
  /** Every place that sets it, strongest first: the first one is what holds. */
  synonyms: ConfigSynonym[]
}

/** Numbers on the wire of `ConfigEntry.source`. */
export const configSourceCode: Readonly<Record<ConfigSource, number>> = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
}

/** Numbers on the wire of `ConfigEntry.type`. */
export const configTypeCode: Readonly<Record<ConfigType | 'UNKNOWN', number>> = {
  UNKNOWN: 0,
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
}

/** All configs of a topic that has these overrides, in alphabetical order. */
export function describeTopicConfigs(
  overrides: ReadonlyMap<string, string>,
  config: BrokerConfig,
): ConfigEntry[] {
  const topic = new TopicConfig(overrides, config)
  return (Object.keys(topicKeys) as TopicKey[]).map((name) => {
    const value = topic.text(name)
    const synonyms = brokerSynonyms(brokerKeysBehind(name)[0], config)
    if (overrides.has(name)) synonyms.unshift({ name, value, source: 'TOPIC' })
    return entry(name, topicKeys[name], value, synonyms, false)
  })
}

/** All configs of a broker, in the table's order, and then what was altered of other names. */
export function describeBrokerConfigs(config: BrokerConfig): ConfigEntry[] {
  const described = (Object.keys(brokerKeys) as BrokerKey[]).map((name) => {
    const key = brokerKeys[name]
    const synonyms = brokerSynonyms(name, config)
    return entry(name, key, config.text(name), synonyms, key.update === 'read-only')
  })
  const { ofBroker, ofCluster } = config.altered
  const others = new Set([...ofBroker.keys(), ...ofCluster.keys()])
  for (const name of others) {
    if (!isBrokerKey(name)) described.push(unknownEntry(name, config))
  }
  return described
}

/** The configs that hold for every broker of the cluster, where nothing is said of one (the broker resource without a name). */
export function describeClusterDefaults(config: BrokerConfig): ConfigEntry[] {
  return describeBrokerConfigs(config)
    .map((one) => {
      const source = 'DYNAMIC_DEFAULT_BROKER' as const
      const synonyms = one.synonyms.filter((synonym) => synonym.source === source)
      const value = one.sensitive ? null : (config.clusterDefault(one.name) ?? null)
      return { ...one, value, source, synonyms }
    })
    .filter(({ synonyms }) => synonyms.length > 0)
}

/** Of a name that no row describes nobody knows whether its value is a secret. A listener's is like the key it is named after. */
function unknownEntry(name: string, config: BrokerConfig): ConfigEntry {
  const key = dynamicKey(name)
  const value = config.altered.ofBroker.get(name) ?? config.clusterDefault(name) ?? null
  const sensitive = key === undefined || key.type === 'PASSWORD'
  const synonyms: ConfigSynonym[] = []
  const add = (text: string | undefined, source: ConfigSource): void => {
    if (text !== undefined) synonyms.push({ name, value: sensitive ? null : text, source })
  }
  add(config.altered.ofBroker.get(name), 'DYNAMIC_BROKER')
  add(config.altered.ofCluster.get(name), 'DYNAMIC_DEFAULT_BROKER')
  const source = synonyms[0]?.source ?? 'DEFAULT'
  const base = name.replace(/^listener\.name\.[^.]*\./, '')
  if (isBrokerKey(base)) synonyms.push(...config.synonyms([base]))
  const type = key?.type ?? 'UNKNOWN'
  return {
    name,
    value: sensitive ? null : value,
    source,
    type,
    sensitive,
    readOnly: true,
    synonyms,
  }
}

/** All configs of a group that has these overrides; they exist for any group id (KIP-848). */
export function describeGroupConfigs(
  overrides: ReadonlyMap<string, string>,
  config: BrokerConfig,
): ConfigEntry[] {
  const group = new GroupConfig(overrides, config)
  return (Object.keys(groupResourceKeys) as GroupKey[]).map((name) => {
    const key: ConfigKey<unknown> = groupResourceKeys[name]
    const behind = brokerKeyOfGroup(name)
    const value = group.text(name)
    const synonyms: ConfigSynonym[] = behind
      ? brokerSynonyms(behind, config)
      : [{ name, value: key.defaultText, source: 'DEFAULT' }]
    if (overrides.has(name)) synonyms.unshift({ name, value, source: 'GROUP' })
    return entry(name, key, value, synonyms, false)
  })
}

/** All configs of a client metrics subscription; they exist for any name. */
export function describeClientMetrics(configs: ReadonlyMap<string, string>): ConfigEntry[] {
  return (Object.keys(clientMetricsKeys) as ClientMetricsKey[]).map((name) => {
    const key: ConfigKey<unknown> = clientMetricsKeys[name]
    const own = configs.get(name)
    const parsed = own === undefined ? undefined : key.parse(name, own)
    if (!parsed || 'error' in parsed) return entry(name, key, key.defaultText, [], false)
    const synonyms = [{ name, value: parsed.text, source: 'CLIENT_METRICS' as const }]
    return entry(name, key, parsed.text, synonyms, false)
  })
}

/** The level of each logger of the broker. */
export function describeLoggers(levels: ReadonlyMap<string, string>): ConfigEntry[] {
  return Array.from(levels, ([name, value]) => ({
    name,
    value,
    source: 'DYNAMIC_BROKER_LOGGER',
    type: 'UNKNOWN',
    sensitive: false,
    readOnly: false,
    synonyms: [],
  }))
}

/** Groups whose keys stand for one thing in several units: the strongest comes first. */
const SAME_THING: readonly (readonly BrokerKey[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]

/** As Kafka does, what a key's synonyms say is shown only from where the key itself is set. */
function brokerSynonyms(name: BrokerKey | undefined, config: BrokerConfig): ConfigSynonym[] {
  if (name === undefined) return []
  const all = config.synonyms(SAME_THING.find((keys) => keys.includes(name)) ?? [name])
  const first = all.findIndex((synonym) => synonym.name === name)
  return first < 0 ? [] : all.slice(first)
}

function entry(
  name: string,
  key: ConfigKey<unknown>,
  value: string | null,
  synonyms: ConfigSynonym[],
  readOnly: boolean,
): ConfigEntry {
  const sensitive = key.type === 'PASSWORD'
  return {
    name,
    value: sensitive ? null : value,
    source: synonyms[0]?.source ?? 'DEFAULT',
    type: key.type,
    sensitive,
    readOnly,
    synonyms,
  }
}
