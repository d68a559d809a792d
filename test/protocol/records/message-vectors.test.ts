/** Message sets of magic 0 and 1 beside the bytes that Kafka's own classes wrote, and what those made of them. */

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { errorCodeOf } from '../../../src/protocol/errors.ts'
import {
  BatchView,
  batchesIn,
  setOffsetAndEpoch,
} from '../../../src/protocol/records/batch-view.ts'
import { downConvert } from '../../../src/protocol/records/down-conversion.ts'
import { InvalidRecord } from '../../../src/protocol/records/invalid-record.ts'
import {
  buildMessageSet,
  iterateMessages,
  type MessageRecord,
  messagesIn,
} from '../../../src/protocol/records/message-set.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import {
  type ProduceRules,
  type ValidatedBatch,
  validateProduced,
} from '../../../src/protocol/records/validate.ts'
import {
  type Digest,
  type DownConversionVector,
  hasVectors,
  type InvalidMessageVector,
  type MessageSetVector,
  type MessageVector,
  type UpConversionVector,
  vectors,
} from './vectors.ts'

const rules: ProduceRules = {
  topic: 't',
  maxMessageBytes: 1_048_588,
  maxInflatedRecordBytes: 2_147_483_639,
  segmentBytes: 1_073_741_824,
  compacted: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
  compression: 'producer',
}
const noPause = (): Promise<void> => Promise.resolve()

async function produced(
  hex: string,
  { changes = {}, now = 1 }: { changes?: Partial<ProduceRules>; now?: number } = {},
): Promise<ValidatedBatch> {
  const context = { version: 2, transactional: false, now }
  const one = validateProduced(Buffer.from(hex, 'hex'), 0, { ...rules, ...changes }, context)
  return typeof one === 'function' ? one(noPause) : one
}

function shown(field: Buffer | null, expected: string | Digest | null): string | Digest | null {
  if (field === null || expected === null || typeof expected === 'string') {
    return field?.toString('base64') ?? null
  }
  return { length: field.length, sha256: createHash('sha256').update(field).digest('hex') }
}

function expectRecords(found: MessageRecord[], batches: readonly MessageVector[]): void {
  const expected = batches.flatMap(({ records }) => records)
  expect(
    found.map(({ offset, timestamp, key, value }, i) => ({
      offset: String(offset),
      timestamp: String(timestamp),
      key: shown(key, expected[i]!.key),
      value: shown(value, expected[i]!.value),
    })),
  ).toEqual(expected)
}

/** Text is compared sooner than buffers. */
function told(messages: Iterable<MessageRecord>): unknown[] {
  return [...messages].map(({ offset, timestamp, key, value }) => [
    ...[offset, timestamp, key?.toString('hex') ?? null, value?.toString('hex') ?? null],
  ])
}

/** All but compressed bytes, of which many forms are right. */
function outside(bytes: Buffer): unknown[] {
  return [...messagesIn(bytes)].map(
    ({ offset, magic, attributes, timestamp, compression, key }) => ({
      ...{ offset, magic, attributes, timestamp, compression, key },
    }),
  )
}

describe.skipIf(!hasVectors)('message sets that Kafka 3.9 wrote', () => {
  const all = vectors<MessageSetVector>('magic0-1').filter(
    // Record batches stand there too.
    ({ name }) => name !== 'all-magics',
  )

  it('are all compared', () => {
    expect(all).toHaveLength(71)
  })

  it.each(all)('$name is read', ({ hex, batches, readableBytes }) => {
    const bytes = Buffer.from(hex, 'hex')
    expectRecords([...iterateMessages(bytes)], batches)
    const messages = [...messagesIn(bytes)]
    expect(messages.reduce((sum, message) => sum + message.bytes.length, 0)).toBe(
      readableBytes ?? bytes.length,
    )
    expect(messages.map(({ offset, compression }) => [String(offset), compression])).toEqual(
      batches.map(({ offset, compression }) => [offset, compression]),
    )
  })

  const alone = all.filter(
    ({ name, batches, readableBytes }) =>
      // Only librdkafka writes such an offset.
      name !== 'magic1-gzip-wrapper-offset-0' &&
      readableBytes === undefined &&
      new Set(batches.map((one) => one.compression)).size === 1,
  )
  it.each(alone)('$name is written', ({ hex, batches: [first] }) => {
    const bytes = Buffer.from(hex, 'hex')
    const { magic, timestampType, compression, timestamp } = first!
    const written = buildMessageSet([...iterateMessages(bytes)], {
      magic,
      compression: compression as 'none' | 'gzip' | 'snappy' | 'lz4',
      logAppendTime: timestampType === 'LogAppendTime' ? Number(timestamp) : undefined,
    })
    expect(outside(written)).toEqual(outside(bytes))
    expect(told(iterateMessages(written))).toEqual(told(iterateMessages(bytes)))
    if (compression === 'none') expect(written.equals(bytes)).toBe(true)
  })

  it('have frames of lz4 with the header that each magic wants', () => {
    for (const { name, hex } of all.filter((one) => one.name.includes('lz4-3'))) {
      const [kafkas] = [...messagesIn(Buffer.from(hex, 'hex'))]
      const set = buildMessageSet([...iterateMessages(kafkas!.bytes)], {
        magic: name.startsWith('magic0') ? 0 : 1,
        compression: 'lz4',
      })
      const [ours] = [...messagesIn(set)]
      // Magic and checksum; what lies between are flags of the writer's choice.
      expect(ours!.value!.subarray(0, 7)).toEqual(kafkas!.value!.subarray(0, 7))
    }
  })
})

describe.skipIf(!hasVectors)('message sets that a leader of Kafka 3.9 got', () => {
  it.each(vectors<UpConversionVector>('upconvert'))('$name', async (vector) => {
    const changes = {
      compression: vector.topicCompression,
      timestampType: vector.topicTimestampType,
    }
    const { batch, error } = await produced(vector.hex, { changes, now: Number(vector.now) })
    if (vector.error !== undefined) {
      expect(vector.error.endsWith(` ${errorCodeOf(error!)}`)).toBe(true)
      return
    }
    const stored = Buffer.from(batch!.bytes)
    setOffsetAndEpoch(stored, 0, Number(vector.nextOffset), vector.leaderEpoch)
    const expected = new BatchView(Buffer.from(vector.stored, 'hex'))
    expect(stored.subarray(21, 61)).toEqual(expected.bytes.subarray(21, 61))
    expect(told(iterateRecords(new BatchView(stored)))).toEqual(told(iterateRecords(expected)))
    if (expected.compression === 'none') expect(stored.toString('hex')).toBe(vector.stored)
  })

  it.each(vectors<InvalidMessageVector>('invalid-magic0-1'))(
    '$name: $reason',
    async ({ name, hex, append }) => {
      const { error } = await produced(hex)
      // The vectors' append has not looked at the checksum: a log does that before.
      const expected = name.endsWith('-crc') ? 'CORRUPT_MESSAGE 2' : append
      if (expected === 'ok') expect(error).toBeUndefined()
      else expect(expected.endsWith(` ${errorCodeOf(error!)}`), error).toBe(true)
    },
  )

  it.each(vectors<InvalidMessageVector>('invalid-magic0-1'))(
    '$name is read or refused',
    ({ hex, iterate }) => {
      const read = (): number => [...iterateMessages(Buffer.from(hex, 'hex'))].length
      if (iterate === 'ok') {
        expect(read()).toBeLessThan(2)
        return
      }
      let thrown: unknown
      try {
        read()
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(InvalidRecord)
      const code = errorCodeOf((thrown as InvalidRecord).error)
      expect(iterate.endsWith(` ${code}`), (thrown as Error).message).toBe(true)
    },
  )
})

describe.skipIf(!hasVectors)('what Kafka 3.9 gave to old clients of a log', () => {
  const all = vectors<DownConversionVector>('downconvert').filter(
    // A log of ours holds record batches alone.
    ({ name }) => !name.startsWith('mixed-magics'),
  )

  it('is all compared', () => {
    expect(all).toHaveLength(38)
  })

  it.each(all)('$name', async (vector) => {
    const log = Buffer.from(vector.hex, 'hex')
    const { messages, size, error } = await downConvert(
      [log],
      {
        magic: vector.toMagic,
        firstOffset: Number(vector.firstOffset),
        maxBytes: 1e6,
        tooLarge: 'whole',
      },
      noPause,
    )
    if (vector.error !== undefined) {
      expect(vector.error.endsWith(` ${errorCodeOf(error!)}`)).toBe(true)
      return
    }
    const converted = Buffer.concat(messages)
    const expected = Buffer.from(vector.converted!, 'hex')
    expect(error).toBeUndefined()
    expect(size).toBe(converted.length)
    expect(outside(converted)).toEqual(outside(expected))
    expectRecords([...iterateMessages(converted)], vector.batches)
    const isPlain = vector.batches.every(({ compression }) => compression === 'none')
    if (isPlain) expect(converted.toString('hex')).toBe(vector.converted)
    expect([...batchesIn(log)].length).toBeGreaterThan(0)
  })
})
