import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'

const dynamic = (ofBroker: Record<string, string>, ofCluster: Record<string, string> = {}) => ({
  ofBroker: new Map(Object.entries(ofBroker)),
  ofCluster: new Map(Object.entries(ofCluster)),
})

describe('values that are altered while the broker runs', () => {
  test('win over those that it was started with, its own over those of all brokers', () => {
    const config = BrokerConfig.of({ 'message.max.bytes': 100 })
    config.adopt(dynamic({}, { 'message.max.bytes': ' 200 ' }))
    expect(config.get('message.max.bytes')).toBe(200)
    config.adopt(dynamic({ 'message.max.bytes': '300' }, { 'message.max.bytes': '200' }))
    expect(config.text('message.max.bytes')).toBe('300')
    config.adopt(dynamic({}))
    expect(config.get('message.max.bytes')).toBe(100)
  })

  test('are told by what has changed, and by nothing else', () => {
    const config = BrokerConfig.of({ 'message.max.bytes': 100 })
    expect([...config.adopt(dynamic({ 'message.max.bytes': '100', 'num.foo': '1' }))]).toEqual([])
    expect([...config.adopt(dynamic({ 'log.roll.ms': '5' }, { 'log.roll.ms': '6' }))]).toEqual([
      'log.roll.ms',
    ])
    expect([...config.adopt(dynamic({ 'log.roll.ms': '5' }))]).toEqual([])
    expect([...config.adopt(dynamic({}))]).toEqual(['log.roll.ms'])
  })

  test('that their keys do not take are passed over', () => {
    const config = BrokerConfig.of({ 'message.max.bytes': 100 })
    config.adopt(dynamic({ 'message.max.bytes': 'many' }, { 'message.max.bytes': '200' }))
    expect(config.get('message.max.bytes')).toBe(200)
    config.adopt(dynamic({ 'message.max.bytes': 'many' }))
    expect(config.get('message.max.bytes')).toBe(100)
  })

  test('of a copy leave the original alone', () => {
    const config = BrokerConfig.of({ 'message.max.bytes': 100 })
    const copy = config.with(dynamic({ 'message.max.bytes': '200' }))
    expect([config.get('message.max.bytes'), copy.get('message.max.bytes')]).toEqual([100, 200])
  })

  test('are no part of what was given at the start', () => {
    const config = BrokerConfig.of()
    config.adopt(dynamic({ 'num.io.threads': '9' }))
    expect(config.given()).toEqual([])
    expect(config.source('num.io.threads')).toBe('default')
  })
})
