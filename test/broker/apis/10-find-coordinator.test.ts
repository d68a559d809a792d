import { describe, expect, test } from 'vitest'
import { findCoordinator } from '../../../src/broker/apis/10-find-coordinator.ts'
import { type BrokerFixture, openBroker, type Question } from '../fixture.ts'
import { ScriptedEngine } from '../scripted-engine.ts'

const open = () => openBroker()

const nowhere = { nodeId: -1, host: '', port: -1 }
const here = { nodeId: 1, host: '127.0.0.1', port: 9092 }

function askOne(broker: BrokerFixture, key: string, keyType: number, question: Question) {
  const request = question.version >= 1 ? { key, keyType } : { key }
  return broker.ask(findCoordinator, request, question)
}

async function askMany(
  broker: BrokerFixture,
  coordinatorKeys: string[],
  keyType: number,
  question: Question,
) {
  const request = { coordinatorKeys, keyType }
  return (await broker.ask(findCoordinator, request, question)).coordinators
}

describe('FindCoordinator of groups', () => {
  test.each([0, 1, 2, 3])('v%i tells this node and makes the topic of offsets', async (version) => {
    const broker = await open()
    const answer = await askOne(broker, 'g', 0, { version })
    expect(answer).toMatchObject({ errorCode: 'NONE', ...here })
    expect(answer.errorMessage).toBe(version >= 1 ? 'NONE' : '')
    expect(broker.cluster.topic('__consumer_offsets')?.partitions).toHaveLength(50)
  })

  test.each([4, 5, 6])('v%i answers each key', async (version) => {
    const answer = await askMany(await open(), ['g', 'h', ''], 0, { version })
    expect(answer).toEqual(
      ['g', 'h', ''].map((key) => ({ key, ...here, errorCode: 'NONE', errorMessage: '' })),
    )
  })

  test('is asked for again while the topic cannot be made', async () => {
    const engine = new ScriptedEngine()
    const broker = await openBroker({ engine })
    engine.refuseNext('rejected')
    const failed = await askOne(broker, 'g', 0, { version: 3 })
    expect(failed).toMatchObject({ errorCode: 'COORDINATOR_NOT_AVAILABLE', ...nowhere })
    await broker.clock.advance(1)
    expect(await askOne(broker, 'g', 0, { version: 3 })).toMatchObject({ errorCode: 'NONE' })
  })

  test('needs leave', async () => {
    const [answer] = await askMany(await open(), ['g'], 0, { version: 4, authorized: () => false })
    expect(answer).toMatchObject({ errorCode: 'GROUP_AUTHORIZATION_FAILED', ...nowhere })
  })
})

describe('FindCoordinator of transactional ids', () => {
  test('is refused for good, with the reason', async () => {
    const broker = await open()
    const refused = {
      errorCode: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      errorMessage: expect.stringContaining('Transactions are not supported'),
      ...nowhere,
    }
    expect(await askOne(broker, 'x', 1, { version: 2 })).toMatchObject(refused)
    expect(await askMany(broker, ['x'], 1, { version: 6 })).toMatchObject([refused])
    expect([...broker.cluster.topics()]).toEqual([])
  })
})

describe('FindCoordinator of share partitions', () => {
  const topicId = 'SomeTopicIdAAAAAAAAAAA'

  test('needs v6 and a key of group, topic id and partition', async () => {
    const broker = await open()
    const key = `g:with:colons:${topicId}:0`
    const refused = { errorCode: 'INVALID_REQUEST', errorMessage: '', ...nowhere }
    expect(await askMany(broker, [key], 2, { version: 5 })).toMatchObject([refused])
    const wrong = ['nonsense', `${topicId}:0`, `g:${topicId}:-1`, 'g:short:0', `g:${topicId}:x`]
    for (const answer of await askMany(broker, wrong, 2, { version: 6 })) {
      expect(answer).toMatchObject(refused)
    }
    expect(await askMany(broker, [key], 2, { version: 6 })).toEqual([
      { key, ...here, errorCode: 'NONE', errorMessage: '' },
    ])
    expect(broker.cluster.topic('__share_group_state')?.internal).toBe(true)
  })
})

test('FindCoordinator of a type that does not exist is INVALID_REQUEST', async () => {
  const broker = await open()
  const refused = { errorCode: 'INVALID_REQUEST', ...nowhere }
  expect(await askOne(broker, 'x', 9, { version: 3 })).toMatchObject(refused)
  expect(await askMany(broker, ['x'], 3, { version: 6 })).toMatchObject([refused])
})
