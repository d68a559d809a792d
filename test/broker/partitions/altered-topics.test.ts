import { expect, test } from 'vitest'
import { Asked, baseOffsets, type Terms, write } from './fetch-request.ts'
import { batch, BrokerUnderTest } from './fixture.ts'

async function alter(broker: BrokerUnderTest, value: string): Promise<void> {
  const operations = [{ name: 'retention.ms', kind: 'SET' as const, value }]
  const alteration = { resourceType: 2 as const, resourceName: 't', operations, replacesAll: false }
  expect(await broker.cluster.alterConfigs([alteration])).toEqual([undefined])
}

test('a fetch session goes on when configs of its topic are altered, parked or not', async () => {
  const broker = await BrokerUnderTest.open()
  await broker.topic('t', 2)
  const first = await new Asked(broker, [{}, { partition: 1 }], { sessionEpoch: 0 }).answer
  const { sessionId } = first
  const poll = (sessionEpoch: number, terms: Terms = {}) =>
    new Asked(broker, [], { sessionId, sessionEpoch, ...terms })
  await alter(broker, '50000')
  expect((await poll(1).answer).responses).toEqual([])
  const parked = poll(2, { maxWaitMs: 5000 })
  expect(await parked.isParked()).toBe(true)
  await alter(broker, '60000')
  expect(await parked.isParked()).toBe(true)
  await write(broker, batch(['a']), 1)
  const [topic] = (await parked.answer).responses
  expect(topic?.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([1])
  expect(baseOffsets(topic!.partitions[0]!.records)).toEqual([0])
  expect(broker.engine.lentReads).toBe(0)
})
