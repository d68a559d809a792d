/** A group's configuration: its own values over those of the broker for all groups of its kind (KIP-848, KIP-932, KIP-1071). */

import type { BrokerConfig } from './broker-config.ts'
import { type BrokerKey, isBrokerKey } from './broker-keys.ts'
import type { ConfigKey, ValueOf } from './config-key.ts'
import { groupResourceKeys } from './group-resource-keys.ts'

export type GroupKey = keyof typeof groupResourceKeys
export type GroupValue<K extends GroupKey> = ValueOf<(typeof groupResourceKeys)[K]>

function isGroupKey(name: string): name is GroupKey {
  return Object.hasOwn(groupResourceKeys, name)
}

/** The broker's key that gives a group's key its value where the group has none. */
export function brokerKeyOfGroup(name: string): BrokerKey | undefined {
  if (name === 'streams.assignor.name') return 'group.streams.assignors'
  const behind = `group.${name}`
  return isBrokerKey(behind) ? behind : undefined
}

export class GroupConfig {
  private readonly overrides: ReadonlyMap<string, string>
  private readonly config: BrokerConfig

  constructor(overrides: ReadonlyMap<string, string>, config: BrokerConfig) {
    this.overrides = overrides
    this.config = config
  }

  get<K extends GroupKey>(key: K): GroupValue<K> {
    const row: ConfigKey<unknown> = groupResourceKeys[key]
    const text = this.text(key)
    const parsed = text === null ? undefined : row.parse(key, text)
    const value = parsed && 'value' in parsed ? parsed.value : row.defaultValue
    return value as GroupValue<K>
  }

  /** The value as Kafka prints it; null where there is none. */
  text(key: GroupKey): string | null {
    const row: ConfigKey<unknown> = groupResourceKeys[key]
    const behind = brokerKeyOfGroup(key)
    const inherited = behind === undefined ? row.defaultText : this.config.text(behind)
    const own = this.overrides.get(key)
    if (own === undefined) return inherited
    const parsed = row.parse(key, own)
    return 'text' in parsed ? parsed.text : inherited
  }
}

/** The limits that a broker sets, in the order in which Kafka looks at them. */
const RANGES: readonly (readonly [key: GroupKey, min: BrokerKey, max: BrokerKey])[] = [
  range('consumer.session.timeout.ms'),
  range('consumer.heartbeat.interval.ms'),
  range('consumer.assignment.interval.ms'),
  range('share.session.timeout.ms'),
  range('share.heartbeat.interval.ms'),
  range('share.assignment.interval.ms'),
  range('share.record.lock.duration.ms'),
  range('share.delivery.count.limit'),
  range('share.partition.max.record.locks'),
  range('streams.session.timeout.ms'),
  range('streams.heartbeat.interval.ms'),
  range('streams.assignment.interval.ms'),
]

function range(key: GroupKey): readonly [GroupKey, BrokerKey, BrokerKey] {
  const [kind, ...rest] = key.split('.')
  const limit = (word: 'min' | 'max'): BrokerKey => {
    const name = `group.${kind}.${word}.${rest.join('.')}`
    if (!isBrokerKey(name)) throw new Error(`${key} has no ${name}.`)
    return name
  }
  return [key, limit('min'), limit('max')]
}

const PAIRS: readonly (readonly [longer: GroupKey, shorter: GroupKey])[] = [
  ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms'],
  ['share.session.timeout.ms', 'share.heartbeat.interval.ms'],
  ['streams.session.timeout.ms', 'streams.heartbeat.interval.ms'],
]

/** What is wrong with these as all configs of a group, in Kafka's words; null when nothing is. */
export function validateGroupOverrides(
  overrides: ReadonlyMap<string, string>,
  config: BrokerConfig,
): string | null {
  for (const name of overrides.keys()) {
    if (!isGroupKey(name)) return `Unknown group config name: ${name}`
  }
  for (const [name, value] of overrides) {
    const parsed = groupResourceKeys[name as GroupKey].parse(name, value)
    if ('error' in parsed) return parsed.error
  }
  const group = new GroupConfig(overrides, config)
  return outOfRange(overrides, group, config) ?? otherProblem(overrides, group, config)
}

function outOfRange(
  overrides: ReadonlyMap<string, string>,
  group: GroupConfig,
  config: BrokerConfig,
): string | null {
  for (const [key, minKey, maxKey] of RANGES) {
    if (!overrides.has(key)) continue
    const value = Number(group.get(key))
    const [min, max] = [Number(config.get(minKey)), Number(config.get(maxKey))]
    if (value < min || value > max) return `${key} must be in the range ${min} to ${max} inclusive.`
  }
  return null
}

function otherProblem(
  overrides: ReadonlyMap<string, string>,
  group: GroupConfig,
  config: BrokerConfig,
): string | null {
  const mostStandbys = config.get('group.streams.max.standby.replicas')
  if (group.get('streams.num.standby.replicas') > mostStandbys) {
    return `streams.num.standby.replicas must be less than or equal to ${mostStandbys}`
  }
  const assignor = overrides.get('streams.assignor.name')
  const assignors = config.get('group.streams.assignors')
  if (assignor !== undefined && !assignors.includes(assignor.trim())) {
    return `streams.assignor.name '${assignor}' is not a registered task assignor. Registered assignors are: [${assignors.join(', ')}].`
  }
  if (group.get('errors.deadletterqueue.topic.name').startsWith('__')) {
    return "errors.deadletterqueue.topic.name: DLQ topic name must not start with '__'"
  }
  for (const [longer, shorter] of PAIRS) {
    if (!overrides.has(longer) && !overrides.has(shorter)) continue
    if (Number(group.get(longer)) <= Number(group.get(shorter)))
      return `${longer} must be greater than ${shorter}`
  }
  return null
}
