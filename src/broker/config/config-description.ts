/** Configurations as DescribeConfigs and CreateTopics show them: every key with its value, source and synonyms. */

import {
  type BrokerConfig,
  type BrokerKey,
  type ConfigSource,
  type ConfigSynonym,
} from './broker-config.ts'
import { brokerKeys, isBrokerKey } from './broker-keys.ts'
import type { ConfigKey, ConfigType } from './config-key.ts'
import { groupResourceKeys } from './group-resource-keys.ts'
import { brokerKeysBehind, TopicConfig, type TopicKey } from './topic-config.ts'
import { topicKeys } from './topic-keys.ts'

export interface ConfigEntry {
  name: string
  /** Null for what is sensitive, and where there is none. */
  value: string | null
  source: ConfigSource
  type: ConfigType
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
  GROUP: 8,
}

/** Numbers on the wire of `ConfigEntry.type`. */
export const configTypeCode: Readonly<Record<ConfigType, number>> = {
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

/** All configs of a broker, in the table's order. */
export function describeBrokerConfigs(config: BrokerConfig): ConfigEntry[] {
  return (Object.keys(brokerKeys) as BrokerKey[]).map((name) => {
    const key = brokerKeys[name]
    const synonyms = brokerSynonyms(name, config)
    return entry(name, key, config.text(name), synonyms, key.update === 'read-only')
  })
}

/** The configs that hold for every broker of the cluster, where nothing is said of one (the broker resource without a name). */
export function describeClusterDefaults(config: BrokerConfig): ConfigEntry[] {
  return describeBrokerConfigs(config)
    .map((one) => ({
      ...one,
      synonyms: one.synonyms.filter(({ source }) => source === 'DYNAMIC_DEFAULT_BROKER'),
    }))
    .filter(({ synonyms }) => synonyms.length > 0)
}

/** All configs of a group that has these overrides; they exist for any group id (KIP-848). */
export function describeGroupConfigs(
  overrides: ReadonlyMap<string, string>,
  config: BrokerConfig,
): ConfigEntry[] {
  return Object.entries(groupResourceKeys).map(([name, key]: [string, ConfigKey<unknown>]) => {
    const behind = brokerKeyOfGroup(name)
    const inherited = behind === undefined ? key.defaultText : config.text(behind)
    const value = overrides.get(name) ?? inherited
    const synonyms: ConfigSynonym[] = behind
      ? brokerSynonyms(behind, config)
      : [{ name, value: key.defaultText, source: 'DEFAULT' }]
    if (overrides.has(name)) synonyms.unshift({ name, value, source: 'GROUP' })
    return entry(name, key, value, synonyms, false)
  })
}

function brokerKeyOfGroup(name: string): BrokerKey | undefined {
  if (name === 'streams.assignor.name') return 'group.streams.assignors'
  const behind = `group.${name}`
  return isBrokerKey(behind) ? behind : undefined
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
