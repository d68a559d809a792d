import { describe, expect, test } from 'vitest'
import { initProducerId } from '../../../src/broker/apis/22-init-producer-id.ts'
import { type BrokerFixture, openBroker, type Question } from '../fixture.ts'
import { ScriptedEngine } from '../scripted-engine.ts'

const open = () => openBroker()

function ask(
  broker: BrokerFixture,
  request: { transactionalId?: string; producerId?: bigint; producerEpoch?: number } = {},
  question: Partial<Question> = {},
) {
  return broker.ask(
    initProducerId,
    { transactionalId: null, transactionTimeoutMs: 60_000, ...request },
    { version: 5, ...question },
  )
}

const none = { producerId: -1n, producerEpoch: -1 }

describe('InitProducerId', () => {
  test('gives a new id with epoch 0 each time, in every version', async () => {
    const broker = await open()
    const ids = new Set<bigint>()
    for (const version of [0, 1, 2, 3, 4, 5]) {
      const answer = await ask(broker, {}, { version })
      expect(answer).toMatchObject({ errorCode: 'NONE', producerEpoch: 0 })
      ids.add(answer.producerId)
    }
    expect(ids.size).toBe(6)
  })

  test('gives an idempotent producer that comes with an id another one', async () => {
    const broker = await open()
    const { producerId } = await ask(broker)
    const again = await ask(broker, { producerId, producerEpoch: 3 })
    expect(again).toMatchObject({ errorCode: 'NONE', producerEpoch: 0 })
    expect(again.producerId).not.toBe(producerId)
  })

  test('refuses an id without an epoch, and an epoch without an id', async () => {
    const broker = await open()
    for (const half of [{ producerId: 7n }, { producerEpoch: 1 }]) {
      expect(await ask(broker, half)).toMatchObject({ errorCode: 'INVALID_REQUEST', ...none })
    }
  })

  test('refuses transactional ids for good', async () => {
    const broker = await open()
    expect(await ask(broker, { transactionalId: 'x' })).toMatchObject({
      errorCode: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      ...none,
    })
    expect(await ask(broker, { transactionalId: '' })).toMatchObject({
      errorCode: 'INVALID_REQUEST',
    })
  })

  test('needs leave to write idempotently, or to write to any topic', async () => {
    const broker = await open()
    await broker.cluster.ensureTopic('t')
    const nothing = await ask(broker, {}, { authorized: () => false })
    expect(nothing).toMatchObject({ errorCode: 'CLUSTER_AUTHORIZATION_FAILED', ...none })
    const writer = await ask(broker, {}, { authorized: (_operation, _type, name) => name === 't' })
    expect(writer.errorCode).toBe('NONE')
  })

  test('is asked for again when no id can be had now', async () => {
    const engine = new ScriptedEngine()
    const broker = await openBroker({ engine })
    engine.refuseNext('fenced')
    expect(await ask(broker)).toMatchObject({ errorCode: 'COORDINATOR_LOAD_IN_PROGRESS', ...none })
  })
})
