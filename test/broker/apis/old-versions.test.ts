/** What versions that Kafka 4 serves no more answer, where that is something else than what later ones do. */

import { beforeEach, describe, expect, it } from 'vitest'
import { listOffsets } from '../../../src/broker/apis/02-list-offsets.ts'
import { metadata } from '../../../src/broker/apis/03-metadata.ts'
import { offsetCommit } from '../../../src/broker/apis/08-offset-commit.ts'
import { offsetFetch } from '../../../src/broker/apis/09-offset-fetch.ts'
import { createTopics } from '../../../src/broker/apis/19-create-topics.ts'
import { deleteTopics } from '../../../src/broker/apis/20-delete-topics.ts'
import { offsetForLeaderEpoch } from '../../../src/broker/apis/23-offset-for-leader-epoch.ts'
import { describeConfigs } from '../../../src/broker/apis/32-describe-configs.ts'
import { describeLogDirs } from '../../../src/broker/apis/35-describe-log-dirs.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'

const TIME = 1_700_000_000_000
const LATEST = -1
const EARLIEST = -2

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker()
})

async function makeTopic(configs: Record<string, string> = {}): Promise<void> {
  const asked = {
    ...{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [] },
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  }
  await broker.cluster.createTopics([asked])
}

/** A batch with this timestamp, that fills a segment of the least size. */
async function write(timestamp: number): Promise<void> {
  const record = { key: null, value: Buffer.alloc(900_000), timestamp }
  const [partition] = broker.cluster.topic('t')!.partitions
  await broker.engine.append([{ log: partition!.log, batch: buildBatch([record]) }])
}

describe('ListOffsets v0', () => {
  async function offsets(timestamp: number, maxNumOffsets: number, name = 't') {
    const partitions = [{ partitionIndex: 0, timestamp, maxNumOffsets }]
    const request = { replicaId: -1, topics: [{ name, partitions }] }
    const reply = await broker.ask(listOffsets, request, { version: 0 })
    const { errorCode, oldStyleOffsets } = reply.topics[0]!.partitions[0]!
    return errorCode === 'NONE' ? oldStyleOffsets.map(Number) : errorCode
  }

  it('tells where segments begin, the newest first', async () => {
    await makeTopic({ 'segment.bytes': '1048576' })
    expect(await offsets(LATEST, 1)).toEqual([0])
    for (const day of [0, 1, 2]) await write(TIME + day * 86_400_000)
    expect(await offsets(LATEST, 1)).toEqual([3])
    expect(await offsets(LATEST, 10)).toEqual([3, 2, 1, 0])
    expect(await offsets(LATEST, 2)).toEqual([3, 2])
    expect(await offsets(EARLIEST, 1)).toEqual([0])
    expect(await offsets(EARLIEST, 10)).toEqual([0])
    expect(await offsets(LATEST, 0)).toEqual([])
  })

  it('finds by time the segments that were complete then', async () => {
    await makeTopic({ 'segment.bytes': '1048576' })
    for (const day of [0, 1, 2]) await write(TIME + day * 86_400_000)
    expect(await offsets(TIME - 1, 10)).toEqual([])
    expect(await offsets(TIME, 10)).toEqual([0])
    expect(await offsets(TIME + 86_400_000, 10)).toEqual([1, 0])
    expect(await offsets(TIME + 86_400_000, 1)).toEqual([1])
  })

  it('begins where the log begins', async () => {
    await makeTopic({ 'segment.bytes': '1048576' })
    for (const day of [0, 1, 2]) await write(TIME + day * 86_400_000)
    const [partition] = broker.cluster.topic('t')!.partitions
    await broker.engine.truncateBefore(partition!.log, 2)
    expect(await offsets(EARLIEST, 1)).toEqual([2])
    expect(await offsets(LATEST, 10)).toEqual([3, 2])
    expect(await offsets(LATEST, 1, 'none')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})

describe('committed offsets', () => {
  const asked = { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }

  it('v0 commits without a member, and its fetch has an error where nothing is committed', async () => {
    await makeTopic()
    const nothing = await broker.ask(offsetFetch, asked, { version: 0 })
    expect(nothing.topics[0]!.partitions).toMatchObject([
      { committedOffset: -1n, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ])
    const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: 'm' }]
    const request = { groupId: 'g', topics: [{ name: 't', partitions }] }
    const reply = await broker.ask(offsetCommit, request, { version: 0 })
    expect(reply.topics[0]!.partitions).toMatchObject([{ errorCode: 'NONE' }])
    for (const version of [0, 1, 7]) {
      const { topics } = await broker.ask(offsetFetch, asked, { version })
      expect(topics[0]!.partitions).toMatchObject([
        { committedOffset: 7n, metadata: 'm', errorCode: 'NONE' },
      ])
    }
  })

  it('v1 says when it was committed, and the offset goes as much earlier', async () => {
    await makeTopic()
    const day = 86_400_000
    const now = broker.clock.now()
    const commit = async (groupId: string, commitTimestamp: number): Promise<void> => {
      const place = { partitionIndex: 0, committedOffset: 7, committedMetadata: '' }
      const topics = [{ name: 't', partitions: [{ ...place, commitTimestamp }] }]
      const reply = await broker.ask(offsetCommit, { groupId, topics }, { version: 1 })
      expect(reply.topics[0]!.partitions).toMatchObject([{ errorCode: 'NONE' }])
    }
    await commit('old', now - 6 * day)
    await commit('new', LATEST)
    await broker.clock.advance(2 * day)
    const committed = async (groupId: string): Promise<bigint> => {
      const { topics } = await broker.ask(offsetFetch, { ...asked, groupId }, { version: 1 })
      return topics[0]!.partitions[0]!.committedOffset
    }
    expect([await committed('old'), await committed('new')]).toEqual([-1n, 7n])
  })
})

describe('topics', () => {
  it.each([0, 1])('CreateTopics v%i and DeleteTopics v0 make and end one', async (version) => {
    const topic = { name: 'made', numPartitions: 2, replicationFactor: 1 }
    const topics = [{ ...topic, assignments: [], configs: [] }]
    const create = () => broker.ask(createTopics, { topics, timeoutMs: 1000 }, { version })
    expect((await create()).topics).toMatchObject([{ name: 'made', errorCode: 'NONE' }])
    expect((await create()).topics).toMatchObject([{ errorCode: 'TOPIC_ALREADY_EXISTS' }])
    const all = await broker.ask(metadata, { topics: [] }, { version: 0 })
    expect(all.topics.map(({ name }) => name)).toEqual(['made'])
    const request = { topicNames: ['made', 'none'], timeoutMs: 1000 }
    const { responses } = await broker.ask(deleteTopics, request, { version: 0 })
    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual(
      expect.arrayContaining([
        ['made', 'NONE'],
        ['none', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ]),
    )
    expect(broker.cluster.topic('made')).toBeUndefined()
  })

  it('DescribeConfigs v0 says what is default in place of where it comes from', async () => {
    await makeTopic({ 'retention.ms': '1000' })
    const resources = [
      { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms', 'segment.bytes'] },
    ]
    const { results } = await broker.ask(describeConfigs, { resources }, { version: 0 })
    const defaults = results[0]!.configs.map(({ name, isDefault }) => [name, isDefault])
    expect(Object.fromEntries(defaults)).toEqual({ 'retention.ms': false, 'segment.bytes': true })
  })

  it('DescribeLogDirs v0 and OffsetForLeaderEpoch v0 and v1 answer as later versions do', async () => {
    await makeTopic()
    await write(TIME)
    const dirs = await broker.ask(describeLogDirs, { topics: null }, { version: 0 })
    expect(dirs.results[0]!.topics).toMatchObject([
      { name: 't', partitions: [{ partitionIndex: 0, isFutureKey: false }] },
    ])
    for (const version of [0, 1]) {
      const partitions = [{ partition: 0, leaderEpoch: 0 }]
      const topics = [{ topic: 't', partitions }]
      const reply = await broker.ask(offsetForLeaderEpoch, { topics }, { version })
      expect(reply.topics[0]!.partitions).toMatchObject([
        { errorCode: 'NONE', leaderEpoch: version === 0 ? -1 : 0, endOffset: 1n },
      ])
    }
  })
})
