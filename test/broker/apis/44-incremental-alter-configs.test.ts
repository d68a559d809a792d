import { beforeEach, describe, expect, test } from 'vitest'
import { listConfigResources } from '../../../src/broker/apis/74-list-config-resources.ts'
import { ManualClock } from '../../../src/clock.ts'
import { silentLogger } from '../../../src/logger.ts'
import { seededRandom } from '../../../src/random.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'
import { type BrokerFixture, BrokerFixture as Fixture, openBroker } from '../fixture.ts'
import { alter, alterEach, type Change, described, type Kind, replace } from './altering.ts'
import { configRefusals } from './config-refusals.ts'

let broker: BrokerFixture

async function makeTopic(name: string, configs: Record<string, string> = {}): Promise<void> {
  await broker.cluster.createTopics([
    {
      name,
      numPartitions: 2,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    },
  ])
}

beforeEach(async () => {
  broker = await openBroker()
  await makeTopic('t')
})

test.each(configRefusals)('$what is refused', async ({ kind, name, changes, answer }) => {
  expect(await alter(broker, kind, name, changes)).toBe(answer)
  expect(await alter(broker, kind, name, changes, { validateOnly: true })).toBe(answer)
})

describe('the configs of a topic', () => {
  test('are set and deleted one by one', async () => {
    await makeTopic('c', { 'retention.ms': '5000', 'segment.ms': '7' })
    const changes: Change[] = [
      ['retention.ms', ' 7000 '],
      ['segment.ms', null, 'DELETE'],
      ['nothing', null, 'DELETE'],
    ]
    expect(await alter(broker, 'topic', 'c', changes)).toBe('NONE')
    expect(await described(broker, 'topic', 'c', ['retention.ms', 'segment.ms'])).toEqual({
      'retention.ms': '7000 @1 retention.ms=7000@1',
      'segment.ms': '604800000 @5',
    })
  })

  test('that are lists grow and shrink, from the default on', async () => {
    const policy = async (...change: Change): Promise<string | undefined> => {
      expect(await alter(broker, 'topic', 't', [change])).toBe('NONE')
      const configs = await described(broker, 'topic', 't', ['cleanup.policy'])
      return configs['cleanup.policy']?.replace(/ .*/, '')
    }
    expect(await policy('cleanup.policy', 'compact,delete', 'APPEND')).toBe('delete,compact')
    expect(await policy('cleanup.policy', 'compact', 'APPEND')).toBe('delete,compact')
    expect(await policy('cleanup.policy', 'delete', 'SUBTRACT')).toBe('compact')
    expect(await policy('cleanup.policy', 'compact', 'SUBTRACT')).toBe('')
    expect(await policy('cleanup.policy', 'delete', 'SUBTRACT')).toBe('')
  })

  test('change as a whole or not at all, each resource for itself', async () => {
    await makeTopic('other')
    const answers = await alterEach(broker, [
      {
        kind: 'topic',
        name: 't',
        changes: [
          ['retention.ms', '11'],
          ['segment.ms', 'x'],
        ],
      },
      { kind: 'topic', name: 'other', changes: [['retention.ms', '12']] },
    ])
    expect(answers.map((answer) => answer.split(' ')[0])).toEqual(['INVALID_CONFIG', 'NONE'])
    const value = async (name: string) =>
      (await described(broker, 'topic', name, ['retention.ms']))['retention.ms']
    expect(await value('t')).toMatch(/^604800000 /)
    expect(await value('other')).toMatch(/^12 /)
  })

  test('a resource that is there twice is refused twice, and the others are altered', async () => {
    await makeTopic('other')
    const changes: Change[] = [['retention.ms', '1']]
    const twice = 'INVALID_REQUEST Each resource must appear at most once.'
    expect(
      await alterEach(broker, [
        { kind: 'topic', name: 't', changes },
        { kind: 'topic', name: 'other', changes },
        { kind: 'topic', name: 't', changes },
      ]),
    ).toEqual([twice, 'NONE', twice])
  })

  test('stay as they are with validateOnly', async () => {
    const changes: Change[] = [['retention.ms', '7']]
    expect(await alter(broker, 'topic', 't', changes, { validateOnly: true })).toBe('NONE')
    const configs = await described(broker, 'topic', 't', ['retention.ms'])
    expect(configs['retention.ms']).toBe('604800000 @5')
  })

  test.each([0, 1, 2])('AlterConfigs v%i replaces all of them', async (version) => {
    await makeTopic('c', { 'retention.ms': '5000' })
    expect(await replace(broker, 'topic', 'c', { 'max.message.bytes': '2000' }, version)).toBe(
      'NONE',
    )
    expect(await described(broker, 'topic', 'c', ['retention.ms', 'max.message.bytes'])).toEqual({
      'retention.ms': '604800000 @5',
      'max.message.bytes': '2000 @1 max.message.bytes=2000@1 message.max.bytes=1048588@5',
    })
    expect(await replace(broker, 'topic', 'c', { 'retention.ms': null }, version)).toBe(
      'INVALID_REQUEST Null value not supported for : retention.ms',
    )
    expect(await replace(broker, 'logger', '1', { root: 'INFO' }, version)).toBe(
      'INVALID_REQUEST Unknown resource type 8',
    )
  })

  test('of the coordinators may be altered as those of any other', async () => {
    await broker.cluster.internalTopic('__consumer_offsets')
    const changes: Change[] = [['retention.ms', '1000']]
    expect(await alter(broker, 'topic', '__consumer_offsets', changes)).toBe('NONE')
  })

  test('reach the logs of all partitions, new ones too', async () => {
    await alter(broker, 'topic', 't', [['segment.bytes', '2000000']])
    await broker.cluster.createPartitions([{ name: 't', count: 3, assignments: null }])
    const logs = (await broker.engine.list()).filter(({ topic }) => topic === 't')
    expect(logs.map(({ config }) => config.segmentBytes)).toEqual([2_000_000, 2_000_000, 2_000_000])
  })

  test('are gone with the topic', async () => {
    await alter(broker, 'topic', 't', [['retention.ms', '7']])
    await broker.cluster.deleteTopics([broker.cluster.topic('t')!.topicId])
    await makeTopic('t')
    const configs = await described(broker, 'topic', 't', ['retention.ms'])
    expect(configs['retention.ms']).toBe('604800000 @5')
  })
})

describe('the configs of a broker', () => {
  test('are stronger than those of all brokers, and these than what it was started with', async () => {
    const key = 'log.cleaner.backoff.ms'
    broker = await openBroker({ values: { [key]: 12_000 } })
    const now = async (): Promise<string | undefined> =>
      (await described(broker, 'broker', '1', [key]))[key]
    const from = (...values: string[]): string => values.map((value) => ` ${key}=${value}`).join('')
    const started = from('12000@4', '15000@5')
    expect(await now()).toBe(`12000 @4${started}`)
    await alter(broker, 'broker', '', [[key, '13000']])
    expect(await now()).toBe(`13000 @3${from('13000@3')}${started}`)
    await alter(broker, 'broker', '+1', [[key, '14000']])
    expect(await now()).toBe(`14000 @2${from('14000@2', '13000@3')}${started}`)
    expect(await described(broker, 'broker', '')).toEqual({
      [key]: `13000 @3${from('13000@3')}`,
      'min.insync.replicas': '1 @3 min.insync.replicas=1@3',
    })
    await alter(broker, 'broker', '1', [[key, null, 'DELETE']])
    expect(await now()).toBe(`13000 @3${from('13000@3')}${started}`)
    await replace(broker, 'broker', '', { 'min.insync.replicas': '1' })
    expect(await now()).toBe(`12000 @4${started}`)
  })

  test('show where topics have theirs from', async () => {
    await alter(broker, 'broker', '1', [
      ['log.cleanup.policy', 'compact', 'APPEND'],
      ['log.roll.ms', '100000'],
    ])
    await alter(broker, 'broker', '', [
      ['log.roll.ms', '200000'],
      ['log.retention.ms', '-5'],
    ])
    expect(
      await described(broker, 'topic', 't', ['cleanup.policy', 'segment.ms', 'retention.ms']),
    ).toEqual({
      'cleanup.policy':
        'delete,compact @2 log.cleanup.policy=delete,compact@2 log.cleanup.policy=delete@5',
      'segment.ms': '100000 @2 log.roll.ms=100000@2 log.roll.ms=200000@3 log.roll.hours=168@5',
      'retention.ms': '-1 @3 log.retention.ms=-5@3 log.retention.hours=168@5',
    })
    const [made] = await broker.cluster.createTopics(
      [{ name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      { validateOnly: true },
    )
    expect(broker.cluster.topicConfig(made as never).get('segment.ms')).toBe(100_000)
  })

  test('under names that nobody knows are kept, and shown as secrets', async () => {
    const listener = 'listener.name.plaintext.max.connections'
    await alter(broker, 'broker', '1', [
      ['num.foo', '3'],
      ['sasl.jaas.config', 'secret'],
      [listener, '100'],
    ])
    expect(
      await described(broker, 'broker', '1', ['num.foo', 'sasl.jaas.config', listener]),
    ).toEqual({
      'num.foo': 'null @2 num.foo=null@2',
      'sasl.jaas.config': 'null @2 sasl.jaas.config=null@2',
      [listener]: `100 @2 ${listener}=100@2 max.connections=2147483647@5`,
    })
  })

  test('AlterConfigs of all brokers has to leave min.insync.replicas', async () => {
    expect(await replace(broker, 'broker', '', { 'log.cleaner.backoff.ms': '1' })).toBe(
      'INVALID_CONFIG Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
    )
  })
})

describe('the configs of groups and client metrics', () => {
  const listed = async (): Promise<string[]> => {
    const { configResources } = await broker.ask(
      listConfigResources,
      { resourceTypes: [16, 32] },
      { version: 1 },
    )
    return configResources.map(
      ({ resourceType, resourceName }) => `${resourceType} ${resourceName}`,
    )
  }

  test('are kept by name, listed and described', async () => {
    await alter(broker, 'group', 'g', [['consumer.session.timeout.ms', '50000']])
    await alter(broker, 'metrics', 's', [['match', 'client_id=a.*, client_software_name=x']])
    expect(await listed()).toEqual(['16 s', '32 g'])
    expect(broker.cluster.groupConfig('g').get('consumer.session.timeout.ms')).toBe(50_000)
    expect(broker.cluster.groupConfig('h').get('consumer.session.timeout.ms')).toBe(45_000)
    const key = 'consumer.session.timeout.ms'
    expect(await described(broker, 'group', 'g', [key])).toEqual({
      [key]: `50000 @8 ${key}=50000@8 group.${key}=45000@5`,
    })
    expect(await described(broker, 'metrics', 's')).toEqual({
      'interval.ms': '300000 @5',
      match: 'client_id=a.*,client_software_name=x @7 match=client_id=a.*,client_software_name=x@7',
      metrics: ' @5',
    })
    await alter(broker, 'group', 'g', [['consumer.session.timeout.ms', null, 'DELETE']])
    await alter(broker, 'metrics', 's', [['match', null, 'DELETE']])
    expect(await listed()).toEqual([])
    expect(broker.cluster.groupConfig('g').get('consumer.session.timeout.ms')).toBe(45_000)
  })
})

describe('the level of the log', () => {
  test('is altered at once, and not with validateOnly', async () => {
    const clock = new ManualClock()
    const engine = await openMemoryEngine({ clock, random: seededRandom(1) })
    const log = { ...silentLogger, level: 'info' }
    log.isLevelEnabled = (level) =>
      ['info', 'warn', 'error', 'fatal'].includes(level) || level === log.level
    broker = await new Fixture({ engine, clock, log }).open()
    expect(await described(broker, 'logger', '1')).toEqual({ root: 'INFO @6' })
    await alter(broker, 'logger', '1', [['root', 'DEBUG']], { validateOnly: true })
    expect(log.level).toBe('info')
    expect(await alter(broker, 'logger', '1', [['root', 'DEBUG']])).toBe('NONE')
    expect(log.level).toBe('debug')
    expect(await described(broker, 'logger', '1')).toEqual({ root: 'DEBUG @6' })
  })

  test('of a log that has none cannot be', async () => {
    expect(await described(broker, 'logger', '1')).toEqual({ root: 'OFF @6' })
    expect(await alter(broker, 'logger', '1', [['root', 'DEBUG']])).toMatch(
      /^INVALID_REQUEST The log/,
    )
  })
})

test('what was altered is there after a restart, and in effect', async () => {
  await alterEach(broker, [
    { kind: 'topic', name: 't', changes: [['retention.ms', '7']] },
    { kind: 'broker', name: '1', changes: [['log.roll.ms', '8000']] },
    {
      kind: 'broker',
      name: '',
      changes: [
        ['message.max.bytes', '9000'],
        ['log.roll.ms', '1'],
      ],
    },
    { kind: 'group', name: 'g', changes: [['consumer.session.timeout.ms', '50000']] },
  ])
  await alter(broker, 'broker', '', [['log.roll.ms', null, 'DELETE']])
  const keys = ['log.roll.ms', 'message.max.bytes']
  const before = await described(broker, 'broker', '1', keys)
  await broker.close()
  broker = await openBroker({ engine: broker.engine })
  expect(await described(broker, 'broker', '1', keys)).toEqual(before)
  expect(before['log.roll.ms']).toBe('8000 @2 log.roll.ms=8000@2 log.roll.hours=168@5')
  expect(broker.cluster.topicConfig(broker.cluster.topic('t')!).get('retention.ms')).toBe(7)
  expect(broker.broker.config.get('message.max.bytes')).toBe(9000)
  expect(broker.cluster.groupConfig('g').get('consumer.session.timeout.ms')).toBe(50_000)
  const [log] = (await broker.engine.list()).filter(({ topic }) => topic === 't')
  expect(log?.config).toMatchObject({ segmentMs: 8000, retentionMs: 7 })
})

test('whoever may not alter hears so, and nothing is altered', async () => {
  const changes: Change[] = [['retention.ms', '1']]
  const ask = (kind: Kind, name: string) =>
    alter(broker, kind, name, changes, { authorized: (operation) => operation !== 'ALTER_CONFIGS' })
  expect(await ask('topic', 't')).toMatch(/^TOPIC_AUTHORIZATION_FAILED/)
  expect(await ask('group', 'g')).toMatch(/^GROUP_AUTHORIZATION_FAILED/)
  for (const kind of ['broker', 'logger', 'metrics'] as const) {
    expect(await ask(kind, '1')).toMatch(/^CLUSTER_AUTHORIZATION_FAILED/)
  }
  expect((await described(broker, 'topic', 't', ['retention.ms']))['retention.ms']).toBe(
    '604800000 @5',
  )
})

test('the log is told of configs that are altered in vain', async () => {
  const warnings: object[] = []
  const clock = new ManualClock()
  const engine = await openMemoryEngine({ clock, random: seededRandom(1) })
  const warn = (fields: object | string): void => void warnings.push(Object(fields) as object)
  broker = await new Fixture({ engine, clock, log: { ...silentLogger, warn } }).open()
  await makeTopic('t')
  await alter(broker, 'topic', 't', [
    ['preallocate', 'true'],
    ['segment.bytes', '2000000'],
  ])
  await alter(broker, 'broker', '', [
    ['num.io.threads', '9'],
    ['message.max.bytes', '2000000'],
  ])
  await alter(broker, 'broker', '', [['num.io.threads', '9']], { validateOnly: true })
  await alter(broker, 'broker', '', [['num.io.threads', null, 'DELETE']])
  expect(warnings).toEqual([
    { resourceType: 2, resourceName: 't', configs: 'preallocate' },
    { resourceType: 4, resourceName: '', configs: 'num.io.threads' },
  ])
  await alter(broker, 'broker', '1', [['background.threads', '11']])
  await broker.close()
  await new Fixture({ engine, clock, log: { ...silentLogger, warn } }).open()
  expect(warnings.at(-1)).toEqual({ configs: 'background.threads' })
})
