import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refusedPart } from '../../../src/broker/partitions/fetch.ts'
import { FetchSession } from '../../../src/broker/partitions/fetch-session.ts'
import { FetchSessions } from '../../../src/broker/partitions/fetch-sessions.ts'
import { ManualClock } from '../../../src/clock.ts'
import { seededRandom } from '../../../src/random.ts'
import type { LogId } from '../../../src/storage/engine.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'
import {
  Asked,
  baseOffsets,
  type FetchReply,
  type Part,
  type Terms,
  write,
} from './fetch-request.ts'
import { batch, batchOfSize, BrokerUnderTest, settled } from './fixture.ts'

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t', 3)
})

afterEach(() => {
  expect(broker.engine.lentReads).toBe(0)
})

function ask(parts: Part[], terms: Terms): Promise<FetchReply> {
  return new Asked(broker, parts, terms).answer
}

async function open(parts: Part[], terms: Terms = {}): Promise<number> {
  const { sessionId } = await ask(parts, { ...terms, sessionEpoch: 0 })
  expect(sessionId).toBeGreaterThan(0)
  return sessionId
}

/** Partition and error of all that is answered. */
function told({ responses }: FetchReply): [number, string][] {
  return responses.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex, errorCode }): [number, string] => [
      partitionIndex,
      errorCode,
    ]),
  )
}

const three = [{}, { partition: 1 }, { partition: 2 }]

describe('a fetch session', () => {
  it('tells anew what it told of a partition that has been forgotten since', async () => {
    const sessionId = await open(three)
    const forgottenTopicsData = [{ topic: 't', partitions: [1] }]
    await ask([], { sessionId, sessionEpoch: 1, forgottenTopicsData })
    const again = await ask([{ partition: 1 }], { sessionId, sessionEpoch: 2 })
    expect(told(again)).toEqual([[1, 'NONE']])
  })

  it('begins with a full fetch at epoch 0, and has an id of its own', async () => {
    const ids = [await open([{}]), await open([{}]), await open([{}])]
    expect(new Set(ids).size).toBe(3)
  })

  it('is not made at epoch -1', async () => {
    expect(await ask([{}], { sessionEpoch: -1 })).toMatchObject({ sessionId: 0, errorCode: 'NONE' })
    expect(broker.broker.partitions.sessions.size).toBe(0)
  })

  it('answers nothing of partitions of which there is no news', async () => {
    const sessionId = await open(three)
    expect((await ask([], { sessionId, sessionEpoch: 1 })).responses).toEqual([])
    await write(broker, batch(['a']), 1)
    const reply = await ask([], { sessionId, sessionEpoch: 2 })
    expect(reply).toMatchObject({ errorCode: 'NONE', sessionId })
    expect(told(reply)).toEqual([[1, 'NONE']])
  })

  it('answers records again until its client asks behind them', async () => {
    await write(broker, batch(['a']))
    const sessionId = await open(three)
    expect(told(await ask([], { sessionId, sessionEpoch: 1 }))).toEqual([[0, 'NONE']])
    const behind = await ask([{ offset: 1 }], { sessionId, sessionEpoch: 2 })
    expect(behind.responses).toEqual([])
  })

  it('tells a high watermark and a log start that have moved, without records too', async () => {
    for (const value of ['a', 'b']) await write(broker, batch([value]))
    const sessionId = await open([{ offset: 2 }])
    const { log } = broker.cluster.topic('t')!.partitions[0]!
    await broker.engine.observed.truncateBefore(log, 1)
    const reply = await ask([], { sessionId, sessionEpoch: 1 })
    expect(reply.responses[0]!.partitions).toMatchObject([
      { highWatermark: 2n, logStartOffset: 1n },
    ])
    expect((await ask([], { sessionId, sessionEpoch: 2 })).responses).toEqual([])
  })

  it('repeats errors each time, and tells the partition anew when they are over', async () => {
    const sessionId = await open([{ offset: 1 }])
    for (const sessionEpoch of [1, 2]) {
      const reply = await ask([], { sessionId, sessionEpoch, maxWaitMs: 5000 })
      expect(told(reply)).toEqual([[0, 'OFFSET_OUT_OF_RANGE']])
    }
    const reply = await ask([{ offset: 0 }], { sessionId, sessionEpoch: 3 })
    expect(told(reply)).toEqual([[0, 'NONE']])
    expect((await ask([], { sessionId, sessionEpoch: 4 })).responses).toEqual([])
  })

  it('takes in partitions that are named, and drops those that are forgotten', async () => {
    const sessionId = await open([{}])
    const more = await ask([{ partition: 1 }], { sessionId, sessionEpoch: 1 })
    expect(told(more)).toEqual([[1, 'NONE']])
    await write(broker, batch(['a']), 0)
    await write(broker, batch(['b']), 1)
    const forgottenTopicsData = [{ topic: 't', partitions: [0, 7] }]
    const less = await ask([], { sessionId, sessionEpoch: 2, forgottenTopicsData })
    expect(told(less)).toEqual([[1, 'NONE']])
  })

  it('ends when its last partition is forgotten', async () => {
    const sessionId = await open([{}])
    const forgottenTopicsData = [{ topic: 't', partitions: [0] }]
    const reply = await ask([], { sessionId, sessionEpoch: 1, forgottenTopicsData })
    expect(reply).toMatchObject({ errorCode: 'NONE', sessionId: 0, responses: [] })
    expect(broker.broker.partitions.sessions.size).toBe(0)
    expect(broker.engine.watchers).toBe(0)
  })

  it('ends at epoch -1, and when its client begins another', async () => {
    const sessionId = await open(three)
    expect(await ask([], { sessionId, sessionEpoch: -1 })).toMatchObject({ sessionId: 0 })
    const unknown = { errorCode: 'FETCH_SESSION_ID_NOT_FOUND', sessionId: 0, responses: [] }
    expect(await ask([], { sessionId, sessionEpoch: 1 })).toMatchObject(unknown)
    const second = await open(three)
    const third = await open(three, { sessionId: second })
    expect(await ask([], { sessionId: second, sessionEpoch: 1 })).toMatchObject(unknown)
    expect(await ask([], { sessionId: third, sessionEpoch: 1 })).toMatchObject({ sessionId: third })
  })

  it('refuses another epoch than the next, and goes on at the next', async () => {
    const sessionId = await open([{}])
    const wrong = { errorCode: 'INVALID_FETCH_SESSION_EPOCH', sessionId: 0, responses: [] }
    expect(await ask([], { sessionId, sessionEpoch: 2 })).toMatchObject(wrong)
    expect(await ask([], { sessionId, sessionEpoch: 1 })).toMatchObject({ errorCode: 'NONE' })
    expect(await ask([], { sessionId, sessionEpoch: 1 })).toMatchObject(wrong)
  })

  it('is by names or by ids, as it began', async () => {
    const { topicId } = broker.cluster.topic('t')!
    const byName = await open([{}], { version: 12 })
    const byId = await open([{ topicId }], { version: 13 })
    const wrong = { errorCode: 'FETCH_SESSION_TOPIC_ID_ERROR', sessionId: 0, responses: [] }
    const terms = { sessionEpoch: 1 }
    expect(await ask([], { ...terms, sessionId: byName, version: 13 })).toMatchObject(wrong)
    expect(await ask([], { ...terms, sessionId: byId, version: 12 })).toMatchObject(wrong)
  })

  it('stays with the topic id that it was given', async () => {
    const { topicId } = broker.cluster.topic('t')!
    const sessionId = await open([{ topicId }], { version: 13 })
    await broker.cluster.deleteTopics([topicId])
    const poll = (sessionEpoch: number): Promise<FetchReply> =>
      ask([], { version: 13, sessionId, sessionEpoch })
    expect(told(await poll(1))).toEqual([[0, 'UNKNOWN_TOPIC_OR_PARTITION']])
    await broker.topic('t', 3)
    for (const epoch of [2, 3])
      expect(told(await poll(epoch))).toEqual([[0, 'INCONSISTENT_TOPIC_ID']])
  })

  it('finds a topic by its name again', async () => {
    const sessionId = await open([{}, { topic: 'later' }])
    await broker.cluster.deleteTopics([broker.cluster.topic('t')!.topicId])
    const gone = [
      [0, 'UNKNOWN_TOPIC_OR_PARTITION'],
      [0, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]
    expect(told(await ask([], { sessionId, sessionEpoch: 1 }))).toEqual(gone)
    await broker.topic('t')
    await broker.topic('later')
    const found = await ask([], { sessionId, sessionEpoch: 2 })
    expect(told(found)).toEqual([
      [0, 'NONE'],
      [0, 'NONE'],
    ])
    expect((await ask([], { sessionId, sessionEpoch: 3 })).responses).toEqual([])
  })

  it('asks each time whether the principal may read', async () => {
    const sessionId = await open([{}])
    broker.denied.add('READ TOPIC t')
    const denied = await ask([], { sessionId, sessionEpoch: 1, maxWaitMs: 5000 })
    expect(told(denied)).toEqual([[0, 'TOPIC_AUTHORIZATION_FAILED']])
    broker.denied.clear()
    expect(told(await ask([], { sessionId, sessionEpoch: 2 }))).toEqual([[0, 'NONE']])
  })

  it('lets no partition starve where only one fits', async () => {
    for (const partition of [0, 1, 2]) await write(broker, batchOfSize(1000), partition)
    const sessionId = await open(three, { maxBytes: 100 })
    const served: number[] = []
    for (let sessionEpoch = 1; sessionEpoch <= 4; sessionEpoch++) {
      const { responses } = await ask([], { sessionId, sessionEpoch, maxBytes: 100 })
      const parts = responses.flatMap(({ partitions }) => partitions)
      const filled = parts.filter(({ records }) => records!.length > 0)
      served.push(...filled.map(({ partitionIndex }) => partitionIndex))
    }
    expect(served).toEqual([0, 1, 2, 0])
  })

  it('reads only partitions that have moved', async () => {
    const sessionId = await open(three)
    await ask([], { sessionId, sessionEpoch: 1 })
    const { reads, watchers } = broker.engine
    for (const sessionEpoch of [2, 3]) {
      const asked = new Asked(broker, [], { sessionId, sessionEpoch, maxWaitMs: 100 })
      await settled()
      expect(broker.engine.watchers).toBe(watchers)
      await broker.clock.advance(100)
      await asked.answer
    }
    expect(broker.engine.reads).toBe(reads)
    expect(watchers).toBe(3)
  })

  it('costs a writer nothing when nobody polls it any more', async () => {
    const sessionId = await open(three)
    await ask([], { sessionId, sessionEpoch: 1 })
    for (let i = 0; i < 3; i++) await write(broker, batch(['a']), 1)
    expect(broker.engine.watchers).toBe(2)
    const reply = await ask([], { sessionId, sessionEpoch: 2 })
    expect(baseOffsets(reply.responses[0]!.partitions[0]!.records)).toEqual([0, 1, 2])
    expect(broker.engine.watchers).toBe(3)
  })
})

it('what moves while it is read is read again', async () => {
  const hints: (() => void)[] = []
  const watch = (_log: LogId, hint: () => void): (() => void) => {
    hints.push(hint)
    return () => {}
  }
  const session = new FetchSession({ ...broker.engine.observed, watch }, 1, false)
  const asked = {
    fetchOffset: 0,
    partitionMaxBytes: 1,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  }
  session.update([{ topic: 't', topicId: '', partitions: [{ partition: 0, ...asked }] }], [])
  session.refresh(() => broker.cluster.topic('t')!, false)
  const nothing = { ...refusedPart(0, 'NONE'), highWatermark: 0 }
  const [part] = session.beginRead()
  hints[0]!()
  session.answer(part!, nothing)
  expect(session.beginRead()).toEqual([part])
  session.answer(part!, nothing)
  expect(session.beginRead()).toEqual([])
})

it('the epoch behind the last one is 1', () => {
  const session = new FetchSession(broker.engine.observed, 1, false)
  session.epoch = 2 ** 31 - 2
  session.nextEpoch()
  expect(session.epoch).toBe(2 ** 31 - 1)
  session.nextEpoch()
  expect(session.epoch).toBe(1)
})

describe('a parked fetch of a session', () => {
  it('is woken by a partition that was quiet, and answers only that', async () => {
    const sessionId = await open(three)
    await ask([], { sessionId, sessionEpoch: 1 })
    const asked = new Asked(broker, [], { sessionId, sessionEpoch: 2, maxWaitMs: 5000 })
    expect(await asked.isParked()).toBe(true)
    await write(broker, batch(['a']), 2)
    expect(told(await asked.answer)).toEqual([[2, 'NONE']])
  })

  it('waits for its minimum of all partitions together', async () => {
    const sessionId = await open(three)
    await ask([], { sessionId, sessionEpoch: 1 })
    const terms = { sessionId, sessionEpoch: 2, maxWaitMs: 5000, minBytes: 1500 }
    const asked = new Asked(broker, [], terms)
    for (const partition of [2, 0]) {
      await write(broker, batchOfSize(700), partition)
      expect(await asked.isParked()).toBe(true)
    }
    await write(broker, batchOfSize(700), 2)
    const { responses } = await asked.answer
    const parts = responses.flatMap(({ partitions }) => partitions)
    expect(parts.map(({ partitionIndex, records }) => [partitionIndex, records!.length])).toEqual([
      [0, 700],
      [2, 1400],
    ])
  })

  it('is worth nothing once its client has gone on without its answer', async () => {
    const sessionId = await open([{}])
    const first = new Asked(broker, [], { sessionId, sessionEpoch: 1, maxWaitMs: 5000 })
    expect(await first.isParked()).toBe(true)
    const second = new Asked(broker, [], { sessionId, sessionEpoch: 2, maxWaitMs: 5000 })
    expect(await second.isParked()).toBe(true)
    await write(broker, batch(['a']))
    expect(await first.answer).toMatchObject({ errorCode: 'INVALID_FETCH_SESSION_EPOCH' })
    expect(told(await second.answer)).toEqual([[0, 'NONE']])
  })

  it('goes on to its end when its session is closed', async () => {
    const sessionId = await open(three)
    const asked = new Asked(broker, [], { sessionId, sessionEpoch: 1, maxWaitMs: 5000 })
    expect(await asked.isParked()).toBe(true)
    await ask([], { sessionId, sessionEpoch: -1 })
    await write(broker, batch(['a']))
    expect(told(await asked.answer)).toEqual([[0, 'NONE']])
    expect(broker.engine.watchers).toBe(0)
  })

  it('leaves the session to a client that comes again after its connection closed', async () => {
    const sessionId = await open([{}])
    const asked = new Asked(broker, [], { sessionId, sessionEpoch: 1, maxWaitMs: 5000 })
    expect(await asked.isParked()).toBe(true)
    asked.cancellation.cancel('closed')
    await asked.answer
    await write(broker, batch(['a']))
    expect(told(await ask([], { sessionId, sessionEpoch: 2 }))).toEqual([[0, 'NONE']])
  })
})

describe('the places for sessions', () => {
  const consumer = { isPrivileged: false, usesTopicIds: true, size: 3 }
  const follower = { ...consumer, isPrivileged: true }
  const clock = new ManualClock()
  let sessions: FetchSessions

  beforeEach(async () => {
    const engine = await openMemoryEngine({ clock })
    sessions = new FetchSessions({ engine, clock, random: seededRandom(3), slots: 2 })
  })

  const isThere = (session: { id: number } | undefined): boolean =>
    session !== undefined && sessions.find(session.id) === session

  it('are as many as the broker is configured to have', async () => {
    broker = await BrokerUnderTest.open({ 'max.incremental.fetch.session.cache.slots': 1 })
    await broker.topic('t')
    const sessionId = await open([{}])
    expect(await ask([{}], { sessionEpoch: 0 })).toMatchObject({ errorCode: 'NONE', sessionId: 0 })
    expect(await ask([], { sessionId, sessionEpoch: 1 })).toMatchObject({ errorCode: 'NONE' })
    await broker.clock.advance(120_001)
    const next = await open([{}])
    expect(await ask([], { sessionId, sessionEpoch: 2 })).toMatchObject({
      errorCode: 'FETCH_SESSION_ID_NOT_FOUND',
    })
    expect(await ask([], { sessionId: next, sessionEpoch: 1 })).toMatchObject({ sessionId: next })
  })

  it('are lost by the one that was not used for longest, after two minutes', async () => {
    const [first, second] = [sessions.create(consumer)!, sessions.create(consumer)!]
    await clock.advance(120_000)
    expect(sessions.create(consumer)).toBeUndefined()
    sessions.touch(first)
    await clock.advance(1)
    expect(isThere(sessions.create(consumer))).toBe(true)
    expect([first, second].map(isThere)).toEqual([true, false])
  })

  it('are lost by one in use for over two minutes to a larger one, not to one of its size', async () => {
    const [first, second] = [sessions.create(consumer)!, sessions.create(consumer)!]
    await clock.advance(120_001)
    sessions.touch(first)
    sessions.touch(second)
    expect(sessions.create({ ...consumer, size: 0 })).toBeUndefined()
    expect(isThere(sessions.create({ ...consumer, size: 1 }))).toBe(true)
    expect([first, second].map(isThere)).toEqual([false, true])
  })

  it("are lost by a consumer's to a follower's at any time, and never the other way round", async () => {
    const [first, second] = [sessions.create(consumer)!, sessions.create(follower)!]
    const third = sessions.create(follower)!
    expect([first, second, third].map(isThere)).toEqual([false, true, true])
    await clock.advance(120_001)
    sessions.touch(second)
    sessions.touch(third)
    expect(sessions.create({ ...consumer, size: 1000 })).toBeUndefined()
  })
})
