/** Fetches whose records are not in memory: how many are read at a time. */

import { afterEach, expect, it } from 'vitest'
import { Asked, write } from './fetch-request.ts'
import { batchOfSize, BrokerUnderTest, settled } from './fixture.ts'

let broker: BrokerUnderTest

async function start(memory: number): Promise<void> {
  broker = await BrokerUnderTest.open({ 'message.max.bytes': 2000 }, memory)
  await broker.topic('t', 4)
  for (const partition of [0, 1, 2, 3]) {
    for (let i = 0; i < 10; i++) await write(broker, batchOfSize(1000), partition)
  }
  broker.engine.readsLater = true
}

afterEach(async () => {
  await settled()
  expect(broker.engine).toMatchObject({ lentReads: 0, watchers: 0, readsUnderWay: 0 })
})

const all = [0, 1, 2, 3].map((partition) => ({ partition }))
const many = (parts = all, terms = {}): Asked[] =>
  Array.from({ length: 12 }, () => new Asked(broker, parts, terms))

async function sizesOf(asked: Asked[]): Promise<number[]> {
  const replies = await Promise.all(asked.map(({ answer }) => answer))
  return replies.map(({ responses }) =>
    responses
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, { records }) => sum + records!.length, 0),
  )
}

it('one at a time, where one takes all the memory there is', async () => {
  await start(10)
  expect(await sizesOf(many())).toEqual(Array.from({ length: 12 }, () => 40_000))
  expect(broker.engine.mostUnderWay).toBe(1)
})

it('as many as fit into half of it by what they may bring, and one more', async () => {
  await start(200_000)
  await sizesOf(many())
  expect(broker.engine.mostUnderWay).toBe(3)
  await settled()
  broker.engine.mostUnderWay = 0
  await sizesOf(many(all, { maxBytes: 15_000 }))
  expect(broker.engine.mostUnderWay).toBe(7)
})

it('of which each may bring a whole batch, however small its limits are', async () => {
  await start(18_000)
  const [one] = await sizesOf(many(all, { maxBytes: 1 }))
  expect(one).toBe(1000)
  expect(broker.engine.mostUnderWay).toBe(5)
})

it('also when they had been parked', async () => {
  await start(100_000)
  const asked = many(all, { maxWaitMs: 5000, minBytes: 45_000 })
  for (const one of asked) expect(await one.isParked()).toBe(true)
  broker.engine.mostUnderWay = 0
  for (let i = 0; i < 5; i++) await write(broker, batchOfSize(1000))
  expect(await sizesOf(asked)).toEqual(Array.from({ length: 12 }, () => 45_000))
  expect(broker.engine.mostUnderWay).toBe(2)
})

it('none for whom nobody waits any more', async () => {
  await start(10)
  const asked = many()
  for (const { cancellation } of asked.slice(1)) cancellation.cancel('closed')
  const { reads } = broker.engine
  const sizes = await sizesOf(asked)
  expect(sizes).toEqual([40_000, ...Array.from({ length: 11 }, () => 0)])
  expect(broker.engine.reads).toBe(reads)
})
