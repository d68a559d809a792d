import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import {
  type ConfigEntry,
  describeBrokerConfigs,
  describeClusterDefaults,
  describeGroupConfigs,
  describeTopicConfigs,
} from '../../../src/broker/config/config-description.ts'

function named(entries: ConfigEntry[], name: string): ConfigEntry {
  const found = entries.find((entry) => entry.name === name)
  if (!found) throw new Error(`no ${name}`)
  return found
}

describe('describeTopicConfigs', () => {
  const of = (overrides: Record<string, string>, config = new BrokerConfig()): ConfigEntry[] =>
    describeTopicConfigs(new Map(Object.entries(overrides)), config)

  test('names all keys in alphabetical order', () => {
    const names = of({}).map(({ name }) => name)
    expect(names).toHaveLength(37)
    expect(names).toEqual([...names].sort())
  })

  test('shows a default with the key of the broker behind it', () => {
    expect(named(of({}), 'segment.bytes')).toEqual({
      name: 'segment.bytes',
      value: '1073741824',
      source: 'DEFAULT',
      type: 'INT',
      sensitive: false,
      readOnly: false,
      synonyms: [{ name: 'log.segment.bytes', value: '1073741824', source: 'DEFAULT' }],
    })
  })

  test('shows what the topic and the broker set, strongest first', () => {
    const config = BrokerConfig.of({ 'log.segment.bytes': 2_097_152 })
    const entry = named(of({ 'segment.bytes': '1048576' }, config), 'segment.bytes')
    expect(entry.source).toBe('TOPIC')
    expect(entry.synonyms).toEqual([
      { name: 'segment.bytes', value: '1048576', source: 'TOPIC' },
      { name: 'log.segment.bytes', value: '2097152', source: 'STATIC_BROKER' },
      { name: 'log.segment.bytes', value: '1073741824', source: 'DEFAULT' },
    ])
  })

  test('hides coarser units until the finest is set, as Kafka does', () => {
    const hours = BrokerConfig.of({ 'log.retention.hours': 1 })
    expect(named(of({}, hours), 'retention.ms')).toMatchObject({
      value: '3600000',
      source: 'DEFAULT',
      synonyms: [],
    })
    const ms = BrokerConfig.of({ 'log.retention.ms': 5 })
    expect(named(of({}, ms), 'retention.ms').synonyms).toEqual([
      { name: 'log.retention.ms', value: '5', source: 'STATIC_BROKER' },
      { name: 'log.retention.hours', value: '168', source: 'DEFAULT' },
    ])
  })

  test("shows a new cluster's default of min.insync.replicas", () => {
    expect(named(of({}), 'min.insync.replicas')).toMatchObject({
      source: 'DYNAMIC_DEFAULT_BROKER',
      synonyms: [
        { name: 'min.insync.replicas', value: '1', source: 'DYNAMIC_DEFAULT_BROKER' },
        { name: 'min.insync.replicas', value: '1', source: 'DEFAULT' },
      ],
    })
    expect(describeClusterDefaults(new BrokerConfig()).map(({ name }) => name)).toEqual([
      'min.insync.replicas',
    ])
  })
})

describe('describeBrokerConfigs', () => {
  const entries = describeBrokerConfigs(
    new BrokerConfig([
      { kind: 'profile', values: { 'offsets.topic.replication.factor': '1' } },
      { kind: 'file', values: { 'ssl.key.password': 'hunter2' } },
    ]),
  )

  test('shows static values over defaults', () => {
    expect(named(entries, 'offsets.topic.replication.factor')).toEqual({
      name: 'offsets.topic.replication.factor',
      value: '1',
      source: 'STATIC_BROKER',
      type: 'SHORT',
      sensitive: false,
      readOnly: true,
      synonyms: [
        { name: 'offsets.topic.replication.factor', value: '1', source: 'STATIC_BROKER' },
        { name: 'offsets.topic.replication.factor', value: '3', source: 'DEFAULT' },
      ],
    })
  })

  test('shows no value and no synonyms where there is none', () => {
    expect(named(entries, 'log.retention.ms')).toMatchObject({
      value: null,
      source: 'DEFAULT',
      readOnly: false,
      synonyms: [],
    })
  })

  test('never shows a secret', () => {
    const entry = named(entries, 'ssl.key.password')
    expect(entry).toMatchObject({ value: null, sensitive: true, source: 'STATIC_BROKER' })
    expect(JSON.stringify(entries)).not.toContain('hunter2')
  })
})

test("describeGroupConfigs shows the broker's keys behind a group's", () => {
  const overrides = new Map([['consumer.session.timeout.ms', '50000']])
  const entries = describeGroupConfigs(overrides, new BrokerConfig())
  expect(named(entries, 'consumer.session.timeout.ms')).toMatchObject({
    source: 'GROUP',
    synonyms: [
      { name: 'consumer.session.timeout.ms', value: '50000', source: 'GROUP' },
      { name: 'group.consumer.session.timeout.ms', value: '45000', source: 'DEFAULT' },
    ],
  })
  expect(named(entries, 'streams.assignor.name')).toMatchObject({
    value: 'sticky',
    synonyms: [{ name: 'group.streams.assignors', value: 'sticky', source: 'DEFAULT' }],
  })
})
