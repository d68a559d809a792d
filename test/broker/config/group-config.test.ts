import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import {
  GroupConfig,
  type GroupKey,
  validateGroupOverrides,
} from '../../../src/broker/config/group-config.ts'

const config = BrokerConfig.of()

const problem = (configs: Record<string, string>): string | null =>
  validateGroupOverrides(new Map(Object.entries(configs)), config)

/** As Apache Kafka 4.4 answers. */
describe('what a group may not have', () => {
  test.each([
    ['consumer.assignment.interval.ms', '15001', 0, 15_000],
    ['consumer.heartbeat.interval.ms', '4999', 5000, 15_000],
    ['consumer.session.timeout.ms', '60001', 45_000, 60_000],
    ['share.assignment.interval.ms', '15001', 0, 15_000],
    ['share.delivery.count.limit', '11', 2, 10],
    ['share.heartbeat.interval.ms', '1', 5000, 15_000],
    ['share.partition.max.record.locks', '4001', 100, 4000],
    ['share.record.lock.duration.ms', '14999', 15_000, 60_000],
    ['share.session.timeout.ms', '44999', 45_000, 60_000],
    ['streams.assignment.interval.ms', '15001', 0, 15_000],
    ['streams.heartbeat.interval.ms', '15001', 5000, 15_000],
    ['streams.session.timeout.ms', '1', 45_000, 60_000],
  ])('%s of %s', (key, value, min, max) => {
    expect(problem({ [key]: value })).toBe(
      `${key} must be in the range ${min} to ${max} inclusive.`,
    )
    expect(problem({ [key]: String(min) })).toBeNull()
    expect(problem({ [key]: String(max) })).toBeNull()
  })

  test.each([
    [
      'consumer.heartbeat.interval.ms',
      '0',
      'Invalid value 0 for configuration consumer.heartbeat.interval.ms: Value must be at least 1',
    ],
    [
      'consumer.session.timeout.ms',
      'x',
      'Invalid value x for configuration consumer.session.timeout.ms: Not a number of type INT',
    ],
    [
      'errors.deadletterqueue.copy.record.enable',
      'x',
      'Invalid value x for configuration errors.deadletterqueue.copy.record.enable: Expected value to be either true or false',
    ],
    [
      'errors.deadletterqueue.topic.name',
      '__x',
      "errors.deadletterqueue.topic.name: DLQ topic name must not start with '__'",
    ],
    [
      'share.auto.offset.reset',
      'by_duration:PT',
      "Invalid value by_duration:PT for configuration share.auto.offset.reset: Invalid value `by_duration:PT` for configuration share.auto.offset.reset. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
    ],
    [
      'share.isolation.level',
      'x',
      'Invalid value x for configuration share.isolation.level: String must be one of: read_committed, read_uncommitted',
    ],
    [
      'streams.assignor.name',
      'x',
      "streams.assignor.name 'x' is not a registered task assignor. Registered assignors are: [sticky].",
    ],
    [
      'streams.assignor.name',
      '',
      "streams.assignor.name '' is not a registered task assignor. Registered assignors are: [sticky].",
    ],
    [
      'streams.num.standby.replicas',
      '3',
      'streams.num.standby.replicas must be less than or equal to 2',
    ],
    [
      'streams.rack.aware.assignment.tags',
      ',a',
      "Configuration 'streams.rack.aware.assignment.tags' values must not be empty.",
    ],
    ['nothing', '1', 'Unknown group config name: nothing'],
  ])('%s of "%s"', (key, value, answer) => {
    expect(problem({ [key]: value })).toBe(answer)
  })

  test.each([
    ['errors.deadletterqueue.topic.name', 'a b'],
    ['share.auto.offset.reset', 'by_duration:PT1H30M'],
    ['streams.assignor.name', 'sticky'],
    ['streams.initial.rebalance.delay.ms', '999999999'],
    ['streams.rack.aware.assignment.tags', 'a,b'],
  ])('but %s may be %s', (key, value) => {
    expect(problem({ [key]: value })).toBeNull()
  })

  test('a session that is no longer than what is between two heartbeats', () => {
    const wide = BrokerConfig.of({
      'group.consumer.max.heartbeat.interval.ms': 60_000,
      'group.consumer.session.timeout.ms': 60_000,
    })
    const asked = new Map([
      ['consumer.heartbeat.interval.ms', '50000'],
      ['consumer.session.timeout.ms', '45000'],
    ])
    expect(validateGroupOverrides(asked, wide)).toBe(
      'consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms',
    )
  })
})

describe("a group's config", () => {
  const group = new GroupConfig(new Map([['consumer.session.timeout.ms', ' 50000 ']]), config)

  test('is its own, else that of the broker for all groups, as that is now', () => {
    const values: [GroupKey, unknown, string][] = [
      ['consumer.session.timeout.ms', 50_000, '50000'],
      ['consumer.heartbeat.interval.ms', 5000, '5000'],
      ['streams.assignor.name', 'sticky', 'sticky'],
      ['share.auto.offset.reset', 'latest', 'latest'],
    ]
    for (const [key, value, text] of values) {
      expect(group.get(key)).toEqual(value)
      expect(group.text(key)).toBe(text)
    }
    const altered = BrokerConfig.of()
    const other = new GroupConfig(new Map(), altered)
    altered.adopt({
      ofBroker: new Map(),
      ofCluster: new Map([['group.consumer.assignment.interval.ms', '7']]),
    })
    expect(other.get('consumer.assignment.interval.ms')).toBe(7)
  })
})
