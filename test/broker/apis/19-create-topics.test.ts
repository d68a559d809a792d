import { describe, expect, test } from 'vitest'
import { createTopics } from '../../../src/broker/apis/19-create-topics.ts'
import { type RequestInput, ZERO_UUID } from '../../../src/protocol/schema.ts'
import type { CreateTopics } from '../../../src/protocol/messages/19-create-topics.ts'
import { type BrokerFixture, openBroker, type Question } from '../fixture.ts'
import { ScriptedEngine } from '../scripted-engine.ts'

type Creation = RequestInput<typeof CreateTopics>['topics'][number]

function creation(name: string, more: Partial<Creation> = {}): Creation {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...more }
}

function ask(
  broker: BrokerFixture,
  topics: readonly Creation[],
  {
    version = 7,
    validateOnly = false,
    ...question
  }: Partial<Question> & { validateOnly?: boolean } = {},
) {
  return broker.ask(
    createTopics,
    { topics, timeoutMs: 10_000, validateOnly },
    { version, ...question },
  )
}

const openDefault = () => openBroker()

async function refusal(
  topic: Partial<Creation> & { name?: string },
): Promise<[string, string | null]> {
  const broker = await openDefault()
  const answer = await ask(broker, [creation(topic.name ?? 't', topic)])
  expect(answer.topics).toMatchObject([
    { topicId: ZERO_UUID, numPartitions: -1, replicationFactor: -1, configs: [] },
  ])
  expect([...broker.cluster.topics()]).toEqual([])
  const [{ errorCode, errorMessage } = { errorCode: 'NONE', errorMessage: null }] = answer.topics
  return [errorCode, errorMessage]
}

describe('CreateTopics', () => {
  test.each([2, 3, 4, 5, 6, 7])('v%i answers what its layout has', async (version) => {
    const broker = await openDefault()
    const configs = [{ name: 'retention.ms', value: '1000' }]
    const answer = await ask(broker, [creation('t', { numPartitions: 2, configs })], { version })
    const topic = broker.cluster.topic('t')!
    expect(topic.partitions).toHaveLength(2)
    expect(answer.topics).toMatchObject([
      {
        name: 't',
        errorCode: 'NONE',
        errorMessage: null,
        topicId: version >= 7 ? topic.topicId : ZERO_UUID,
        numPartitions: version >= 5 ? 2 : -1,
        replicationFactor: version >= 5 ? 1 : -1,
      },
    ])
    const again = await ask(broker, [creation('t')], { version })
    expect(again.topics).toMatchObject([
      { errorCode: 'TOPIC_ALREADY_EXISTS', errorMessage: "Topic 't' already exists." },
    ])
  })

  test('v5 answers every config with its value and source', async () => {
    const broker = await openDefault()
    const configs = [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'max.message.bytes', value: '5000' },
    ]
    const answer = await ask(broker, [creation('t', { configs })], { version: 5 })
    const shown = answer.topics[0]!.configs!
    expect(shown).toHaveLength(37)
    expect(shown.filter(({ configSource }) => configSource === 1)).toEqual([
      {
        name: 'cleanup.policy',
        value: 'compact',
        readOnly: false,
        configSource: 1,
        isSensitive: false,
      },
      {
        name: 'max.message.bytes',
        value: '5000',
        readOnly: false,
        configSource: 1,
        isSensitive: false,
      },
    ])
    expect(shown.find(({ name }) => name === 'retention.ms')).toMatchObject({
      value: '604800000',
      configSource: 5,
    })
  })

  test('takes the defaults of the broker for -1', async () => {
    const broker = await openBroker({ values: { 'num.partitions': 3 } })
    const answer = await ask(broker, [creation('t', { numPartitions: -1, replicationFactor: -1 })])
    expect(answer.topics).toMatchObject([{ numPartitions: 3, replicationFactor: 1 }])
  })

  test('refuses names that are there twice, and makes the others', async () => {
    const broker = await openDefault()
    const answer = await ask(broker, [creation('t'), creation('u'), creation('t')])
    expect(answer.topics).toMatchObject([
      { name: 't', errorCode: 'INVALID_REQUEST', errorMessage: 'Duplicate topic name.' },
      { name: 'u', errorCode: 'NONE' },
    ])
    expect([...broker.cluster.topics()].map(({ name }) => name)).toEqual(['u'])
  })

  test('checks and makes nothing when it is to validate only', async () => {
    const broker = await openDefault()
    const topics = [creation('t'), creation('u', { numPartitions: 0 })]
    const answer = await ask(broker, topics, { validateOnly: true })
    expect(answer.topics).toMatchObject([
      { name: 't', errorCode: 'NONE', numPartitions: 1 },
      { name: 'u', errorCode: 'INVALID_PARTITIONS' },
    ])
    expect(answer.topics[0]?.topicId).not.toBe(ZERO_UUID)
    expect([...broker.cluster.topics()]).toEqual([])
  })

  test('refuses names that differ from another in dots and underscores alone', async () => {
    const broker = await openDefault()
    await ask(broker, [creation('x.a_b')])
    const answer = await ask(broker, [creation('x_a.b')])
    expect(answer.topics).toMatchObject([
      {
        errorCode: 'INVALID_TOPIC_EXCEPTION',
        errorMessage: "Topic 'x_a.b' collides with existing topic: x.a_b",
      },
    ])
  })

  test('refuses a request for too many partitions as a whole', async () => {
    const broker = await openDefault()
    const topics = [creation('t', { numPartitions: 9999 }), creation('u', { numPartitions: 2 })]
    const answer = await ask(broker, topics)
    expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual([
      'POLICY_VIOLATION',
      'POLICY_VIOLATION',
    ])
    expect([...broker.cluster.topics()]).toEqual([])
  })

  test('needs leave to create, and leave to describe configs for showing them', async () => {
    const broker = await openDefault()
    const answer = await ask(broker, [creation('t'), creation('u')], {
      authorized: (operation, type, name) =>
        operation === 'CREATE' && type === 'TOPIC' && name === 't',
    })
    expect(answer.topics).toMatchObject([
      {
        name: 't',
        errorCode: 'NONE',
        topicConfigErrorCode: 'TOPIC_AUTHORIZATION_FAILED',
        numPartitions: -1,
        configs: [],
      },
      { name: 'u', errorCode: 'TOPIC_AUTHORIZATION_FAILED' },
    ])
  })

  test('is NOT_CONTROLLER when nothing can be committed', async () => {
    const engine = new ScriptedEngine()
    const broker = await openBroker({ engine })
    engine.refuseNext('fenced')
    const answer = await ask(broker, [creation('t')])
    expect(answer.topics).toMatchObject([{ name: 't', errorCode: 'NOT_CONTROLLER' }])
  })
})

describe('is refused in the words of Kafka:', () => {
  test.each<[string, string]>([
    ['', 'the empty string is not allowed'],
    ['.', "'.' is not allowed"],
    ['..', "'..' is not allowed"],
    [
      'a b',
      "'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      'a/b',
      "'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    ['ü', "'ü' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"],
    [
      'x'.repeat(250),
      `the length of '${'x'.repeat(250)}' is longer than the max allowed length 249`,
    ],
  ])('the name %j', async (name, text) => {
    expect(await refusal({ name })).toEqual([
      'INVALID_TOPIC_EXCEPTION',
      `Topic name is invalid: ${text}`,
    ])
  })

  test.each(['__cluster_metadata', '__odradek_cluster'])('the topic %s', async (name) => {
    expect(await refusal({ name })).toEqual([
      'TOPIC_AUTHORIZATION_FAILED',
      `Creation of internal topic ${name} is prohibited.`,
    ])
  })

  test.each([0, -2])('%i partitions', async (numPartitions) => {
    expect(await refusal({ numPartitions })).toEqual([
      'INVALID_PARTITIONS',
      'Number of partitions was set to an invalid non-positive value.',
    ])
  })

  test.each([0, -2])('%i replicas', async (replicationFactor) => {
    expect(await refusal({ replicationFactor })).toEqual([
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    ])
  })

  test('more replicas than nodes', async () => {
    expect(await refusal({ replicationFactor: 3 })).toEqual([
      'INVALID_REPLICATION_FACTOR',
      'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
    ])
  })

  test.each<[string, string | null, string]>([
    ['nonsense', '1', 'Unknown topic config name: nonsense'],
    [
      'retention.ms',
      'x',
      'Invalid value x for configuration retention.ms: Not a number of type LONG',
    ],
    [
      'segment.bytes',
      '10',
      'Invalid value 10 for configuration segment.bytes: Value must be at least 1048576',
    ],
    ['retention.ms', null, 'Null value not supported for topic configs: retention.ms'],
  ])('the config %s=%s', async (name, value, text) => {
    // Configs are looked at before counts.
    expect(await refusal({ configs: [{ name, value }], numPartitions: 0 })).toEqual([
      'INVALID_CONFIG',
      text,
    ])
  })

  test.each<[string, Partial<Creation>, string, string]>([
    [
      'counts beside it',
      { numPartitions: 2, replicationFactor: -1 },
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    ],
    [
      'a replication factor beside it',
      { numPartitions: -1, replicationFactor: 1 },
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    ],
    [
      'a gap',
      { assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'partitions should be a consecutive 0-based integer sequence',
    ],
    [
      'a partition twice',
      {
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [1] },
        ],
      },
      'INVALID_REPLICA_ASSIGNMENT',
      'Found multiple manual partition assignments for partition 0',
    ],
    [
      'an unknown node',
      { assignments: [{ partitionIndex: 0, brokerIds: [4711] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 4711, but no such broker is registered.',
    ],
    [
      'a node twice',
      { assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes the broker 1 more than once.',
    ],
    [
      'no node',
      { assignments: [{ partitionIndex: 0, brokerIds: [] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ],
  ])('an assignment with %s', async (_what, more, errorCode, text) => {
    const assignments = [{ partitionIndex: 0, brokerIds: [1] }]
    const asked = { assignments, numPartitions: -1, replicationFactor: -1, ...more }
    expect(await refusal(asked)).toEqual([errorCode, text])
  })

  test('but an assignment that is right gives the number of partitions', async () => {
    const broker = await openDefault()
    const assignments = [1, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }))
    const topics = [creation('t', { numPartitions: -1, replicationFactor: -1, assignments })]
    const answer = await ask(broker, topics)
    expect(answer.topics).toMatchObject([{ errorCode: 'NONE', numPartitions: 2 }])
  })
})
