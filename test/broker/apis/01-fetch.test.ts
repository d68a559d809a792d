import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetch } from '../../../src/broker/apis/01-fetch.ts'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import { Asked, baseOffsets, type FetchReply, fetched, write } from '../partitions/fetch-request.ts'
import { batch, batchOfSize, BrokerUnderTest } from '../partitions/fixture.ts'

const NOWHERE = { highWatermark: -1n, lastStableOffset: -1n, logStartOffset: -1n }
const REFUSED = { ...NOWHERE, abortedTransactions: null, records: Buffer.alloc(0) }
/** Refused without a look at the log. */
const UNREAD = { ...REFUSED, abortedTransactions: [] }

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t', 3)
})

afterEach(() => {
  expect(broker.engine).toMatchObject({ lentReads: 0, watchers: 0 })
})

describe('fetch', () => {
  it('returns whole stored batches, from the one that holds the offset', async () => {
    await write(broker, batch(['a', 'b']))
    await write(broker, batch(['c']))
    const [all] = await fetched(broker, [{ offset: 0 }])
    expect(all).toMatchObject({
      partitionIndex: 0,
      errorCode: 'NONE',
      highWatermark: 3n,
      lastStableOffset: 3n,
      logStartOffset: 0n,
      abortedTransactions: null,
      preferredReadReplica: -1,
    })
    expect(baseOffsets(all!.records)).toEqual([0, 2])
    const [middle] = await fetched(broker, [{ offset: 1 }])
    expect(middle!.records).toEqual(all!.records)
    const [last] = await fetched(broker, [{ offset: 2 }])
    expect(baseOffsets(last!.records)).toEqual([2])
  })

  it('sends what was sent, but for base offset and leader epoch', async () => {
    await write(broker, batch(['a']))
    const sent = batch(['b', 'c'])
    await write(broker, sent)
    const [part] = await fetched(broker, [{ offset: 1 }])
    const [stored] = batchesIn(part!.records!)
    expect(stored!.baseOffset).toBe(1)
    expect(stored!.bytes.subarray(16)).toEqual(sent.subarray(16))
  })

  it('does not give what a topic stores in zstd to clients before version 10', async () => {
    await broker.topic('z', 1, { 'compression.type': 'zstd' })
    await write(broker, batch(['a']), 0, 'z')
    const [now] = await fetched(broker, [{ topic: 'z' }], { version: 10 })
    expect([...batchesIn(now!.records!)]).toMatchObject([{ compression: 'zstd' }])
    const [before] = await fetched(broker, [{ topic: 'z' }], { version: 9 })
    expect(before).toMatchObject({
      errorCode: 'UNSUPPORTED_COMPRESSION_TYPE',
      ...REFUSED,
      abortedTransactions: [],
    })
  })

  it('has an empty record set, not none, at the end', async () => {
    const [part] = await fetched(broker, [{ offset: 0 }])
    expect(part).toMatchObject({ errorCode: 'NONE', highWatermark: 0n, records: Buffer.alloc(0) })
  })

  it.each([-1, 3, 1_000_000])('refuses the offset %i at once', async (offset) => {
    await write(broker, batch(['a', 'b']))
    const asked = new Asked(broker, [{ offset }], { maxWaitMs: 5000 })
    expect(await asked.isParked()).toBe(false)
    const [topic] = (await asked.answer).responses
    expect(topic!.partitions).toMatchObject([{ errorCode: 'OFFSET_OUT_OF_RANGE', ...REFUSED }])
  })

  it('refuses offsets before the log start', async () => {
    await write(broker, batch(['a', 'b']))
    await write(broker, batch(['c']))
    const { log } = broker.cluster.topic('t')!.partitions[0]!
    await broker.engine.observed.truncateBefore(log, 2)
    expect(await fetched(broker, [{ offset: 1 }])).toMatchObject([
      { errorCode: 'OFFSET_OUT_OF_RANGE', ...NOWHERE },
    ])
    expect(await fetched(broker, [{ offset: 2 }])).toMatchObject([
      { errorCode: 'NONE', logStartOffset: 2n },
    ])
  })

  describe('keeps to limits:', () => {
    beforeEach(async () => {
      for (const partition of [0, 1, 2]) {
        for (let i = 0; i < 3; i++) await write(broker, batchOfSize(1000), partition)
      }
    })

    it.each([
      ['the partition', { maxBytes: 100 }, {}],
      ['the request', {}, { maxBytes: 100 }],
      ['none at all', { maxBytes: 0 }, { maxBytes: 0 }],
    ])('the first batch comes whole though larger than %s allows', async (_, part, terms) => {
      const [one] = await fetched(broker, [part], terms)
      expect(baseOffsets(one!.records)).toEqual([0])
    })

    it('a partition gives no more than it may', async () => {
      const [one, two] = await fetched(broker, [
        { maxBytes: 2999 },
        { partition: 1, maxBytes: 3000 },
      ])
      expect([one, two].map((part) => part!.records!.length)).toEqual([2000, 3000])
    })

    it('all together give no more than the request allows, and only the first may exceed it', async () => {
      const parts = [{ partition: 2 }, { partition: 0 }, { partition: 1 }]
      const over = await fetched(broker, parts, { maxBytes: 500 })
      expect(over.map((part) => part.records!.length)).toEqual([1000, 0, 0])
      expect(over.map((part) => part.partitionIndex)).toEqual([2, 0, 1])
      const shared = await fetched(broker, parts, { maxBytes: 4500 })
      expect(shared.map((part) => part.records!.length)).toEqual([3000, 1000, 0])
    })

    it('the first that is not empty may exceed it', async () => {
      const parts = [{ offset: 3 }, { partition: 1 }, { partition: 2 }]
      const found = await fetched(broker, parts, { maxBytes: 500 })
      expect(found.map((part) => part.records!.length)).toEqual([0, 1000, 0])
    })
  })

  it('gives no more than the broker allows to anyone', async () => {
    broker = await BrokerUnderTest.open({ 'fetch.max.bytes': 2500 })
    await broker.topic('t')
    for (let i = 0; i < 3; i++) await write(broker, batchOfSize(1000))
    const [part] = await fetched(broker, [{}])
    expect(part!.records!.length).toBe(2000)
  })

  it('answers a partition that is asked for twice once, by the last word on it', async () => {
    await write(broker, batch(['a']))
    await write(broker, batch(['b']))
    const parts = await fetched(broker, [{ offset: 0 }, { partition: 1 }, { offset: 1 }])
    expect(parts.map((part) => part.partitionIndex)).toEqual([0, 1])
    expect(baseOffsets(parts[0]!.records)).toEqual([1])
  })

  it('answers what it could not read behind what it read, as Kafka does', async () => {
    await broker.topic('other')
    const topics = [
      { topic: 't', asked: [9, 1] },
      { topic: 'unknown', asked: [0] },
      { topic: 'other', asked: [0, 4] },
    ].map(({ topic, asked }) => ({
      topic,
      partitions: asked.map((partition) => ({
        partition,
        fetchOffset: 0,
        partitionMaxBytes: 100,
      })),
    }))
    const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 100, topics }
    const reply = (await broker.ask(fetch, 12, request)) as FetchReply
    const answered = reply.responses.map(({ topic, partitions }) => [
      topic,
      partitions.map(({ partitionIndex }) => partitionIndex),
    ])
    expect(answered).toEqual([
      ['t', [1]],
      ['other', [0]],
      ['t', [9]],
      ['unknown', [0]],
      ['other', [4]],
    ])
  })

  it('fails as a whole at an isolation level that there is not', async () => {
    const asked = new Asked(broker, [{}], { isolationLevel: 9 })
    await expect(asked.answer).rejects.toMatchObject({ code: 'UNKNOWN_SERVER_ERROR' })
  })

  it('fails at less than nothing, where there is something to read', async () => {
    for (const partition of [0, 1]) await write(broker, batch(['a']), partition)
    const parts = [{ maxBytes: -1 }, { partition: 1 }, { partition: 2, maxBytes: -1 }]
    const failed = { errorCode: 'UNKNOWN_SERVER_ERROR', ...REFUSED }
    const read = { errorCode: 'NONE', highWatermark: 1n }
    const empty = { errorCode: 'NONE', highWatermark: 0n }
    expect(await fetched(broker, parts)).toMatchObject([failed, read, empty])
    const anyParts = [{}, { partition: 1 }, { partition: 2 }]
    expect(await fetched(broker, anyParts, { maxBytes: -1 })).toMatchObject([failed, read, empty])
  })

  it('knows topics by their id from v13 on', async () => {
    const { topicId } = broker.cluster.topic('t')!
    await write(broker, batch(['a']))
    const [known] = await fetched(broker, [{ topicId }], { version: 13 })
    expect(known).toMatchObject({ errorCode: 'NONE', highWatermark: 1n })
    for (const unknown of ['BBBBBBBBBBBBBBBBBBBBBA', 'AAAAAAAAAAAAAAAAAAAAAA']) {
      const asked = new Asked(broker, [{ topicId: unknown }], { version: 17, maxWaitMs: 5000 })
      expect(await asked.isParked()).toBe(false)
      expect((await asked.answer).responses).toMatchObject([
        { topicId: unknown, partitions: [{ errorCode: 'UNKNOWN_TOPIC_ID', ...UNREAD }] },
      ])
    }
  })

  it('does not serve a topic by the id of one that was deleted before it', async () => {
    const old = broker.cluster.topic('t')!.topicId
    await broker.cluster.deleteTopics([old])
    const { topicId } = await broker.topic('t')
    const parts = [{ topicId: old }, { topicId }]
    expect(await fetched(broker, parts, { version: 13 })).toMatchObject([
      { errorCode: 'NONE' },
      { errorCode: 'UNKNOWN_TOPIC_ID' },
    ])
  })

  it('asks whether the principal may read', async () => {
    const { topicId } = broker.cluster.topic('t')!
    broker.denied.add('READ TOPIC t').add('READ TOPIC u')
    const denied = [{ errorCode: 'TOPIC_AUTHORIZATION_FAILED', ...UNREAD }]
    expect(await fetched(broker, [{}])).toMatchObject(denied)
    expect(await fetched(broker, [{ topic: 'u' }])).toMatchObject(denied)
    expect(await fetched(broker, [{ topicId }], { version: 13 })).toMatchObject(denied)
  })

  describe('checks epochs:', () => {
    it('the current one passes, a later one is unknown, an earlier one is fenced', async () => {
      await write(broker, batch(['a']))
      const { partitions } = broker.cluster.topic('t')!
      const current = broker.cluster.leaderEpoch(partitions[0]!)!
      const parts = [0, 1, 2].map((partition) => ({
        partition,
        currentLeaderEpoch: current + partition,
      }))
      expect(await fetched(broker, parts)).toMatchObject([
        { errorCode: 'NONE', highWatermark: 1n },
        { errorCode: 'UNKNOWN_LEADER_EPOCH', ...REFUSED },
        { errorCode: 'UNKNOWN_LEADER_EPOCH', ...REFUSED },
      ])
    })

    it('a last fetched epoch above the current is out of range, the current one is fine', async () => {
      await write(broker, batch(['a']))
      const { partitions } = broker.cluster.topic('t')!
      const current = broker.cluster.leaderEpoch(partitions[0]!)!
      expect(await fetched(broker, [{ lastFetchedEpoch: current }])).toMatchObject([
        { errorCode: 'NONE' },
      ])
      const above = [{ lastFetchedEpoch: current + 1 }]
      expect(await fetched(broker, above)).toMatchObject([{ errorCode: 'OFFSET_OUT_OF_RANGE' }])
    })

    it('an offset past the end of the last fetched epoch diverges', async () => {
      await write(broker, batch(['a']))
      const { partitions } = broker.cluster.topic('t')!
      const current = broker.cluster.leaderEpoch(partitions[0]!)!
      const past = [{ offset: 5, lastFetchedEpoch: current }]
      expect(await fetched(broker, past, { maxWaitMs: 5000 })).toMatchObject([
        { errorCode: 'NONE', divergingEpoch: { epoch: current, endOffset: 1n }, highWatermark: 1n },
      ])
    })
  })

  it('lists aborted transactions only for committed readers', async () => {
    await write(broker, batch(['a']))
    const [part] = await fetched(broker, [{}], { isolationLevel: 1 })
    expect(part).toMatchObject({ abortedTransactions: [], lastStableOffset: 1n })
    expect(part!.records!.length).toBeGreaterThan(0)
  })

  it('reads what is not in memory later', async () => {
    await write(broker, batch(['a']))
    broker.engine.readsLater = true
    const [part] = await fetched(broker, [{}])
    expect(baseOffsets(part!.records)).toEqual([0])
  })
})
