/** A topic's configuration: its own values over the broker's, which have other names. */

import type { LogConfig } from '../../storage/engine.ts'
import type { BrokerConfig, BrokerKey } from './broker-config.ts'
import type { ConfigKey, ValueOf } from './config-key.ts'
import { topicKeys } from './topic-keys.ts'

export type TopicKey = keyof typeof topicKeys
export type TopicValue<K extends TopicKey> = ValueOf<(typeof topicKeys)[K]>

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** The broker's keys that give a topic key its value, the first that has one wins; a number is what its unit counts for. */
type Defaults = readonly (BrokerKey | readonly [BrokerKey, number])[]

const BROKER_DEFAULTS: { readonly [K in TopicKey]?: Defaults } = {
  'cleanup.policy': ['log.cleanup.policy'],
  'compression.gzip.level': ['compression.gzip.level'],
  'compression.lz4.level': ['compression.lz4.level'],
  'compression.type': ['compression.type'],
  'compression.zstd.level': ['compression.zstd.level'],
  'delete.retention.ms': ['log.cleaner.delete.retention.ms'],
  'file.delete.delay.ms': ['log.segment.delete.delay.ms'],
  'flush.messages': ['log.flush.interval.messages'],
  'flush.ms': ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  'index.interval.bytes': ['log.index.interval.bytes'],
  'local.retention.bytes': ['log.local.retention.bytes'],
  'local.retention.ms': ['log.local.retention.ms'],
  'max.compaction.lag.ms': ['log.cleaner.max.compaction.lag.ms'],
  'max.decompressed.message.bytes': ['max.decompressed.message.bytes'],
  'max.message.bytes': ['message.max.bytes'],
  'message.timestamp.after.max.ms': ['log.message.timestamp.after.max.ms'],
  'message.timestamp.before.max.ms': ['log.message.timestamp.before.max.ms'],
  'message.timestamp.type': ['log.message.timestamp.type'],
  'min.cleanable.dirty.ratio': ['log.cleaner.min.cleanable.ratio'],
  'min.compaction.lag.ms': ['log.cleaner.min.compaction.lag.ms'],
  'min.insync.replicas': ['min.insync.replicas'],
  preallocate: ['log.preallocate'],
  'remote.copy.lag.bytes': ['log.remote.copy.lag.bytes'],
  'remote.copy.lag.ms': ['log.remote.copy.lag.ms'],
  'retention.bytes': ['log.retention.bytes'],
  'retention.ms': [
    'log.retention.ms',
    ['log.retention.minutes', MINUTE_MS],
    ['log.retention.hours', HOUR_MS],
  ],
  'segment.bytes': ['log.segment.bytes'],
  'segment.index.bytes': ['log.index.size.max.bytes'],
  'segment.jitter.ms': ['log.roll.jitter.ms', ['log.roll.jitter.hours', HOUR_MS]],
  'segment.ms': ['log.roll.ms', ['log.roll.hours', HOUR_MS]],
  'unclean.leader.election.enable': ['unclean.leader.election.enable'],
}

export function isTopicKey(name: string): name is TopicKey {
  return Object.hasOwn(topicKeys, name)
}

/** The broker's keys behind a topic's key, strongest first. */
export function brokerKeysBehind(key: TopicKey): BrokerKey[] {
  return (BROKER_DEFAULTS[key] ?? []).map((entry) => (typeof entry === 'string' ? entry : entry[0]))
}

/** The broker's keys that what a topic's configs or its logs obey depends on. */
export const topicDefaultKeys: ReadonlySet<BrokerKey> = new Set<BrokerKey>([
  ...(Object.keys(BROKER_DEFAULTS) as TopicKey[]).flatMap((key) => brokerKeysBehind(key)),
  'producer.id.expiration.ms',
])

export class TopicConfig {
  private readonly overrides: ReadonlyMap<string, string>
  private readonly config: BrokerConfig
  private readonly known = new Map<TopicKey, { value: unknown; text: string }>()

  constructor(overrides: ReadonlyMap<string, string>, config: BrokerConfig) {
    this.overrides = overrides
    this.config = config
  }

  get<K extends TopicKey>(key: K): TopicValue<K> {
    return this.read(key).value as TopicValue<K>
  }

  /** The value as Kafka prints it. */
  text(key: TopicKey): string {
    return this.read(key).text
  }

  /** What the topic's logs need to know of it. */
  logConfig(): LogConfig {
    const policy = this.get('cleanup.policy')
    return {
      segmentBytes: this.get('segment.bytes'),
      segmentMs: this.get('segment.ms'),
      segmentJitterMs: this.get('segment.jitter.ms'),
      segmentIndexBytes: this.get('segment.index.bytes'),
      indexIntervalBytes: this.get('index.interval.bytes'),
      flushMessages: this.get('flush.messages'),
      flushMs: this.get('flush.ms'),
      retentionBytes: this.get('retention.bytes'),
      retentionMs: this.get('retention.ms'),
      cleanupPolicy: { delete: policy.includes('delete'), compact: policy.includes('compact') },
      fileDeleteDelayMs: this.get('file.delete.delay.ms'),
      deleteRetentionMs: this.get('delete.retention.ms'),
      minCleanableDirtyRatio: this.get('min.cleanable.dirty.ratio'),
      minCompactionLagMs: this.get('min.compaction.lag.ms'),
      maxCompactionLagMs: this.get('max.compaction.lag.ms'),
      producerIdExpirationMs: this.config.get('producer.id.expiration.ms'),
    }
  }

  private read(key: TopicKey): { value: unknown; text: string } {
    let read = this.known.get(key)
    if (!read) {
      read = this.parse(key, this.overrides.get(key) ?? brokerDefault(key, this.config))
      this.known.set(key, read)
    }
    return read
  }

  /** A broker's value may be one that a topic could not have (log.retention.ms=-5): it is taken as it is read, or the default is. */
  private parse(key: TopicKey, text: string | undefined): { value: unknown; text: string } {
    const row: ConfigKey<unknown> = topicKeys[key]
    const parsed = text === undefined ? undefined : row.parse(key, text)
    if (parsed && 'value' in parsed) return parsed
    return { value: row.defaultValue, text: row.defaultText ?? '' }
  }
}

function brokerDefault(key: TopicKey, config: BrokerConfig): string | undefined {
  for (const entry of BROKER_DEFAULTS[key] ?? []) {
    const [name, unit] = typeof entry === 'string' ? [entry, 1] : entry
    const text = config.text(name)
    if (text === null) continue
    // Any negative retention means no limit.
    if (key === 'retention.ms' && Number(text) < 0) return '-1'
    return unit === 1 ? text : String(Number(text) * unit)
  }
  return undefined
}

/** What is wrong with configs that somebody gives a topic, in Kafka's words; null when nothing is. */
export function validateTopicOverrides(
  overrides: Iterable<readonly [string, string | null]>,
  config: BrokerConfig,
): string | null {
  const given = [...overrides]
  const nulls = given.filter(([, value]) => value === null).map(([name]) => name)
  if (nulls.length > 0) return `Null value not supported for topic configs: ${nulls.join(',')}`
  const values = new Map<string, string>()
  for (const [name, value] of given) {
    if (!isTopicKey(name)) return `Unknown topic config name: ${name}`
    values.set(name, value ?? '')
  }
  for (const [name, value] of values) {
    const parsed = topicKeys[name as TopicKey].parse(name, value)
    if ('error' in parsed) return parsed.error
  }
  return conflict(new TopicConfig(values, config), config)
}

/** Configs that are right each for itself, and not together. */
function conflict(topic: TopicConfig, config: BrokerConfig): string | null {
  const [min, max] = ['min.compaction.lag.ms', 'max.compaction.lag.ms'] as const
  if (topic.get(min) > topic.get(max)) {
    return `conflict topic config setting ${min} (${topic.text(min)}) > ${max} (${topic.text(max)})`
  }
  if (topic.get('remote.storage.enable') && !config.get('remote.log.storage.system.enable')) {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.'
  }
  return null
}
