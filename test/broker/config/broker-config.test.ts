import { describe, expect, test } from 'vitest'
import { BrokerConfig, ConfigError } from '../../../src/broker/config/broker-config.ts'

const fails = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('BrokerConfig', () => {
  test('has typed defaults', () => {
    const config = new BrokerConfig()
    const partitions: number = config.get('num.partitions')
    const create: boolean = config.get('auto.create.topics.enable')
    const listeners: readonly string[] = config.get('listeners')
    const rack: string | null = config.get('broker.rack')
    const type: string = config.get('compression.type')
    expect([partitions, create, listeners, rack, type]).toEqual([
      1,
      true,
      ['PLAINTEXT://:9092'],
      null,
      'producer',
    ])
    // @ts-expect-error a key that does not exist is a type error
    expect(config.get('num.partition')).toBeUndefined()
  })

  test('reads Long.MAX_VALUE as the largest safe integer and prints it as it is', () => {
    const config = new BrokerConfig()
    expect(config.get('log.flush.interval.messages')).toBe(Number.MAX_SAFE_INTEGER)
    expect(config.text('log.flush.interval.messages')).toBe('9223372036854775807')
  })

  test('lets a later layer win, and remembers which did', () => {
    const config = new BrokerConfig([
      { kind: 'profile', values: { 'num.partitions': '2', 'broker.rack': 'a' } },
      { kind: 'file', values: { 'num.partitions': '3' } },
      { kind: 'environment', values: { 'num.partitions': ' 4 ' } },
    ])
    expect(config.get('num.partitions')).toBe(4)
    expect(config.source('num.partitions')).toBe('environment')
    expect(config.source('broker.rack')).toBe('profile')
    expect(config.source('node.id')).toBe('default')
  })

  test('takes values as code has them', () => {
    const config = BrokerConfig.of({
      'num.partitions': 5,
      'auto.create.topics.enable': false,
      'log.dirs': ['/a', '/b'],
    })
    expect(config.get('num.partitions')).toBe(5)
    expect(config.get('auto.create.topics.enable')).toBe(false)
    expect(config.get('log.dirs')).toEqual(['/a', '/b'])
  })

  test('names the nearest key for an unknown one, and where it stands', () => {
    const layer = { kind: 'file', origin: 'server.properties', values: { 'num.partitons': '1' } }
    expect(fails(() => new BrokerConfig([{ ...layer, kind: 'file' }]))).toBe(
      "Unknown configuration 'num.partitons' (in server.properties). Did you mean num.partitions?",
    )
  })

  test('names no key where none is near', () => {
    expect(fails(() => new BrokerConfig([{ kind: 'file', values: { 'shoe.size': '1' } }]))).toBe(
      "Unknown configuration 'shoe.size'.",
    )
  })

  test('says all that is wrong at once', () => {
    const values = { 'a.b': '1', 'num.partitions': 'x', 'shoe.size': '1' }
    expect(
      fails(() => new BrokerConfig([{ kind: 'file', origin: 'f', values }])).split('\n'),
    ).toEqual([
      "Unknown configuration 'a.b' (in f).",
      "Unknown configuration 'shoe.size' (in f).",
      'Invalid value x for configuration num.partitions: Not a number of type INT (in f)',
    ])
  })

  test('says that a value is empty, and in which variable', () => {
    const origins = { 'num.partitions': 'KAFKA_NUM_PARTITIONS' }
    const layer = { kind: 'environment', values: { 'num.partitions': ' ' }, origins } as const
    expect(fails(() => new BrokerConfig([layer]))).toBe(
      'Empty value for configuration num.partitions: Not a number of type INT (in KAFKA_NUM_PARTITIONS)',
    )
  })

  test.each([
    ['num.partitions', 'many', 'Not a number of type INT'],
    ['num.partitions', '0', 'Value must be at least 1'],
    ['num.partitions', '2147483648', 'Not a number of type INT'],
    ['auto.create.topics.enable', 'yes', 'Expected value to be either true or false'],
    ['group.share.delivery.count.limit', '11', 'Value must be no more than 10'],
    ['compression.gzip.level', '0', 'Value must be between 1 and 9 or equal to -1'],
    ['log.message.timestamp.type', 'x', 'String must be one of: CreateTime, LogAppendTime'],
    ['log.cleanup.policy', 'burn', 'String must be one of: compact, delete'],
    ['log.cleaner.min.cleanable.ratio', 'half', 'Not a number of type DOUBLE'],
  ])('refuses %s=%s', (name, value, complaint) => {
    const values = { [name]: value }
    expect(fails(() => new BrokerConfig([{ kind: 'option', origin: '-o', values }]))).toBe(
      `Invalid value ${value} for configuration ${name}: ${complaint} (in -o)`,
    )
  })

  test('refuses an empty list where Kafka does', () => {
    expect(fails(() => BrokerConfig.of({ listeners: '' }))).toBe(
      "Configuration 'listeners' must not be empty. Valid values include: any non-empty value",
    )
    expect(BrokerConfig.of({ 'log.cleanup.policy': '' }).get('log.cleanup.policy')).toEqual([])
  })

  test('takes an element of a list once', () => {
    const config = BrokerConfig.of({ 'log.cleanup.policy': 'compact , delete,compact' })
    expect(config.get('log.cleanup.policy')).toEqual(['compact', 'delete'])
  })

  test('holds node.id and broker.id for the same thing', () => {
    expect(BrokerConfig.of({ 'broker.id': 7 }).get('node.id')).toBe(7)
    expect(BrokerConfig.of({ 'node.id': 7 }).get('broker.id')).toBe(7)
    expect(fails(() => BrokerConfig.of({ 'node.id': 7, 'broker.id': 8 }))).toContain('differ')
  })

  test('lists what was set, profiles left out', () => {
    const config = new BrokerConfig([
      { kind: 'profile', values: { 'num.io.threads': '2' } },
      {
        kind: 'file',
        values: {
          'num.network.threads': '9',
          'zookeeper.connect': 'old:2181',
          'listener.name.plaintext.ssl.key.password': 'x',
          'num.partitions': '3',
        },
      },
    ])
    expect(config.given()).toEqual([
      { name: 'listener.name.plaintext.ssl.key.password', text: 'x' },
      { name: 'num.network.threads', text: '9' },
      { name: 'num.partitions', text: '3' },
      { name: 'zookeeper.connect', text: 'old:2181' },
    ])
  })
})
