import { describe, expect, test } from 'vitest'
import { describeConfigs } from '../../../src/broker/apis/32-describe-configs.ts'
import { type BrokerFixture, type FixtureOptions, openBroker, type Question } from '../fixture.ts'

const TOPIC = 2
const BROKER = 4
const GROUP = 32

async function brokerWithTopic(values: FixtureOptions['values'] = {}): Promise<BrokerFixture> {
  const broker = await openBroker({ values })
  await broker.cluster.createTopics([
    {
      name: 't',
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [{ name: 'retention.ms', value: '5000' }],
    },
  ])
  return broker
}

async function ask(
  broker: BrokerFixture,
  resourceType: number,
  resourceName: string,
  configurationKeys: string[] | null = null,
  { synonyms = true, ...question }: Partial<Question> & { synonyms?: boolean } = {},
) {
  const { results } = await broker.ask(
    describeConfigs,
    {
      resources: [{ resourceType, resourceName, configurationKeys }],
      includeSynonyms: synonyms,
    },
    { version: 4, ...question },
  )
  return results[0]!
}

describe('DescribeConfigs of a topic', () => {
  test.each([1, 2, 3, 4])(
    'v%i shows values, where they come from and what they hide',
    async (version) => {
      const broker = await brokerWithTopic({ 'message.max.bytes': 2_000_000 })
      const keys = ['cleanup.policy', 'max.message.bytes', 'retention.ms']
      const result = await ask(broker, TOPIC, 't', keys, { version })
      const typed = (configType: number) =>
        version >= 3 ? { configType, documentation: null } : { configType: 0, documentation: '' }
      expect(result).toEqual({
        errorCode: 'NONE',
        errorMessage: '',
        resourceType: TOPIC,
        resourceName: 't',
        configs: [
          {
            name: 'cleanup.policy',
            value: 'delete',
            readOnly: false,
            isDefault: false,
            configSource: 5,
            isSensitive: false,
            synonyms: [{ name: 'log.cleanup.policy', value: 'delete', source: 5 }],
            ...typed(7),
          },
          {
            name: 'max.message.bytes',
            value: '2000000',
            readOnly: false,
            isDefault: false,
            configSource: 4,
            isSensitive: false,
            synonyms: [
              { name: 'message.max.bytes', value: '2000000', source: 4 },
              { name: 'message.max.bytes', value: '1048588', source: 5 },
            ],
            ...typed(3),
          },
          {
            name: 'retention.ms',
            value: '5000',
            readOnly: false,
            isDefault: false,
            configSource: 1,
            isSensitive: false,
            synonyms: [{ name: 'retention.ms', value: '5000', source: 1 }],
            ...typed(5),
          },
        ],
      })
    },
  )

  test('shows them in the order in which they are asked for', async () => {
    const broker = await brokerWithTopic()
    const keys = ['retention.ms', 'cleanup.policy', 'retention.ms', 'nothing']
    const { configs } = await ask(broker, TOPIC, 't', keys)
    expect(configs.map(({ name }) => name)).toEqual(['retention.ms', 'cleanup.policy'])
  })

  test('shows all of them for no keys as for null, and none for unknown keys', async () => {
    const broker = await brokerWithTopic()
    expect((await ask(broker, TOPIC, 't')).configs).toHaveLength(37)
    expect((await ask(broker, TOPIC, 't', [])).configs).toHaveLength(37)
    expect((await ask(broker, TOPIC, 't', ['nothing'])).configs).toEqual([])
  })

  test('shows synonyms only when asked for', async () => {
    const broker = await brokerWithTopic()
    const { configs } = await ask(broker, TOPIC, 't', ['cleanup.policy'], { synonyms: false })
    expect(configs).toMatchObject([{ value: 'delete', synonyms: [] }])
  })

  test('refuses what is unknown or no name', async () => {
    const broker = await brokerWithTopic()
    expect(await ask(broker, TOPIC, 'u')).toMatchObject({
      errorCode: 'UNKNOWN_TOPIC_OR_PARTITION',
      errorMessage: '',
      configs: [],
    })
    expect(await ask(broker, TOPIC, 'a b')).toMatchObject({
      errorCode: 'INVALID_TOPIC_EXCEPTION',
      errorMessage:
        "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    })
  })
})

describe('DescribeConfigs of a broker', () => {
  test('shows what is set, what is default and what can be altered', async () => {
    const broker = await brokerWithTopic({ 'num.partitions': 3 })
    const keys = ['num.partitions', 'log.cleaner.threads', 'log.retention.ms']
    const { errorCode, configs } = await ask(broker, BROKER, '1', keys)
    expect(errorCode).toBe('NONE')
    expect(configs.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      { name: 'log.cleaner.threads', value: '1', readOnly: false, configSource: 5, configType: 3 },
      { name: 'log.retention.ms', value: null, readOnly: false, synonyms: [], configType: 5 },
      {
        name: 'num.partitions',
        value: '3',
        readOnly: true,
        configSource: 4,
        synonyms: [
          { name: 'num.partitions', value: '3', source: 4 },
          { name: 'num.partitions', value: '1', source: 5 },
        ],
      },
    ])
  })

  test('without a name is about all brokers of the cluster', async () => {
    const { errorCode, configs } = await ask(await brokerWithTopic(), BROKER, '')
    expect(errorCode).toBe('NONE')
    expect(configs).toMatchObject([{ name: 'min.insync.replicas', value: '1', configSource: 3 }])
  })

  test.each([
    ['abc', 'Broker id must be an integer, but it is: abc'],
    ['4711', 'Unexpected broker id, expected 1 or empty string, but received 4711'],
  ])('refuses the name %s', async (name, errorMessage) => {
    expect(await ask(await brokerWithTopic(), BROKER, name)).toMatchObject({
      errorCode: 'INVALID_REQUEST',
      errorMessage,
      configs: [],
    })
  })
})

test('DescribeConfigs of a group shows configs for any name but none', async () => {
  const broker = await brokerWithTopic()
  const { configs } = await ask(broker, GROUP, 'anything', ['consumer.session.timeout.ms'])
  expect(configs).toMatchObject([
    {
      value: '45000',
      synonyms: [{ name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 }],
    },
  ])
  expect(await ask(broker, GROUP, '')).toMatchObject({
    errorCode: 'INVALID_REQUEST',
    errorMessage: 'Group name must not be empty',
  })
})

test('DescribeConfigs of a type that does not exist is INVALID_REQUEST', async () => {
  expect(await ask(await brokerWithTopic(), 77, 'x')).toMatchObject({
    errorCode: 'INVALID_REQUEST',
    resourceType: 77,
    resourceName: 'x',
    configs: [],
  })
})

test('DescribeConfigs needs leave for each type of resource', async () => {
  const broker = await brokerWithTopic()
  const question = { authorized: () => false }
  const codes = []
  for (const [type, name] of [
    [TOPIC, 't'],
    [BROKER, '1'],
    [GROUP, 'g'],
  ] as const) {
    codes.push((await ask(broker, type, name, null, question)).errorCode)
  }
  expect(codes).toEqual([
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
  ])
})
