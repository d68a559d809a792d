import { describe, expect, test } from 'vitest'
import { deleteTopics } from '../../../src/broker/apis/20-delete-topics.ts'
import { ZERO_UUID } from '../../../src/protocol/schema.ts'
import { type BrokerFixture, type FixtureOptions, openBroker, type Question } from '../fixture.ts'

const UNKNOWN_ID = 'UnknownTopicIdAAAAAAAA'

async function brokerWith(
  names: readonly string[],
  values: FixtureOptions['values'] = {},
): Promise<BrokerFixture> {
  const broker = await openBroker({ values })
  for (const name of names) await broker.cluster.ensureTopic(name)
  return broker
}

function idOf(broker: BrokerFixture, name: string): string {
  return broker.cluster.topic(name)!.topicId
}

function ask(
  broker: BrokerFixture,
  topics: readonly { name?: string | null; topicId?: string }[],
  question: Partial<Question> = {},
) {
  const asked = topics.map(({ name = null, topicId = ZERO_UUID }) => ({ name, topicId }))
  return broker.ask(deleteTopics, { topics: asked, timeoutMs: 10_000 }, { version: 6, ...question })
}

const left = (broker: BrokerFixture) => [...broker.cluster.topics()].map(({ name }) => name)

describe('DeleteTopics', () => {
  test.each([1, 2, 3, 4, 5])('v%i deletes by name', async (version) => {
    const broker = await brokerWith(['a', 'b'])
    const { responses } = await broker.ask(
      deleteTopics,
      { topicNames: ['a', 'u'], timeoutMs: 10_000 },
      { version },
    )
    const message = 'This server does not host this topic-partition.'
    expect(responses).toMatchObject([
      {
        name: 'u',
        errorCode: 'UNKNOWN_TOPIC_OR_PARTITION',
        errorMessage: version >= 5 ? message : null,
      },
      { name: 'a', errorCode: 'NONE', errorMessage: null },
    ])
    expect(left(broker)).toEqual(['b'])
  })

  test('v6 deletes by name and by id', async () => {
    const broker = await brokerWith(['a', 'b', 'c'])
    const [a, b] = [idOf(broker, 'a'), idOf(broker, 'b')]
    const asked = [{ name: 'a' }, { topicId: b }, { name: 'x' }, { topicId: UNKNOWN_ID }]
    const { responses } = await ask(broker, asked)
    expect(responses).toHaveLength(4)
    expect(responses).toEqual(
      expect.arrayContaining([
        { name: 'a', topicId: a, errorCode: 'NONE', errorMessage: null },
        { name: 'b', topicId: b, errorCode: 'NONE', errorMessage: null },
        {
          name: 'x',
          topicId: ZERO_UUID,
          errorCode: 'UNKNOWN_TOPIC_OR_PARTITION',
          errorMessage: 'This server does not host this topic-partition.',
        },
        {
          name: null,
          topicId: UNKNOWN_ID,
          errorCode: 'UNKNOWN_TOPIC_ID',
          errorMessage: 'This server does not host this topic ID.',
        },
      ]),
    )
    expect(left(broker)).toEqual(['c'])
  })

  test.each<[string, (id: string) => { name?: string; topicId?: string }[], string]>([
    [
      'name and id in one entry',
      (topicId) => [{ name: 'a', topicId }],
      'You may not specify both topic name and topic id.',
    ],
    ['neither', () => [{}], 'Neither topic name nor id were specified.'],
    [
      'the name of an id that is there too',
      (topicId) => [{ name: 'a' }, { topicId }],
      'The provided topic name maps to an ID that was already supplied.',
    ],
    ['a name twice', () => [{ name: 'a' }, { name: 'a' }], 'Duplicate topic name.'],
    ['an id twice', (topicId) => [{ topicId }, { topicId }], 'Duplicate topic id.'],
  ])('refuses %s', async (_what, asked, errorMessage) => {
    const broker = await brokerWith(['a'])
    const { responses } = await ask(broker, asked(idOf(broker, 'a')))
    expect(responses).toMatchObject([{ errorCode: 'INVALID_REQUEST', errorMessage }])
    expect(left(broker)).toEqual(['a'])
  })

  test('is refused where the broker forbids it', async () => {
    const broker = await brokerWith(['a'], { 'delete.topic.enable': false })
    const request = { topicNames: ['a'], timeoutMs: 10_000 }
    const old = await broker.ask(deleteTopics, request, { version: 2 })
    expect(old.responses).toMatchObject([{ name: 'a', errorCode: 'INVALID_REQUEST' }])
    const recent = await broker.ask(deleteTopics, request, { version: 5 })
    expect(recent.responses).toMatchObject([
      { name: 'a', errorCode: 'TOPIC_DELETION_DISABLED', errorMessage: null },
    ])
    expect(left(broker)).toEqual(['a'])
  })

  test('leaves the topics of coordinators alone', async () => {
    const broker = await brokerWith([])
    await broker.cluster.internalTopic('__consumer_offsets')
    const { responses } = await ask(broker, [{ name: '__consumer_offsets' }])
    expect(responses).toMatchObject([{ errorCode: 'INVALID_TOPIC_EXCEPTION' }])
    expect(left(broker)).toEqual(['__consumer_offsets'])
  })

  test('needs leave, and does not tell names to who may not know them', async () => {
    const broker = await brokerWith(['mine', 'seen', 'hidden'])
    const { responses } = await ask(
      broker,
      [
        { name: 'mine' },
        { topicId: idOf(broker, 'seen') },
        { topicId: idOf(broker, 'hidden') },
        { name: 'hidden' },
      ],
      {
        authorized: (operation, _type, name) =>
          name === 'mine' || (operation === 'DESCRIBE' && name === 'seen'),
      },
    )
    const failed = 'TOPIC_AUTHORIZATION_FAILED'
    expect(responses).toMatchObject([
      { name: 'seen', errorCode: failed },
      { name: null, errorCode: failed },
      { name: 'hidden', topicId: ZERO_UUID, errorCode: failed },
      { name: 'mine', errorCode: 'NONE' },
    ])
    expect(left(broker)).toEqual(['seen', 'hidden'])
  })
})
