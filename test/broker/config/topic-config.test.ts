import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { TopicConfig, validateTopicOverrides } from '../../../src/broker/config/topic-config.ts'

const topic = (overrides: Record<string, string>, config = new BrokerConfig()): TopicConfig =>
  new TopicConfig(new Map(Object.entries(overrides)), config)

const complaint = (overrides: Record<string, string | null>): string | null =>
  validateTopicOverrides(Object.entries(overrides), new BrokerConfig())

describe('TopicConfig', () => {
  test("has the topic's value, else the broker's, else Kafka's", () => {
    const config = BrokerConfig.of({ 'message.max.bytes': 2000, 'log.segment.bytes': 2_097_152 })
    const own = topic({ 'segment.bytes': '1048576' }, config)
    expect(own.get('segment.bytes')).toBe(1_048_576)
    expect(own.get('max.message.bytes')).toBe(2000)
    expect(own.get('retention.ms')).toBe(604_800_000)
  })

  test.each([
    [{ 'log.retention.hours': 1 }, 3_600_000],
    [{ 'log.retention.hours': 1, 'log.retention.minutes': 2 }, 120_000],
    [{ 'log.retention.minutes': 2, 'log.retention.ms': 3 }, 3],
    [{ 'log.retention.ms': -1, 'log.retention.minutes': 2 }, -1],
    [{ 'log.retention.hours': -1 }, -1],
  ])('takes the finest unit that is set: %j', (values, expected) => {
    expect(topic({}, BrokerConfig.of(values)).get('retention.ms')).toBe(expected)
  })

  test('is what the log needs to know', () => {
    const own = topic({ 'cleanup.policy': 'compact', 'flush.messages': '1' })
    expect(own.logConfig()).toEqual({
      segmentBytes: 1_073_741_824,
      segmentMs: 604_800_000,
      segmentJitterMs: 0,
      segmentIndexBytes: 10_485_760,
      indexIntervalBytes: 4096,
      flushMessages: 1,
      flushMs: Number.MAX_SAFE_INTEGER,
      retentionBytes: -1,
      retentionMs: 604_800_000,
      cleanupPolicy: { delete: false, compact: true },
      fileDeleteDelayMs: 60_000,
      deleteRetentionMs: 86_400_000,
      minCleanableDirtyRatio: 0.5,
      minCompactionLagMs: 0,
      maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
      producerIdExpirationMs: 86_400_000,
    })
  })
})

describe('validateTopicOverrides', () => {
  test.each([
    [{ nonsense: '1', 'segment.bytes': '1' }, 'Unknown topic config name: nonsense'],
    [{ 'retention.ms': null }, 'Null value not supported for topic configs: retention.ms'],
    [
      { 'retention.ms': 'x' },
      'Invalid value x for configuration retention.ms: Not a number of type LONG',
    ],
    [
      { 'retention.ms': '-3' },
      'Invalid value -3 for configuration retention.ms: Value must be at least -1',
    ],
    [
      { 'segment.bytes': ' 0x10' },
      'Invalid value  0x10 for configuration segment.bytes: Not a number of type INT',
    ],
    [
      { 'min.cleanable.dirty.ratio': '2' },
      'Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
    ],
    [
      { 'cleanup.policy': 'burn' },
      'Invalid value burn for configuration cleanup.policy: String must be one of: compact, delete',
    ],
    [
      { 'leader.replication.throttled.replicas': 'a' },
      "Invalid value [a] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
    ],
    [
      { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
      'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
    ],
  ])('refuses %j as Kafka does', (overrides, expected) => {
    expect(complaint(overrides)).toBe(expected)
  })

  test.each([
    {},
    { 'cleanup.policy': '' },
    { 'cleanup.policy': 'compact,compact' },
    { 'segment.bytes': '+2097152' },
    { 'leader.replication.throttled.replicas': '*' },
    { 'min.cleanable.dirty.ratio': '1e-1' },
    { 'retention.ms': '9223372036854775807' },
  ])('takes %j as Kafka does', (overrides) => {
    expect(complaint(overrides as Record<string, string>)).toBeNull()
  })
})
