import { describe, expect, test } from 'vitest'
import { createPartitions } from '../../../src/broker/apis/37-create-partitions.ts'
import { type BrokerFixture, openBroker, type Question } from '../fixture.ts'

async function brokerWithTopic(): Promise<BrokerFixture> {
  const values = { 'num.partitions': 2 }
  const broker = await openBroker({ values })
  await broker.cluster.ensureTopic('t')
  return broker
}

interface Growth {
  name?: string
  count: number
  assignments?: { brokerIds: number[] }[] | null
}

async function ask(
  broker: BrokerFixture,
  growths: readonly Growth[],
  { validateOnly = false, ...question }: Partial<Question> & { validateOnly?: boolean } = {},
) {
  const topics = growths.map(({ name = 't', count, assignments = null }) => ({
    name,
    count,
    assignments,
  }))
  const request = { topics, timeoutMs: 10_000, validateOnly }
  const { results } = await broker.ask(createPartitions, request, { version: 3, ...question })
  return results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])
}

const count = (broker: BrokerFixture) => broker.cluster.topic('t')?.partitions.length

describe('CreatePartitions', () => {
  test.each([0, 1, 2, 3])('v%i adds partitions, and never takes any away', async (version) => {
    const broker = await brokerWithTopic()
    expect(await ask(broker, [{ count: 3 }], { version })).toEqual([['NONE', null]])
    expect(count(broker)).toBe(3)
    expect(await ask(broker, [{ count: 3 }], { version })).toEqual([
      ['INVALID_PARTITIONS', 'Topic already has 3 partition(s).'],
    ])
    for (const fewer of [2, 0, -1]) {
      expect(await ask(broker, [{ count: fewer }], { version })).toEqual([
        [
          'INVALID_PARTITIONS',
          `The topic t currently has 3 partition(s); ${fewer} would not be an increase.`,
        ],
      ])
    }
    expect(await ask(broker, [{ name: 'u', count: 5 }], { version })).toEqual([
      ['UNKNOWN_TOPIC_OR_PARTITION', null],
    ])
    expect(count(broker)).toBe(3)
  })

  test.each<[string, number, { brokerIds: number[] }[], string]>([
    [
      'none',
      3,
      [],
      'Attempted to add 1 additional partition(s), but only 0 assignment(s) were specified.',
    ],
    [
      'too few',
      4,
      [{ brokerIds: [1] }],
      'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
    ],
    [
      'unknown nodes',
      3,
      [{ brokerIds: [77] }],
      'The manual partition assignment includes broker 77, but no such broker is registered.',
    ],
    [
      'empty ones',
      3,
      [{ brokerIds: [] }],
      'The manual partition assignment includes an empty replica list.',
    ],
    [
      'a node twice',
      3,
      [{ brokerIds: [1, 1] }],
      'The manual partition assignment includes the broker 1 more than once.',
    ],
  ])('refuses assignments: %s', async (_what, wanted, assignments, message) => {
    const broker = await brokerWithTopic()
    expect(await ask(broker, [{ count: wanted, assignments }])).toEqual([
      ['INVALID_REPLICA_ASSIGNMENT', message],
    ])
    expect(count(broker)).toBe(2)
  })

  test('takes assignments that are right', async () => {
    const broker = await brokerWithTopic()
    const assignments = [{ brokerIds: [1] }, { brokerIds: [1] }]
    expect(await ask(broker, [{ count: 4, assignments }])).toEqual([['NONE', null]])
    expect(count(broker)).toBe(4)
  })

  test('refuses a topic that is there twice', async () => {
    const broker = await brokerWithTopic()
    expect(await ask(broker, [{ count: 3 }, { count: 4 }])).toEqual([
      ['INVALID_REQUEST', 'Duplicate topic name.'],
    ])
    expect(count(broker)).toBe(2)
  })

  test('checks and adds nothing when it is to validate only', async () => {
    const broker = await brokerWithTopic()
    const validateOnly = true
    expect(await ask(broker, [{ count: 4 }], { validateOnly })).toEqual([['NONE', null]])
    expect(await ask(broker, [{ count: 2 }], { validateOnly })).toEqual([
      ['INVALID_PARTITIONS', 'Topic already has 2 partition(s).'],
    ])
    expect(count(broker)).toBe(2)
  })

  test('refuses more than can be made at once', async () => {
    const broker = await brokerWithTopic()
    const tooMany = [
      'POLICY_VIOLATION',
      'Excessively large number of additional partitions per request.',
    ]
    expect(await ask(broker, [{ count: 2 ** 31 - 1 }])).toEqual([tooMany])
    const none = { name: 'none', count: 3 }
    expect(await ask(broker, [{ count: 10_003 }, none])).toEqual([tooMany, tooMany])
    const validateOnly = true
    expect(await ask(broker, [{ count: 10_002 }], { validateOnly })).toEqual([['NONE', null]])
    expect(await ask(broker, [{ name: 'none', count: 20_000 }])).toMatchObject([
      ['UNKNOWN_TOPIC_OR_PARTITION', null],
    ])
  })

  test('needs leave', async () => {
    const broker = await brokerWithTopic()
    const answers = await ask(broker, [{ count: 3 }], { authorized: () => false })
    expect(answers).toMatchObject([['TOPIC_AUTHORIZATION_FAILED', expect.any(String)]])
    expect(count(broker)).toBe(2)
  })
})
