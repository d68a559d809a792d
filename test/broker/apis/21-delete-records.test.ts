import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { fetch } from '../../../src/broker/apis/01-fetch.ts'
import { listOffsets } from '../../../src/broker/apis/02-list-offsets.ts'
import { deleteRecords } from '../../../src/broker/apis/21-delete-records.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { StorageError } from '../../../src/storage/engine.ts'
import { batch, BrokerUnderTest, settled } from '../partitions/fixture.ts'

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t')
  await write('a', 'b', 'c')
  await write('d')
})

async function write(...values: string[]): Promise<void> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batch(values) }] }]
  await broker.ask(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
}

async function cut(offset: number, { version = 2, name = 't', partitionIndex = 0 } = {}) {
  const topics = [{ name, partitions: [{ partitionIndex, offset }] }]
  const reply = await broker.ask(deleteRecords, version, { topics, timeoutMs: 5000 })
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  return reply.topics[0]!.partitions[0]
}

async function read(fetchOffset: number, maxWaitMs = 0, minBytes = 1) {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }]
  const request = { maxWaitMs, minBytes, maxBytes: 1_000_000 }
  const reply = await broker.ask(fetch, 12, { ...request, topics: [{ topic: 't', partitions }] })
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  return reply.responses[0]!.partitions[0]!
}

const done = (lowWatermark: bigint) => ({ partitionIndex: 0, errorCode: 'NONE', lowWatermark })
const refused = (errorCode: string) => ({ errorCode, lowWatermark: -1n })

describe('DeleteRecords', () => {
  it.each([0, 1, 2])('v%i moves the start of the log up to an offset', async (version) => {
    expect(await cut(1, { version })).toEqual(done(1n))
    const partitions = [{ partitionIndex: 0, timestamp: -2 }]
    const question = { replicaId: -1, topics: [{ name: 't', partitions }] }
    const offsets = await broker.ask(listOffsets, 7, question)
    expect(offsets).toMatchObject({ topics: [{ partitions: [{ offset: 1n }] }] })
    expect(await read(0)).toMatchObject({ errorCode: 'OFFSET_OUT_OF_RANGE' })
    expect(await read(1)).toMatchObject({ errorCode: 'NONE', logStartOffset: 1n })
  })

  it('takes -1 for the high watermark, and the log goes on there', async () => {
    expect(await cut(-1)).toEqual(done(4n))
    await write('e')
    expect(await read(4)).toMatchObject({ errorCode: 'NONE', logStartOffset: 4n })
    expect(await cut(-1)).toEqual(done(5n))
  })

  it('never moves the start back', async () => {
    await cut(2)
    expect(await cut(1)).toEqual(done(2n))
    expect(await cut(0)).toEqual(done(2n))
  })

  it('refuses offsets that are beyond the high watermark, or none', async () => {
    expect(await cut(5)).toMatchObject(refused('OFFSET_OUT_OF_RANGE'))
    expect(await cut(-2)).toMatchObject(refused('OFFSET_OUT_OF_RANGE'))
    expect(await read(0)).toMatchObject({ errorCode: 'NONE', logStartOffset: 0n })
  })

  it('refuses topics that are only compacted, and those of coordinators', async () => {
    await broker.topic('compacted', 1, { 'cleanup.policy': 'compact' })
    await broker.topic('both', 1, { 'cleanup.policy': 'compact,delete' })
    await broker.cluster.internalTopic('__consumer_offsets')
    expect(await cut(0, { name: 'compacted' })).toMatchObject(refused('POLICY_VIOLATION'))
    expect(await cut(0, { name: 'both' })).toEqual(done(0n))
    const internal = await cut(0, { name: '__consumer_offsets' })
    expect(internal).toMatchObject(refused('INVALID_TOPIC_EXCEPTION'))
  })

  it('does not know what is not there, and asks whether the principal may delete', async () => {
    const unknown = refused('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await cut(0, { name: 'u' })).toMatchObject(unknown)
    expect(await cut(0, { partitionIndex: 3 })).toMatchObject({ ...unknown, partitionIndex: 3 })
    broker.denied.add('DELETE TOPIC t')
    expect(await cut(1)).toMatchObject(refused('TOPIC_AUTHORIZATION_FAILED'))
    expect(await read(0)).toMatchObject({ errorCode: 'NONE' })
  })

  it('lets a parked fetch at the end wait on, and answers it with the new start', async () => {
    const parked = read(4, 60_000)
    await settled()
    expect(await cut(3)).toEqual(done(3n))
    await settled()
    await write('e')
    expect(await parked).toMatchObject({ errorCode: 'NONE', logStartOffset: 3n })
  })

  it('ends the wait of a fetch whose records are gone', async () => {
    const parked = read(0, 60_000, 100_000)
    await settled()
    await cut(2)
    expect(await parked).toMatchObject({ errorCode: 'OFFSET_OUT_OF_RANGE' })
  })

  it('answers KAFKA_STORAGE_ERROR when the disk fails', async () => {
    broker.engine.observed.truncateBefore = async () => {
      throw new StorageError('The disk is gone.')
    }
    expect(await cut(1)).toMatchObject(refused('KAFKA_STORAGE_ERROR'))
  })
})
