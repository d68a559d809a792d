import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { honouredKeys } from '../../../src/broker/config/honoured-keys.ts'
import { inertSettings, inertTopicSettings } from '../../../src/broker/config/inert-settings.ts'
import { profileLayer } from '../../../src/broker/config/profiles.ts'

const config = new BrokerConfig([profileLayer('dev')])

describe('what is set and has no effect', () => {
  const of = (values: Record<string, string>) =>
    inertSettings(new BrokerConfig([profileLayer('dev'), { kind: 'file', values }]))

  test('is keys that nothing reads', () => {
    expect(
      of({ 'num.partitions': '3', 'num.io.threads': '9', 'zookeeper.connect': 'a:1' }),
    ).toEqual(['num.io.threads', 'zookeeper.connect'])
  })

  test('is values that ask for what is not done', () => {
    const overrides = 'max.connections.per.ip.overrides'
    expect(of({ [overrides]: 'box:5', 'compression.lz4.level': '12' })).toEqual([
      'compression.lz4.level',
      `${overrides}=box:5 (only addresses count, no names)`,
    ])
    expect(of({ 'log.cleanup.policy': 'delete , compact', 'compression.type': 'lz4' })).toEqual([])
  })
})

describe("a topic's configs without effect", () => {
  const of = (configs: Record<string, string>) =>
    inertTopicSettings(new Map(Object.entries(configs)), config)

  test('are those whose broker keys are inert', () => {
    expect(
      of({ 'cleanup.policy': 'compact', preallocate: 'true', 'segment.bytes': '2000000' }),
    ).toEqual(['preallocate'])
    expect(of({ 'remote.log.copy.disable': 'true' })).toEqual(['remote.log.copy.disable'])
  })

  test('are as the list of honoured keys says', () => {
    const isHonoured = honouredKeys.has('log.retention.ms')
    expect(of({ 'retention.ms': '5' })).toEqual(isHonoured ? [] : ['retention.ms'])
  })

  test('are not those that say what holds anyway', () => {
    expect(of({ 'min.insync.replicas': '1', preallocate: 'FALSE' })).toEqual([])
  })
})
