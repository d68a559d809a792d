import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Asked, baseOffsets, write } from './fetch-request.ts'
import { batch, batchOfSize, BrokerUnderTest, settled } from './fixture.ts'

const WAIT = { maxWaitMs: 5000 }

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t', 2)
})

afterEach(() => {
  expect(broker.engine).toMatchObject({ lentReads: 0, watchers: 0 })
})

/** What is answered for each partition, flat. */
async function partsOf(asked: Asked) {
  const { responses } = await asked.answer
  return responses.flatMap(({ partitions }) => partitions)
}

describe('a parked fetch', () => {
  it('is answered as soon as there are records', async () => {
    const asked = new Asked(broker, [{}, { partition: 1 }], WAIT)
    expect(await asked.isParked()).toBe(true)
    await write(broker, batch(['a']), 1)
    const [first, second] = await partsOf(asked)
    expect(first).toMatchObject({ errorCode: 'NONE', highWatermark: 0n, records: Buffer.alloc(0) })
    expect(second).toMatchObject({ errorCode: 'NONE', highWatermark: 1n })
    expect(baseOffsets(second!.records)).toEqual([0])
  })

  it('is answered empty when its time is up, and not before', async () => {
    const asked = new Asked(broker, [{}], { maxWaitMs: 1000 })
    await broker.clock.advance(999)
    expect(await asked.isParked()).toBe(true)
    await broker.clock.advance(1)
    expect(await partsOf(asked)).toMatchObject([
      { errorCode: 'NONE', highWatermark: 0n, records: Buffer.alloc(0) },
    ])
  })

  it('waits no longer than the broker allows', async () => {
    broker = await BrokerUnderTest.open({ 'odradek.fetch.max.wait.ms': 100 })
    await broker.topic('t')
    const asked = new Asked(broker, [{}], WAIT)
    await broker.clock.advance(99)
    expect(await asked.isParked()).toBe(true)
    await broker.clock.advance(1)
    expect(await asked.isParked()).toBe(false)
  })

  it('never parks without time to wait, or without a need for bytes', async () => {
    expect(await new Asked(broker, [{}], { maxWaitMs: 0 }).isParked()).toBe(false)
    expect(await new Asked(broker, [{}], { ...WAIT, minBytes: 0 }).isParked()).toBe(false)
    expect(await new Asked(broker, [], WAIT).isParked()).toBe(false)
  })

  it('reads nothing while no log of its moves', async () => {
    await broker.topic('other')
    const asked = new Asked(broker, [{}], WAIT)
    await asked.isParked()
    const { reads } = broker.engine
    await write(broker, batch(['a']), 0, 'other')
    await broker.clock.advance(4000)
    expect(await asked.isParked()).toBe(true)
    expect(broker.engine.reads).toBe(reads)
    await broker.clock.advance(1000)
    await asked.answer
  })

  it('waits for its minimum of bytes, of all partitions together', async () => {
    await write(broker, batchOfSize(400))
    const asked = new Asked(broker, [{}, { partition: 1 }], { ...WAIT, minBytes: 1500 })
    expect(await asked.isParked()).toBe(true)
    await write(broker, batchOfSize(400))
    await write(broker, batchOfSize(400), 1)
    expect(await asked.isParked()).toBe(true)
    await write(broker, batchOfSize(300), 1)
    const parts = await partsOf(asked)
    expect(parts.map(({ records }) => records!.length)).toEqual([800, 700])
  })

  it('counts only what is new with each hint', async () => {
    const asked = new Asked(broker, [{}], { ...WAIT, minBytes: 100_000 })
    await asked.isParked()
    for (let i = 0; i < 20; i++) await write(broker, batchOfSize(1000))
    expect(await asked.isParked()).toBe(true)
    broker.engine.readsLater = true
    await write(broker, batchOfSize(1000))
    expect(await asked.isParked()).toBe(true)
    await write(broker, batchOfSize(79_000))
    const [part] = await partsOf(asked)
    expect(part!.records!.length).toBe(100_000)
  })

  it('takes what there is when its time is up', async () => {
    const asked = new Asked(broker, [{}], { ...WAIT, minBytes: 1000 })
    await asked.isParked()
    await write(broker, batchOfSize(400))
    expect(await asked.isParked()).toBe(true)
    await broker.clock.advance(5000)
    const [part] = await partsOf(asked)
    expect(part!.records!.length).toBe(400)
  })

  it('needs no more bytes than the request may have', async () => {
    await write(broker, batchOfSize(400))
    const terms = { ...WAIT, minBytes: 1000, maxBytes: 300 }
    expect(await new Asked(broker, [{}], terms).isParked()).toBe(false)
  })

  describe('counts what is there, though it does not fit:', () => {
    it('behind the batches of the first look', async () => {
      for (let i = 0; i < 12; i++) await write(broker, batchOfSize(1000))
      const parts = [{ maxBytes: 10_900 }]
      const asked = new Asked(broker, parts, { ...WAIT, minBytes: 10_900 })
      expect(await asked.isParked()).toBe(false)
      const [part] = await partsOf(asked)
      expect(part!.records!.length).toBe(10_000)
    })

    it('in another partition, for which the request had no room', async () => {
      await write(broker, batchOfSize(400))
      await write(broker, batchOfSize(5000), 1)
      const terms = { ...WAIT, minBytes: 1 << 30, maxBytes: 1000 }
      const asked = new Asked(broker, [{}, { partition: 1 }], terms)
      expect(await asked.isParked()).toBe(false)
      expect((await partsOf(asked)).map(({ records }) => records!.length)).toEqual([400, 0])
    })

    it('but no more of a partition than it may give', async () => {
      for (let i = 0; i < 12; i++) await write(broker, batchOfSize(1000))
      const parts = [{ maxBytes: 2500 }, { partition: 1 }]
      const asked = new Asked(broker, parts, { ...WAIT, minBytes: 3500 })
      expect(await asked.isParked()).toBe(true)
      await write(broker, batchOfSize(1000))
      await write(broker, batchOfSize(900), 1)
      expect(await asked.isParked()).toBe(true)
      await write(broker, batchOfSize(100), 1)
      expect((await partsOf(asked)).map(({ records }) => records!.length)).toEqual([2000, 1000])
    })

    it.each([false, true])('that comes while it is parked (read later: %s)', async (later) => {
      broker.engine.readsLater = later
      const asked = new Asked(broker, [{ maxBytes: 2500 }], { ...WAIT, minBytes: 2500 })
      await write(broker, batchOfSize(1000))
      await write(broker, batchOfSize(1000))
      expect(await asked.isParked()).toBe(true)
      await write(broker, batchOfSize(1000))
      expect(await asked.isParked()).toBe(false)
      const [part] = await partsOf(asked)
      expect(part!.records!.length).toBe(2000)
    })
  })

  it('waits beside an unknown partition, and answers both', async () => {
    const parts = [{}, { partition: 9 }, { topic: 'u' }]
    const asked = new Asked(broker, parts, WAIT)
    expect(await asked.isParked()).toBe(true)
    await write(broker, batch(['a']))
    expect(await partsOf(asked)).toMatchObject([
      { errorCode: 'NONE', highWatermark: 1n },
      { partitionIndex: 9, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', highWatermark: -1n },
      { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', highWatermark: -1n },
    ])
  })

  it('does not wait where nothing is known', async () => {
    const asked = new Asked(broker, [{ partition: 9 }, { topic: 'u' }], WAIT)
    expect(await asked.isParked()).toBe(false)
  })

  it('does not wait beside an offset that is out of range', async () => {
    const asked = new Asked(broker, [{}, { partition: 1, offset: 7 }], WAIT)
    expect(await asked.isParked()).toBe(false)
    expect(await partsOf(asked)).toMatchObject([
      { errorCode: 'NONE' },
      { errorCode: 'OFFSET_OUT_OF_RANGE' },
    ])
  })

  it.each([12, 13])('is answered when its topic is deleted (v%i)', async (version) => {
    const { topicId } = broker.cluster.topic('t')!
    const part = version < 13 ? {} : { topicId }
    const asked = new Asked(broker, [part], { ...WAIT, version })
    expect(await asked.isParked()).toBe(true)
    await broker.cluster.deleteTopics([topicId])
    expect(await asked.isParked()).toBe(false)
    expect(await partsOf(asked)).toMatchObject([
      { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', highWatermark: -1n, records: Buffer.alloc(0) },
    ])
  })

  it('is answered when what it wants is cut off', async () => {
    await write(broker, batch(['a']))
    const asked = new Asked(broker, [{ offset: 1 }], WAIT)
    expect(await asked.isParked()).toBe(true)
    const { log } = broker.cluster.topic('t')!.partitions[0]!
    await broker.engine.observed.truncateBefore(log, 1)
    expect(await asked.isParked()).toBe(true)
    await write(broker, batch(['b']))
    expect(await partsOf(asked)).toMatchObject([{ errorCode: 'NONE', logStartOffset: 1n }])
  })

  it.each(['closed', 'stopping'] as const)(
    'is answered without records when %s',
    async (reason) => {
      await write(broker, batchOfSize(400))
      const asked = new Asked(broker, [{}], { ...WAIT, minBytes: 1000 })
      expect(await asked.isParked()).toBe(true)
      asked.cancellation.cancel(reason)
      expect(await asked.isParked()).toBe(false)
      expect(await partsOf(asked)).toMatchObject([
        { errorCode: 'NONE', highWatermark: 1n, records: Buffer.alloc(0) },
      ])
    },
  )

  it('is answered at once where nobody waits any more', async () => {
    const asked = new Asked(broker, [{}], WAIT)
    asked.cancellation.cancel('closed')
    expect(await asked.isParked()).toBe(false)
  })

  it('misses nothing that comes while it reads', async () => {
    broker.engine.readsLater = true
    const asked = new Asked(broker, [{}], WAIT)
    await write(broker, batch(['a']))
    const [part] = await partsOf(asked)
    expect(baseOffsets(part!.records)).toEqual([0])
  })

  it('is one of many that all wake', async () => {
    const many = Array.from({ length: 50 }, () => new Asked(broker, [{}], WAIT))
    await settled()
    expect(broker.engine.watchers).toBe(50)
    await write(broker, batch(['a']))
    const all = await Promise.all(many.map((asked) => partsOf(asked)))
    expect(all.every(([part]) => part!.highWatermark === 1n)).toBe(true)
  })
})
