/** Clients that know no record batches: what they produce becomes batches, what they fetch are messages. */

import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import { buildMarker } from '../../../src/protocol/records/control-records.ts'
import {
  buildMessageSet,
  iterateMessages,
  type MessageRecord,
  messagesIn,
} from '../../../src/protocol/records/message-set.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { batch, BrokerUnderTest } from './fixture.ts'
import { Asked, fetched, type Part, type Terms, write } from './fetch-request.ts'

const TIME = 1_700_000_000_000

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
})

function messages(...values: string[]): MessageRecord[] {
  return values.map((value, offset) => ({
    ...{ offset, timestamp: TIME + offset, key: Buffer.from(`k${offset}`) },
    value: Buffer.from(value),
  }))
}

async function send(version: number, records: Buffer | null, topic = 't') {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  const reply = await broker.ask(produce, version, { acks: 1, timeoutMs: 1000, topicData })
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  return reply.responses[0]!.partitionResponses[0]!
}

/** The records of the topic's log, batch by batch. */
async function stored(topic = 't') {
  const [part] = await fetched(broker, [{ topic }], { version: 12 })
  return [...batchesIn(part!.records ?? Buffer.alloc(0))].map((one) => ({
    ...{ codec: one.compression, type: one.timestampType },
    records: [...iterateRecords(one)].map(({ offset, timestamp, value }) => [
      ...[offset, timestamp, value?.toString() ?? null],
    ]),
  }))
}

/** What one part is answered in an old version. */
async function fetchOld(version: number, part: Part = {}, terms: Terms = {}) {
  const { maxBytes: _, ...rest } = { maxBytes: 0, ...terms }
  const limits = version < 3 ? rest : { ...rest, ...terms }
  const [answer] = await fetched(broker, [part], { ...limits, version })
  return answer!
}

function valuesIn(records: Buffer | null): string[] {
  return [...iterateMessages(records ?? Buffer.alloc(0))].map(({ value }) => String(value))
}

describe('produce below version 3', () => {
  const codecs = ['none', 'gzip', 'snappy', 'lz4'] as const

  it.each(codecs)('makes one batch of messages, in the codec that they have: %s', async (codec) => {
    await broker.topic('t')
    for (const magic of [0, 1] as const) {
      const set = buildMessageSet(messages('a', 'b', 'c'), { magic, compression: codec })
      const offset = magic * 3
      expect(await send(magic, set)).toMatchObject({
        ...{ errorCode: 'NONE', baseOffset: BigInt(offset) },
      })
    }
    const times = [-1, TIME]
    expect(await stored()).toEqual(
      [0, 1].map((magic) => ({
        ...{ codec, type: 'CreateTime' },
        records: ['a', 'b', 'c'].map((value, i) => [
          magic * 3 + i,
          magic === 0 ? times[0] : TIME + i,
          value,
        ]),
      })),
    )
  })

  it('tells the time that the broker has given, from version 2 on', async () => {
    await broker.topic('t', 1, { 'message.timestamp.type': 'LogAppendTime' })
    const now = broker.clock.now()
    const set = buildMessageSet(messages('a'), { magic: 1 })
    expect(await send(2, set)).toMatchObject({ errorCode: 'NONE', logAppendTimeMs: BigInt(now) })
    expect(await send(1, set)).toMatchObject({ errorCode: 'NONE', logAppendTimeMs: -1n })
    expect(await stored()).toMatchObject([{ type: 'LogAppendTime', records: [[0, now, 'a']] }, {}])
  })

  it('stores in the codec of the topic', async () => {
    await broker.topic('t', 1, { 'compression.type': 'zstd' })
    for (const compression of codecs) {
      await send(2, buildMessageSet(messages('a', 'b'), { magic: 1, compression }))
    }
    expect((await stored()).map(({ codec }) => codec)).toEqual(['zstd', 'zstd', 'zstd', 'zstd'])
  })

  it('takes record batches, as version 3 does', async () => {
    await broker.topic('t')
    expect(await send(2, batch(['a', 'b']))).toMatchObject({ errorCode: 'NONE' })
    const set = buildMessageSet(messages('a'), { magic: 1 })
    expect(await send(3, set)).toMatchObject({ errorCode: 'INVALID_RECORD' })
    expect(await stored()).toHaveLength(1)
  })

  it('refuses what a topic does not allow', async () => {
    await broker.topic('compacted', 1, { 'cleanup.policy': 'compact' })
    await broker.topic('punctual', 1, { 'message.timestamp.after.max.ms': '1000' })
    await broker.topic('small', 1, { 'max.message.bytes': '200' })
    const keyless = messages('a', 'b').map((message) => ({ ...message, key: null }))
    const late = [{ ...messages('a')[0]!, timestamp: broker.clock.now() + 2000 }]
    const negative = [{ ...messages('a')[0]!, timestamp: -5 }]
    for (const compression of ['none', 'gzip'] as const) {
      const set = (from: MessageRecord[]): Buffer =>
        buildMessageSet(from, { magic: 1, compression })
      const error = async (from: MessageRecord[], topic: string): Promise<string> =>
        (await send(2, set(from), topic)).errorCode
      expect(await error(keyless, 'compacted')).toBe('INVALID_RECORD')
      expect(await error(messages('a'), 'compacted')).toBe('NONE')
      expect(await error(late, 'punctual')).toBe('INVALID_TIMESTAMP')
      expect(await error(negative, 'punctual')).toBe('INVALID_TIMESTAMP')
      const noise = Array.from({ length: 40 }, (_, i) => String((i * 7919) % 1009)).join()
      expect(await error(messages(`${noise}${noise}${noise}`), 'small')).toBe(
        compression === 'none' ? 'MESSAGE_TOO_LARGE' : 'NONE',
      )
    }
    const many = messages(...Array.from({ length: 50 }, () => 'ab'))
    expect(await send(2, buildMessageSet(many, { magic: 1 }), 'small')).toMatchObject({
      errorCode: 'MESSAGE_TOO_LARGE',
    })
  })

  it('refuses what is no whole set, and stores nothing of it', async () => {
    await broker.topic('t')
    const set = buildMessageSet(messages('a', 'b'), { magic: 1 })
    const [first] = [...messagesIn(set)]
    const wrapped = buildMessageSet(messages('a'), { magic: 1, compression: 'gzip' })
    const damaged = Buffer.from(set)
    damaged[set.length - 1]! ^= 1
    const errors = async (...sets: (Buffer | null)[]): Promise<string[]> => {
      const found: string[] = []
      for (const one of sets) found.push((await send(2, one)).errorCode)
      return found
    }
    expect(await errors(damaged)).toEqual(['CORRUPT_MESSAGE'])
    const cut = [set.subarray(0, -1), set.subarray(0, first!.bytes.length + 5), null]
    expect(await errors(...cut, Buffer.alloc(0), set.subarray(0, 10))).toEqual(
      Array.from({ length: 5 }, () => 'INVALID_RECORD'),
    )
    const old = buildMessageSet(messages('a'), { magic: 0 })
    const mixed = [
      Buffer.concat([set, old]),
      Buffer.concat([set, wrapped]),
      Buffer.concat([wrapped, wrapped]),
    ]
    expect(await errors(...mixed)).toEqual(mixed.map(() => 'INVALID_RECORD'))
    expect(await stored()).toEqual([])
  })

  it('pauses where a set is large', async () => {
    await broker.topic('t', 1, { 'max.message.bytes': '10000000' })
    const large = messages(...Array.from({ length: 3000 }, (_, i) => `${i}`.repeat(200)))
    for (const compression of codecs) {
      const set = buildMessageSet(large, { magic: 1, compression })
      expect(await send(2, set)).toMatchObject({ errorCode: 'NONE' })
    }
    const all = await stored()
    expect(all.map(({ codec }) => codec)).toEqual(['none'])
    for (const [index, offset] of [3000, 6000, 9000].entries()) {
      const [part] = await fetched(broker, [{ offset, maxBytes: 1e7 }], { maxBytes: 1e7 })
      const [found] = [...batchesIn(part!.records!)]
      expect(found!.compression).toBe(codecs[index + 1])
      const values = [...iterateRecords(found!)].map(({ value }) => value!)
      expect(Buffer.concat(values).equals(Buffer.concat(large.map(({ value }) => value!)))).toBe(
        true,
      )
    }
  })
})

describe('fetch below version 4', () => {
  it.each([0, 1, 2, 3])(
    'v%i gives messages of the magic that the client knows',
    async (version) => {
      await broker.topic('t')
      const record = { key: null, value: Buffer.from('v'), timestamp: TIME }
      const headers = [{ key: 'h', value: Buffer.from('x') }]
      await write(broker, buildBatch([{ ...record, headers }, record]).bytes)
      await write(broker, buildBatch([record], { compression: 'gzip' }).bytes)
      const { records, highWatermark } = await fetchOld(version)
      expect(highWatermark).toBe(3n)
      const magic = version < 2 ? 0 : 1
      expect([...messagesIn(records!)].map((one) => [one.magic, one.compression])).toEqual([
        ...[
          [magic, 'none'],
          [magic, 'none'],
          [magic, 'gzip'],
        ],
      ])
      const timestamp = magic === 0 ? -1 : TIME
      expect([...iterateMessages(records!)]).toEqual(
        [0, 1, 2].map((offset) => ({ offset, timestamp, key: null, value: record.value })),
      )
      expect(broker.engine.lentReads).toBe(0)
    },
  )

  it('begins at the offset that was asked for, or at its wrapper', async () => {
    await broker.topic('t')
    await write(broker, batch(['a', 'b', 'c']))
    await write(broker, batch(['d', 'e', 'f'], { compression: 'lz4' }))
    expect(valuesIn((await fetchOld(2, { offset: 1 })).records)).toEqual(['b', 'c', 'd', 'e', 'f'])
    expect(valuesIn((await fetchOld(0, { offset: 4 })).records)).toEqual(['d', 'e', 'f'])
    expect((await fetchOld(2, { offset: 7 })).errorCode).toBe('OFFSET_OUT_OF_RANGE')
    expect((await fetchOld(2, { topic: 'none' })).errorCode).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('says that zstd is not known, once it comes to it', async () => {
    await broker.topic('t')
    await broker.topic('zstd', 1, { 'compression.type': 'zstd' })
    await write(broker, batch(['a']))
    await write(broker, batch(['b'], { compression: 'zstd' }))
    await write(broker, batch(['c']), 0, 'zstd')
    expect(valuesIn((await fetchOld(3)).records)).toEqual(['a'])
    const refused = { errorCode: 'UNSUPPORTED_COMPRESSION_TYPE' }
    expect(await fetchOld(3, { offset: 1 })).toMatchObject(refused)
    expect(await fetchOld(3, { topic: 'zstd' })).toMatchObject(refused)
  })

  it('before version 3 a partition gives no more than its limit: whole messages, or a part of the first', async () => {
    await broker.topic('t')
    await write(broker, batch(['x'.repeat(100), 'y'.repeat(100), 'z'.repeat(100)]))
    const size = 34 + 100
    const two = await fetchOld(2, { maxBytes: 2 * size + 10 })
    expect(two.records).toHaveLength(2 * size)
    const cut = await fetchOld(2, { maxBytes: 50 })
    expect(cut.records).toHaveLength(50)
    expect(valuesIn(cut.records)).toEqual([])
    const whole = await fetchOld(3, { maxBytes: 50 })
    expect(whole.records).toHaveLength(size)
  })

  it('before version 3 no partition is left out for another', async () => {
    await broker.topic('t', 3)
    for (const partition of [0, 1, 2]) {
      await write(broker, batch([String(partition), 'x'.repeat(500)]), partition)
    }
    const parts = [0, 1, 2].map((partition) => ({ partition, maxBytes: 100 }))
    const answers = await fetched(broker, parts, { version: 2, maxBytes: 2 ** 31 - 1 })
    expect(answers.map(({ records }) => valuesIn(records))).toEqual([['0'], ['1'], ['2']])
    const limited = { version: 3, maxBytes: 1000 }
    const later = await fetched(broker, parts, limited)
    expect(later.map(({ records }) => valuesIn(records))).toEqual([['0'], [], []])
    expect(broker.engine.lentReads).toBe(0)
  })

  it('splits a wrapper that would be too large, and goes on in its middle', async () => {
    await broker.topic('t', 1, { 'max.message.bytes': '10000000' })
    const values = Array.from({ length: 4000 }, (_, i) => `${i} ${'spool'.repeat(200)}`)
    await write(broker, batch(values, { compression: 'gzip' }))
    const seen: string[] = []
    let rounds = 0
    for (let offset = 0; offset < values.length; ) {
      const { records } = await fetchOld(2, { offset, maxBytes: 20_000 })
      expect(records!.length).toBeLessThanOrEqual(20_000)
      const found = [...iterateMessages(records!)].filter((one) => one.offset >= offset)
      seen.push(...found.map(({ value }) => String(value)))
      offset = found.at(-1)!.offset + 1
      rounds++
    }
    expect(seen).toEqual(values)
    expect(rounds).toBeGreaterThan(3)
  })

  it('is answered to many at a time, whatever little memory there is', async () => {
    broker = await BrokerUnderTest.open({}, 50_000)
    await broker.topic('t')
    const values = Array.from({ length: 500 }, (_, i) => `${i} `.repeat(50))
    await write(broker, batch(values, { compression: 'snappy' }))
    broker.engine.readsLater = true
    const all = Array.from({ length: 12 }, (_, i) => fetchOld(i % 4))
    for (const { records } of await Promise.all(all)) expect(valuesIn(records)).toEqual(values)
    expect(broker.engine.lentReads).toBe(0)
  })

  it('makes no answer for a client that has gone', async () => {
    await broker.topic('t', 2, { 'max.message.bytes': '10000000' })
    const values = Array.from({ length: 4000 }, (_, i) => `${i} ${'spool'.repeat(200)}`)
    const many = batch(values, { compression: 'gzip' })
    await write(broker, many)
    await write(broker, many, 1)
    const limits = { version: 2, maxBytes: 2 ** 31 - 1 }
    const gone = new Asked(broker, [{}, { partition: 1 }], limits)
    gone.cancellation.cancel('closed')
    const { responses } = await gone.answer
    const given = responses.flatMap(({ partitions }) => partitions)
    expect(given.map(({ records }) => records?.length)).toEqual([0, 0])
    expect(valuesIn((await fetchOld(2)).records)).toEqual(values)
    expect(broker.engine.lentReads).toBe(0)
  })

  it('compresses no more for one answer than a client waits for', async () => {
    await broker.topic('t', 2, { 'max.message.bytes': '10000000' })
    const zeros = Array.from({ length: 70 }, () => ({
      key: null,
      value: Buffer.alloc(1024 * 1024),
    }))
    const records = zeros.map((one) => ({ ...one, timestamp: TIME }))
    const { bytes } = buildBatch(records, { compression: 'snappy' })
    for (const partition of [0, 1]) await write(broker, bytes, partition)
    const parts = [0, 1].map((partition) => ({ partition, maxBytes: 1e9 }))
    const counts = async (version: number): Promise<number[]> => {
      const answers = await fetched(broker, parts, { version, maxBytes: 2 ** 31 - 1 })
      return answers.map((part) => [...iterateMessages(part.records!)].length)
    }
    expect(await counts(3)).toEqual([64, 0])
    // Before version 3 clients do not ask for their partitions in turn.
    expect(await counts(2)).toEqual([64, 1])
  })

  it('waits for records, and for those behind control batches', async () => {
    const { partitions } = await broker.topic('t')
    const asked = new Asked(broker, [{}], { version: 2, maxWaitMs: 1000, maxBytes: 2 ** 31 - 1 })
    expect(await asked.isParked()).toBe(true)
    const marker = buildMarker({
      ...{ type: 'COMMIT', coordinatorEpoch: 0, timestamp: TIME, producerId: 5, producerEpoch: 0 },
    })
    await broker.engine.observed.append([{ log: partitions[0]!.log, batch: marker }])
    expect(await asked.isParked()).toBe(true)
    await write(broker, batch(['a']))
    const { responses } = await asked.answer
    const [part] = responses[0]!.partitions
    expect([...iterateMessages(part!.records!)].map(({ offset }) => offset)).toEqual([1])
    const late = new Asked(broker, [{ offset: 2 }], {
      version: 0,
      maxWaitMs: 500,
      maxBytes: 2 ** 31 - 1,
    })
    expect(await late.isParked()).toBe(true)
    await broker.clock.advance(500)
    expect((await late.answer).responses[0]!.partitions[0]!.records).toHaveLength(0)
    expect(broker.engine).toMatchObject({ lentReads: 0, watchers: 0 })
  })
})
