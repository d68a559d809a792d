import { describe, expect, test } from 'vitest'
import { BrokerConfig, ConfigError } from '../../../src/broker/config/broker-config.ts'
import { profileLayer, profileNames } from '../../../src/broker/config/profiles.ts'
import {
  refuseContradictions,
  refuseUnserved,
  warningsOf,
} from '../../../src/broker/config/start-checks.ts'

const from = (values: Record<string, string>): BrokerConfig =>
  new BrokerConfig([{ kind: 'file', values }])

describe('refuseUnserved', () => {
  test.each<Record<string, string>>([
    { 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer' },
    { 'super.users': 'User:admin' },
    { 'sasl.enabled.mechanisms': 'PLAIN' },
    { 'sasl.jaas.config': 'secret words' },
    { 'ssl.client.auth': 'required' },
    { 'ssl.keystore.location': '/etc/keys.jks' },
    { 'security.inter.broker.protocol': 'SASL_SSL' },
    { 'listener.name.plaintext.ssl.client.auth': 'required' },
    { 'listener.name.inside.scram-sha-256.sasl.jaas.config': 'secret words' },
  ])('does not start with less than %j', (values) => {
    const refuse = (): void => refuseUnserved(from(values))
    expect(refuse).toThrow(ConfigError)
    expect(refuse).toThrow(
      `${Object.keys(values)[0]}: no encryption, authentication or authorization is served yet.`,
    )
    expect(refuse).not.toThrow('secret')
  })

  test('names all of them', () => {
    expect(() =>
      refuseUnserved(from({ 'ssl.client.auth': 'requested', 'super.users': 'User:a' })),
    ).toThrow('ssl.client.auth, super.users: ')
  })

  test('takes what says that it is not wanted', () => {
    refuseUnserved(
      from({
        'authorizer.class.name': '',
        'ssl.client.auth': 'none',
        'security.inter.broker.protocol': 'PLAINTEXT',
        'allow.everyone.if.no.acl.found': 'true',
      }),
    )
    for (const profile of profileNames) refuseUnserved(new BrokerConfig([profileLayer(profile)]))
  })

  test('a controller alone is not to be had', () => {
    expect(() => refuseUnserved(from({ 'process.roles': 'controller' }))).toThrow(
      'process.roles has no broker',
    )
    refuseUnserved(from({ 'process.roles': 'broker' }))
  })
})

describe('refuseContradictions', () => {
  test.each<[Record<string, string>, string]>([
    [{ 'log.roll.ms': '0' }, 'log.roll.ms must be greater than or equal to 1'],
    [{ 'log.roll.jitter.ms': '-1' }, 'log.roll.jitter.ms must be greater than or equal to 0'],
    [{ 'log.retention.ms': '0' }, 'log.retention.ms must be unlimited (-1) or'],
    [{ 'log.retention.hours': '0' }, 'log.retention.ms must be unlimited (-1) or'],
    [{ 'max.connections.per.ip': '0' }, 'max.connections.per.ip can be set to zero only if'],
    [{ 'log.cleaner.threads': '1000' }, 'log.cleaner.dedupe.buffer.size must be at least 1MB'],
    [{ 'log.retention.minutes': '0' }, 'log.retention.ms must be unlimited (-1)'],
    [{ 'max.connections.per.ip.overrides': 'x' }, 'x is not host:connections'],
    [{ 'log.cleaner.dedupe.buffer.size': '100' }, 'must be at least 1MB per cleaner thread'],
  ])('does not start with %j', (values, text) => {
    const refuse = (): void => refuseContradictions(from(values))
    expect(refuse).toThrow(ConfigError)
    expect(refuse).toThrow(text)
  })

  test('takes what there is no contradiction in', () => {
    refuseContradictions(from({ 'log.retention.ms': '-1', 'log.retention.hours': '0' }))
    refuseContradictions(from({ 'max.connections': '0', 'log.roll.ms': '1' }))
    refuseContradictions(from({ 'log.retention.ms': '-5', 'log.retention.hours': '0' }))
    refuseContradictions(from({ 'log.retention.hours': '-3' }))
    refuseContradictions(
      from({ 'max.connections.per.ip': '0', 'max.connections.per.ip.overrides': '127.0.0.1:9' }),
    )
    for (const profile of profileNames) {
      refuseContradictions(new BrokerConfig([profileLayer(profile)]))
    }
  })
})

test('warns of more replicas than there are nodes', () => {
  expect(warningsOf(from({ 'default.replication.factor': '3' }))).toEqual([
    expect.stringContaining('default.replication.factor is 3 and there is one node'),
  ])
  expect(warningsOf(from({ 'default.replication.factor': '1' }))).toEqual([])
})
