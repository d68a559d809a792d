import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { fetch } from '../../../src/broker/apis/01-fetch.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { batch, batchOfSize, BrokerUnderTest } from '../partitions/fixture.ts'

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
})

type Partition = { index: number; records: Buffer | null }

function request(
  name: string,
  partitions: Partition[],
  rest: { acks?: number; topicId?: string } = {},
) {
  const { acks = -1, topicId } = rest
  const topic = topicId === undefined ? { name } : { topicId }
  return { acks, timeoutMs: 5000, topicData: [{ ...topic, partitionData: partitions }] }
}

async function send(version: number, ...sent: Parameters<typeof request>) {
  const reply = await broker.ask(produce, version, request(...sent))
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  return reply.responses.flatMap(({ partitionResponses }) => partitionResponses)
}

async function valuesIn(topic: string, partition = 0): Promise<string[]> {
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1e6 }]
  const topics = [{ topic, partitions }]
  const reply = await broker.ask(fetch, 12, { maxWaitMs: 0, minBytes: 1, maxBytes: 1e6, topics })
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  const found = reply.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)
  return [...batchesIn(found)].flatMap((one) =>
    [...iterateRecords(one)].map(({ value }) => String(value)),
  )
}

describe('produce', () => {
  it('gives out offsets, the same for acks 1 and all', async () => {
    await broker.topic('t')
    const appended = { errorCode: 'NONE', logAppendTimeMs: -1n, logStartOffset: 0n }
    expect(await send(9, 't', [{ index: 0, records: batch(['a', 'b']) }])).toMatchObject([
      { ...appended, index: 0, baseOffset: 0n, recordErrors: [], errorMessage: null },
    ])
    expect(await send(3, 't', [{ index: 0, records: batch(['c']) }], { acks: 1 })).toMatchObject([
      { errorCode: 'NONE', baseOffset: 2n },
    ])
    expect(await valuesIn('t')).toEqual(['a', 'b', 'c'])
  })

  it('answers every partition by itself, and appends the good ones in one commit', async () => {
    await broker.topic('t', 2)
    const wrong = batch(['b'])
    wrong[wrong.length - 1]! ^= 1
    const partitionData = [
      { index: 0, records: batch(['a']) },
      { index: 1, records: wrong },
      { index: 2, records: batch(['c']) },
    ]
    const unknown = { name: 'u', partitionData: [{ index: 0, records: batch(['d']) }] }
    const topicData = [{ name: 't', partitionData }, unknown]
    const calls = broker.engine.appendCalls
    const reply = await broker.ask(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
    expect(broker.engine.appendCalls).toBe(calls + 1)
    const nowhere = { baseOffset: -1n, logStartOffset: -1n }
    expect(reply).toMatchObject({
      responses: [
        {
          name: 't',
          partitionResponses: [
            { index: 0, errorCode: 'NONE', baseOffset: 0n },
            { index: 1, errorCode: 'CORRUPT_MESSAGE', ...nowhere },
            { index: 2, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', ...nowhere },
          ],
        },
        { name: 'u', partitionResponses: [{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }] },
      ],
    })
  })

  it('appends several partitions in one commit', async () => {
    await broker.topic('t', 3)
    const calls = broker.engine.appendCalls
    const partitions = [0, 1, 2].map((index) => ({ index, records: batch([`p${index}`]) }))
    const results = await send(9, 't', partitions)
    expect(results.map(({ errorCode }) => errorCode)).toEqual(['NONE', 'NONE', 'NONE'])
    expect(broker.engine.appendCalls).toBe(calls + 1)
    expect(await valuesIn('t', 2)).toEqual(['p2'])
  })

  it('knows topics by their id from v13 on', async () => {
    const { topicId } = await broker.topic('t')
    const partitions = [{ index: 0, records: batch(['a']) }]
    expect(await send(13, '', partitions, { topicId })).toMatchObject([{ errorCode: 'NONE' }])
    const other = 'BBBBBBBBBBBBBBBBBBBBBA'
    expect(await send(13, '', partitions, { topicId: other })).toMatchObject([
      { errorCode: 'UNKNOWN_TOPIC_ID' },
    ])
    expect(await send(13, '', [{ index: 1, records: batch(['a']) }], { topicId })).toMatchObject([
      { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ])
  })

  it('never creates a topic', async () => {
    expect(await send(9, 'u', [{ index: 0, records: batch(['a']) }])).toMatchObject([
      { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ])
    expect(broker.cluster.topic('u')).toBeUndefined()
  })

  it('answers nothing to acks=0, and closes after an error', async () => {
    await broker.topic('t')
    const good = request('t', [{ index: 0, records: batch(['a']) }], { acks: 0 })
    expect(await broker.ask(produce, 9, good)).toBeUndefined()
    expect(await valuesIn('t')).toEqual(['a'])
    const unknown = request('u', [{ index: 0, records: batch(['a']) }], { acks: 0 })
    expect(await broker.ask(produce, 9, unknown)).toBe(CLOSE)
    const corrupt = batch(['b'])
    corrupt[corrupt.length - 1]! ^= 1
    const bad = request('t', [{ index: 0, records: corrupt }], { acks: 0 })
    expect(await broker.ask(produce, 9, bad)).toBe(CLOSE)
  })

  it('does not close over a repeated batch with acks=0', async () => {
    await broker.topic('t')
    const once = batch(['a'], { producerId: 9, producerEpoch: 0, baseSequence: 0 })
    const again = request('t', [{ index: 0, records: once }], { acks: 0 })
    expect(await broker.ask(produce, 9, again)).toBeUndefined()
    expect(await broker.ask(produce, 9, again)).toBeUndefined()
    expect(await valuesIn('t')).toEqual(['a'])
  })

  it.each([2, -2])('refuses acks=%i', async (acks) => {
    await broker.topic('t')
    expect(await send(9, 't', [{ index: 0, records: batch(['a']) }], { acks })).toMatchObject([
      { errorCode: 'INVALID_REQUIRED_ACKS', baseOffset: -1n, logStartOffset: -1n },
    ])
    expect(await valuesIn('t')).toEqual([])
  })

  it('answers null and empty records, which Kafka leaves without an answer, with an error', async () => {
    await broker.topic('t')
    const refused = [{ errorCode: 'INVALID_RECORD', baseOffset: -1n, logStartOffset: -1n }]
    expect(await send(9, 't', [{ index: 0, records: null }])).toMatchObject(refused)
    expect(await send(9, 't', [{ index: 0, records: Buffer.alloc(0) }])).toMatchObject(refused)
  })

  it('tells the log start offset only where the log has refused', async () => {
    await broker.topic('t', 1, { 'max.message.bytes': '1000' })
    const shifted = batch(['a'])
    shifted.writeBigInt64BE(55n, 0)
    expect(await send(9, 't', [{ index: 0, records: shifted }])).toMatchObject([
      { errorCode: 'INVALID_RECORD', logStartOffset: 0n },
    ])
    expect(await send(9, 't', [{ index: 0, records: batchOfSize(1001) }])).toMatchObject([
      { errorCode: 'MESSAGE_TOO_LARGE', logStartOffset: -1n },
    ])
    expect(await send(9, 't', [{ index: 0, records: batchOfSize(1000) }])).toMatchObject([
      { errorCode: 'NONE' },
    ])
  })

  it('says which records a compacted topic does not take, from v8 on', async () => {
    await broker.topic('t', 1, { 'cleanup.policy': 'compact' })
    const timestamp = broker.clock.now()
    const mixed = [
      { key: Buffer.from('k'), value: Buffer.from('a'), timestamp },
      { key: null, value: Buffer.from('b'), timestamp },
    ]
    const { bytes } = buildBatch(mixed)
    const [result] = await send(9, 't', [{ index: 0, records: bytes }])
    expect(result).toMatchObject({ errorCode: 'INVALID_RECORD', logStartOffset: 0n })
    const batchIndexErrorMessage =
      'Compacted topic cannot accept message without key in topic partition t-0'
    expect(result!.recordErrors).toEqual([{ batchIndex: 1, batchIndexErrorMessage }])
    expect(result!.errorMessage).toContain('One or more records have been rejected')
    expect(await send(7, 't', [{ index: 0, records: bytes }])).toMatchObject([
      { errorCode: 'INVALID_RECORD', recordErrors: [], errorMessage: null },
    ])
  })

  it('sets and tells the time where the topic wants log append time', async () => {
    await broker.topic('t', 1, { 'message.timestamp.type': 'LogAppendTime' })
    await broker.clock.advance(12_345)
    expect(await send(9, 't', [{ index: 0, records: batch(['a']) }])).toMatchObject([
      { errorCode: 'NONE', logAppendTimeMs: BigInt(broker.clock.now()) },
    ])
  })

  it('refuses zstd before v7', async () => {
    await broker.topic('t')
    const zstd = batch(['a'])
    zstd[22] = 4
    expect(await send(6, 't', [{ index: 0, records: zstd }])).toMatchObject([
      { errorCode: 'UNSUPPORTED_COMPRESSION_TYPE', logStartOffset: -1n },
    ])
  })

  it('answers a repeated batch with its first offset and a time', async () => {
    await broker.topic('t')
    const identity = { producerId: 9, producerEpoch: 0 }
    const first = batch(['a'], { ...identity, baseSequence: 0 })
    const second = batch(['b'], { ...identity, baseSequence: 1 })
    await send(9, 't', [{ index: 0, records: first }])
    await send(9, 't', [{ index: 0, records: second }])
    expect(await send(9, 't', [{ index: 0, records: first }])).toMatchObject([
      { errorCode: 'NONE', baseOffset: 0n, logAppendTimeMs: 1_700_000_000_000n },
    ])
    const gap = batch(['x'], { ...identity, baseSequence: 5 })
    expect(await send(9, 't', [{ index: 0, records: gap }])).toMatchObject([
      { errorCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER', baseOffset: -1n, logStartOffset: 0n },
    ])
    expect(await valuesIn('t')).toEqual(['a', 'b'])
  })

  it('refuses a whole request that is part of a transaction', async () => {
    await broker.topic('t', 2)
    const transactional = batch(['a'], { producerId: 5, producerEpoch: 0, transactional: true })
    const partitions = [
      { index: 0, records: transactional },
      { index: 1, records: batch(['b']) },
    ]
    const refused = (errorCode: string) => [{ errorCode }, { errorCode }]
    expect(await send(9, 't', partitions)).toMatchObject(
      refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'),
    )
    const named = { ...request('t', partitions), transactionalId: 'x' }
    const reply = await broker.ask(produce, 9, named)
    expect(reply).toMatchObject({
      responses: [{ partitionResponses: refused('INVALID_TXN_STATE') }],
    })
    expect(await valuesIn('t', 1)).toEqual([])
  })

  it('refuses the internal topics', async () => {
    await broker.cluster.internalTopic('__consumer_offsets')
    expect(
      await send(9, '__consumer_offsets', [{ index: 0, records: batch(['a']) }]),
    ).toMatchObject([{ errorCode: 'INVALID_TOPIC_EXCEPTION', logStartOffset: -1n }])
  })

  it('asks whether the principal may write', async () => {
    await broker.topic('t')
    broker.denied.add('WRITE TOPIC t').add('WRITE TOPIC u')
    for (const name of ['t', 'u']) {
      expect(await send(9, name, [{ index: 0, records: batch(['a']) }])).toMatchObject([
        { errorCode: 'TOPIC_AUTHORIZATION_FAILED' },
      ])
    }
  })

  it('keeps the order of arrival though a batch takes longer to be checked', async () => {
    await broker.topic('t', 2)
    // Large enough to be inflated off the event loop.
    const large = batch([Buffer.alloc(900_000, 'large').toString()], { compression: 'gzip' })
    const first = send(9, 't', [{ index: 0, records: large }])
    const second = send(9, 't', [
      { index: 0, records: batch(['second']) },
      { index: 1, records: batch(['beside']) },
    ])
    const third = send(9, 't', [{ index: 1, records: batch(['third']) }])
    const offsets = (await Promise.all([first, second, third])).flat().map((one) => one.baseOffset)
    expect(offsets).toEqual([0n, 1n, 0n, 1n])
    expect(await valuesIn('t', 1)).toEqual(['beside', 'third'])
  })

  it('fails as a whole for every partition', () => {
    const asked = { ...request('t', [{ index: 3, records: null }]), transactionalId: null }
    const topicData = asked.topicData.map((topic) => ({ topicId: '', name: '', ...topic }))
    expect(produce.fail({ ...asked, topicData }, 'UNKNOWN_SERVER_ERROR', null)).toMatchObject({
      responses: [
        { name: 't', partitionResponses: [{ index: 3, errorCode: 'UNKNOWN_SERVER_ERROR' }] },
      ],
    })
  })
})
