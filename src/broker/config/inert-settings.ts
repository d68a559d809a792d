/** What is set and has no effect here: keys that nothing reads, and values that ask for what is not done yet. */

import type { BrokerConfig, BrokerKey } from './broker-config.ts'
import {
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  GROUP_RESOURCE,
  type StoredResource,
  TOPIC_RESOURCE,
} from './config-resources.ts'
import { namesIn } from './connection-limits.ts'
import { honouredGroupKeys, honouredKeys } from './honoured-keys.ts'
import { brokerKeysBehind, TopicConfig, type TopicKey } from './topic-config.ts'

/** Says in a few words why a value of an honoured key does nothing. */
type Complaint = (text: string) => string | undefined

const complaints: { readonly [K in BrokerKey]?: Complaint } = {
  'max.connections.per.ip.overrides': (text) =>
    namesIn(text).length > 0 ? 'only addresses count, no names' : undefined,
}

/** The names of inert keys, and `name=value (why)` for inert values, in alphabetical order. */
export function inertSettings(config: BrokerConfig): string[] {
  return config.given().flatMap(({ name, text }) => inert([name as BrokerKey], name, text))
}

/** The same for a topic's own configs, those left out that say what holds anyway. */
export function inertTopicSettings(
  overrides: ReadonlyMap<string, string>,
  config: BrokerConfig,
): string[] {
  const inherited = new TopicConfig(new Map(), config)
  const own = new TopicConfig(overrides, config)
  return [...overrides.keys()].flatMap((name) => {
    const key = name as TopicKey
    const text = own.text(key)
    return text === inherited.text(key) ? [] : inert(brokerKeysBehind(key), name, text)
  })
}

/** The same of configs that somebody has altered, of a resource of this kind. */
export function inertAlterations(
  resourceType: StoredResource,
  values: ReadonlyMap<string, string>,
  config: BrokerConfig,
): string[] {
  switch (resourceType) {
    case TOPIC_RESOURCE:
      return inertTopicSettings(values, config)
    case BROKER_RESOURCE:
      return [...values].flatMap(([name, text]) => inert([name as BrokerKey], name, text.trim()))
    case GROUP_RESOURCE:
      return [...values.keys()].filter((name) => !honouredGroupKeys.has(name))
    case CLIENT_METRICS_RESOURCE:
      return [...values.keys()]
  }
}

function inert(keys: readonly BrokerKey[], name: string, text: string): string[] {
  const honoured = keys.find((key) => honouredKeys.has(key))
  if (honoured === undefined) return [name]
  const complaint = complaints[honoured]?.(text)
  return complaint === undefined ? [] : [`${name}=${text} (${complaint})`]
}
