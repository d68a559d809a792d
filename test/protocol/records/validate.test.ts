import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BatchOptions,
  buildBatch,
  type RecordInput,
} from '../../../src/protocol/records/batch-builder.ts'
import {
  type BatchView,
  batchesIn,
  hasRightChecksum,
  sealBatch,
} from '../../../src/protocol/records/batch-view.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import {
  type LongCheck,
  type ProduceContext,
  type ProduceRules,
  type RefusedBatch,
  type ValidatedBatch,
  validateProduced,
} from '../../../src/protocol/records/validate.ts'

const now = 1700000000000
const rules: ProduceRules = {
  topic: 't',
  maxMessageBytes: 1_048_588,
  maxInflatedRecordBytes: 2_147_483_639,
  segmentBytes: 1_073_741_824,
  compacted: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compression: 'producer',
}
const noPause = (): Promise<void> => Promise.resolve()
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const context: ProduceContext = { version: 12, transactional: false, now }

const records: RecordInput[] = ['one', 'two', 'three'].map((value, index) => ({
  key: Buffer.from(`k${index}`),
  value: Buffer.from(value),
  timestamp: now + index,
}))

function produced(options: BatchOptions = {}, given = records): Buffer {
  return buildBatch(given, options).bytes
}

/** The batch with some header fields overwritten and the checksum made right again. */
function patched(patch: (bytes: Buffer) => void, options: BatchOptions = {}): Buffer {
  const bytes = Buffer.from(produced(options))
  patch(bytes)
  sealBatch(bytes)
  return bytes
}

async function validate(
  bytes: Buffer | null,
  given: Partial<ProduceRules> = {},
  request: Partial<ProduceContext> = {},
): Promise<ValidatedBatch> {
  const one = validateProduced(bytes, 3, { ...rules, ...given }, { ...context, ...request })
  return typeof one === 'function' ? one(noPause) : one
}

async function accepted(...args: Parameters<typeof validate>): Promise<BatchView> {
  const { batch } = await validate(...args)
  expect(batch && hasRightChecksum(batch.bytes)).toBe(true)
  return batch!
}

async function refused(...args: Parameters<typeof validate>): Promise<RefusedBatch> {
  const result = await validate(...args)
  expect(result.error).toBeDefined()
  return result as RefusedBatch
}

describe('a batch that is as it should be', () => {
  it.each(codecs)('is accepted by reference, compression %s', async (compression) => {
    const bytes = produced({ compression, producerId: 5, producerEpoch: 0, baseSequence: 0 })
    const before = Buffer.from(bytes)
    const batch = await accepted(bytes)
    expect(batch.bytes).toBe(bytes)
    expect(bytes).toEqual(before)
  })

  it('is answered at once, when there is little to inflate', () => {
    for (const compression of codecs) {
      const result = validateProduced(produced({ compression }), 0, rules, context)
      expect(result).toMatchObject({ batch: {} })
    }
  })

  it('is a long check, when there is much to inflate', async () => {
    const big = [{ key: null, value: Buffer.alloc(700_000, 'odradek '), timestamp: now }]
    const bytes = produced({ compression: 'gzip' }, big)
    const long = validateProduced(bytes, 0, rules, context) as LongCheck
    expect(long).toBeInstanceOf(Function)
    expect((await long(noPause)).batch?.bytes).toBe(bytes)
  })

  it('may be transactional in a request with a transactional id', async () => {
    const bytes = produced({
      transactional: true,
      producerId: 5,
      producerEpoch: 1,
      baseSequence: 0,
    })
    expect((await accepted(bytes, {}, { transactional: true })).isTransactional).toBe(true)
    expect(await validate(bytes)).toMatchObject({
      error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      byLog: false,
    })
  })

  it('may be followed by less than a batch, which is left away', async () => {
    const bytes = produced()
    for (const tail of [3, 11]) {
      const batch = await accepted(Buffer.concat([bytes, Buffer.alloc(tail)]))
      expect(batch.bytes).toEqual(bytes)
    }
  })
})

describe('a refusal', () => {
  const two = Buffer.concat([produced(), produced()])
  it.each<[string, Buffer | null, object]>([
    ['null', null, { error: 'INVALID_RECORD', message: null, byLog: false }],
    ['nothing', Buffer.alloc(0), { error: 'INVALID_RECORD', message: null, byLog: false }],
    ['half a header', produced().subarray(0, 40), { error: 'INVALID_RECORD', byLog: false }],
    ['two batches', two, { error: 'INVALID_RECORD', message: null, byLog: false }],
    ['magic 1', patched((b) => b.writeInt8(1, 16)), { error: 'INVALID_RECORD', byLog: false }],
    [
      'magic 3',
      patched((b) => b.writeInt8(3, 16)),
      { error: 'CORRUPT_MESSAGE', message: 'Invalid magic found in record: 3', byLog: false },
    ],
    [
      'zeros',
      Buffer.alloc(100),
      {
        error: 'CORRUPT_MESSAGE',
        message: 'Record size 0 is less than the minimum record overhead (14)',
        byLog: false,
      },
    ],
    [
      '17 zeros behind',
      Buffer.concat([produced(), Buffer.alloc(17)]),
      { error: 'CORRUPT_MESSAGE', message: null },
    ],
    [
      'a wrong CRC',
      Buffer.from(produced()).fill(1, 17, 21),
      { error: 'CORRUPT_MESSAGE', message: null, byLog: false },
    ],
    [
      'base offset 5',
      produced({ baseOffset: 5 }),
      { error: 'INVALID_RECORD', message: null, byLog: true },
    ],
    [
      'count 2 of 3',
      patched((b) => b.writeInt32BE(2, 57)),
      { error: 'INVALID_RECORD', byLog: true },
    ],
    ['count -1', patched((b) => b.writeInt32BE(-1, 57)), { error: 'INVALID_RECORD', byLog: true }],
    [
      'count and delta of 4',
      patched((b) => b.writeInt32BE(4, 57) && b.writeInt32BE(3, 23)),
      { error: 'INVALID_RECORD', byLog: true },
    ],
    ['no records', produced({}, []), { error: 'INVALID_RECORD', byLog: true }],
    ['a control batch', produced({ control: true }), { error: 'INVALID_RECORD', byLog: true }],
    [
      'a producer without sequence',
      produced({ producerId: 5 }),
      { error: 'INVALID_RECORD', byLog: true },
    ],
    [
      'codec 5',
      patched((b) => b.writeInt16BE(5, 21)),
      { error: 'UNKNOWN_SERVER_ERROR', byLog: true },
    ],
    [
      'no gzip',
      patched((b) => b.writeInt16BE(1, 21)),
      { error: 'UNKNOWN_SERVER_ERROR', byLog: true },
    ],
    [
      'offset deltas 1, 2, 3',
      produced(
        {},
        records.map((record, index) => ({ ...record, offset: index + 1 })),
      ),
      { error: 'INVALID_RECORD', byLog: true },
    ],
    [
      'offset deltas 0, 2, 1',
      patched((b) => b.writeInt8(4, 76)),
      { error: 'INVALID_RECORD', byLog: true },
    ],
  ])('of %s', async (_name, bytes, expected) => {
    expect(await validate(bytes)).toMatchObject({ recordErrors: [], ...expected })
  })

  it('of a batch larger than the topic allows names the partition in the text of Kafka', async () => {
    const bytes = produced()
    expect(await validate(bytes, { maxMessageBytes: bytes.length })).toMatchObject({ batch: {} })
    expect(await validate(bytes, { maxMessageBytes: 98 })).toMatchObject({
      error: 'MESSAGE_TOO_LARGE',
      message:
        `The record batch size in the append to t-3 is ${bytes.length} bytes ` +
        'which exceeds the maximum configured value of 98).',
      byLog: false,
    })
  })

  it('of a batch larger than a segment', async () => {
    expect(await validate(produced(), { segmentBytes: 50 })).toMatchObject({
      error: 'RECORD_LIST_TOO_LARGE',
    })
  })

  it('of zstd in requests before version 7', async () => {
    const bytes = patched((header) => header.writeInt16BE(4, 21))
    expect(await validate(bytes, {}, { version: 6 })).toMatchObject({
      error: 'UNSUPPORTED_COMPRESSION_TYPE',
      byLog: false,
    })
    const zstd = produced({ compression: 'zstd' })
    expect(await validate(zstd, {}, { version: 7 })).toMatchObject({ batch: {} })
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('of a bomb of %s', async (compression) => {
    const value = Buffer.alloc(101 * 1024 * 1024)
    const bytes = produced({ compression }, [{ key: null, value, timestamp: now }])
    const rules = { maxMessageBytes: bytes.length }
    expect(await validate(bytes, rules)).toMatchObject({ error: 'MESSAGE_TOO_LARGE' })
  })

  it.each(['snappy', 'lz4', 'zstd'] as const)('of what is no %s', async (compression) => {
    const codec = ['snappy', 'lz4', 'zstd'].indexOf(compression) + 2
    const bytes = patched((header) => header.writeInt16BE(codec, 21))
    expect(await validate(bytes)).toMatchObject({ error: 'UNKNOWN_SERVER_ERROR', byLog: true })
  })
})

describe('a batch that inflates to much', () => {
  const large = Array.from({ length: 20_000 }, (_, index) => ({
    key: index % 1000 === 0 ? null : Buffer.from(`key ${index}`),
    value: Buffer.alloc(index % 3000 === 0 ? 200_000 : 50, 'odradek '),
    timestamp: now + (index % 7),
    headers: [{ key: 'h', value: index % 5 === 0 ? null : Buffer.from('v') }],
  }))
  const bytes = produced({ compression: 'gzip', maxTimestamp: 1 }, large)

  /** The batch with these records under its header, inflated or not. */
  function withRecords(change: (records: Buffer) => Buffer): Buffer {
    const changed = change(gunzipSync(bytes.subarray(61)))
    const made = Buffer.concat([bytes.subarray(0, 61), gzipSync(changed)])
    sealBatch(made)
    return made
  }

  it('has all its records looked at', async () => {
    const batch = await accepted(bytes)
    expect(batch.maxTimestamp).toBe(now + 6)
    expect(batch.recordBytes.equals(bytes.subarray(61))).toBe(true)
    const { recordErrors } = await refused(bytes, { compacted: true })
    expect(recordErrors).toHaveLength(20)
    expect(recordErrors.at(-1)).toMatchObject({ batchIndex: 19_000 })
  })

  it('is refused for what one that inflates to little is refused for', async () => {
    const damages: [string, (records: Buffer) => Buffer][] = [
      ['INVALID_RECORD', (records) => records.subarray(0, -1)],
      ['INVALID_RECORD', (records) => records.subarray(0, 1_000_000)],
      ['INVALID_RECORD', (records) => Buffer.concat([records, Buffer.of(0)])],
      ['INVALID_RECORD', (records) => Buffer.concat([records, Buffer.alloc(200_000)])],
      ['INVALID_RECORD', (records) => records.fill(0, 300_000, 300_100)],
      ['UNKNOWN_SERVER_ERROR', (records) => records.fill(0xff, 0, 100)],
    ]
    for (const [error, damage] of damages) {
      expect(await validate(withRecords(damage))).toMatchObject({ error, byLog: true })
    }
    const cut = Buffer.from(bytes.subarray(0, -20))
    sealBatch(cut)
    cut.writeInt32BE(cut.length - 12, 8)
    expect(await validate(cut)).toMatchObject({ error: 'UNKNOWN_SERVER_ERROR' })
  })

  it('is stored without compression where the topic says so', async () => {
    const batch = await accepted(bytes, { compression: 'uncompressed', maxMessageBytes: 5_000_000 })
    expect(batch.bytes.subarray(61).equals(gunzipSync(bytes.subarray(61)))).toBe(true)
    const size = batch.sizeInBytes
    expect(await refused(bytes, { compression: 'uncompressed' })).toMatchObject({
      error: 'MESSAGE_TOO_LARGE',
      message: expect.stringContaining(`t-3 is ${size} bytes which exceeds`),
    })
  })
})

describe('a record that inflates to more than it may', () => {
  it.each([
    ['little', 2000],
    ['much', 700_000],
  ])('is refused in a batch that inflates to %s, as long as it is compressed', async (_, size) => {
    const one = [{ key: null, value: Buffer.alloc(size), timestamp: now }]
    const compressed = produced({ compression: 'gzip' }, one)
    // Length of the record: attributes, two deltas, the length of no key, that of the value, and no headers.
    const body = 1 + 1 + 1 + 1 + (size < 8192 ? 2 : 3) + size + 1
    await accepted(compressed, { maxInflatedRecordBytes: body })
    const limit = { maxInflatedRecordBytes: body - 1 }
    expect(await refused(compressed, limit)).toMatchObject({ error: 'INVALID_RECORD' })
    await accepted(produced({}, one), limit)
  })
})

describe('records that the topic does not allow', () => {
  const text = 'Compacted topic cannot accept message without key in topic partition t-3'

  it('are those without a key, where it is compacted', async () => {
    const keyless = records.map((record, index) =>
      index === 0 ? record : { ...record, key: null },
    )
    for (const compression of codecs) {
      expect(await validate(produced({ compression }, keyless), { compacted: true })).toEqual({
        error: 'INVALID_RECORD',
        message:
          'One or more records have been rejected due to 2 record errors in total, and only showing the ' +
          `first three errors at most: [RecordError(batchIndex=1, message='${text}'), ` +
          `RecordError(batchIndex=2, message='${text}')]`,
        recordErrors: [
          { batchIndex: 1, message: text },
          { batchIndex: 2, message: text },
        ],
        reason: expect.any(String),
        byLog: true,
      })
      await accepted(produced({ compression }, keyless))
    }
  })

  it('are those from too far ahead or behind', async () => {
    const limits = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 2000 }
    const at = (timestamp: number): Buffer =>
      produced({}, [records[0]!, { ...records[1]!, timestamp }])
    for (const timestamp of [now - 1000, now + 2000, -1]) await accepted(at(timestamp), limits)
    for (const timestamp of [now - 1001, now + 2001]) {
      expect(await validate(at(timestamp), limits)).toMatchObject({
        error: 'INVALID_TIMESTAMP',
        message: 'One or more records have been rejected due to invalid timestamp',
        recordErrors: [
          {
            batchIndex: 1,
            message:
              `Timestamp ${timestamp} of message with offset 1 is out of range. ` +
              `The timestamp should be within [${now - 1000}, ${now + 2000}]`,
          },
        ],
        byLog: true,
      })
      await accepted(at(timestamp), { ...limits, timestampType: 'LogAppendTime' })
    }
  })

  it('are measured against the whole int64, where there is no limit', async () => {
    const late = { ...records[0]!, timestamp: now + 3_600_001 }
    const { recordErrors } = await refused(produced({}, [late]))
    const message = recordErrors[0]!.message
    expect(message).toContain(`[${BigInt(now) - (2n ** 63n - 1n)}, ${now + 3_600_000}]`)
  })

  it('are listed up to a bound, and counted', async () => {
    const many = Array.from({ length: 12_000 }, () => ({ ...records[0]!, key: null }))
    const { recordErrors, message } = await refused(produced({}, many), { compacted: true })
    expect(recordErrors).toHaveLength(10_000)
    expect(message).toContain('due to 12000 record errors')
  })
})

describe('a batch that is not as the topic wants it', () => {
  it('gets the maximum timestamp of its records, on a copy', async () => {
    const bytes = produced({ maxTimestamp: 1, compression: 'gzip' })
    const before = Buffer.from(bytes)
    const batch = await accepted(bytes)
    expect(batch.maxTimestamp).toBe(now + 2)
    expect(batch.bytes).toEqual(produced({ compression: 'gzip' }))
    expect(bytes).toEqual(before)
  })

  it('loses the append time that a client claims, and bits that mean nothing with it', async () => {
    const bytes = patched((header) => header.writeInt16BE(0x7f88, 21), { maxTimestamp: 7 })
    const batch = await accepted(bytes)
    expect(batch).toMatchObject({ attributes: 0, maxTimestamp: now + 2 })
  })

  it('keeps bits that mean nothing, and a delete horizon, where nothing is corrected', async () => {
    const bytes = patched((header) => header.writeInt16BE(0x7fc0, 21))
    expect((await accepted(bytes)).bytes).toBe(bytes)
  })

  it('gets the append time of the topic', async () => {
    for (const compression of codecs) {
      const bytes = produced({ compression })
      const batch = await accepted(bytes, { timestampType: 'LogAppendTime' }, { now: now + 999 })
      expect(batch.timestampType).toBe('LogAppendTime')
      expect([...iterateRecords(batch)].map(({ timestamp }) => timestamp)).toEqual(
        Array(3).fill(now + 999),
      )
    }
  })

  it('may not claim append time on a topic that gives it', async () => {
    const bytes = produced({ timestampType: 'LogAppendTime' })
    expect(await validate(bytes, { timestampType: 'LogAppendTime' })).toMatchObject({
      error: 'INVALID_TIMESTAMP',
      recordErrors: [{ batchIndex: 0 }, { batchIndex: 1 }, { batchIndex: 2 }],
    })
  })

  it('is stored in the codec of the topic', async () => {
    const plain = produced({ producerId: 5, producerEpoch: 1, baseSequence: 7 })
    const batch = await accepted(plain, { compression: 'gzip' })
    expect(batch).toMatchObject({ compression: 'gzip', producerId: 5, baseSequence: 7 })
    expect([...iterateRecords(batch)]).toMatchObject(records)
    expect((await accepted(batch.bytes, { compression: 'gzip' })).bytes).toBe(batch.bytes)
    expect((await accepted(batch.bytes, { compression: 'uncompressed' })).bytes).toEqual(plain)
    expect((await accepted(plain, { compression: 'uncompressed' })).bytes).toBe(plain)
  })

  it('is stored in the codec of the topic when it is large, too', async () => {
    const value = Buffer.alloc(700_000, 'odradek ')
    const plain = produced({}, [{ key: null, value, timestamp: now }])
    const batch = await accepted(plain, { compression: 'gzip' })
    expect(batch.sizeInBytes).toBeLessThan(10_000)
    const again = await accepted(batch.bytes, { compression: 'uncompressed' })
    expect(again.bytes.equals(plain)).toBe(true)
    expect(
      await validate(batch.bytes, { compression: 'uncompressed', maxMessageBytes: 100_000 }),
    ).toMatchObject({ error: 'MESSAGE_TOO_LARGE' })
  })

  const changes = codecs.flatMap((sent) => codecs.map((stored) => [sent, stored] as const))
  it.each(changes)('goes from %s to %s, little and large', async (sent, stored) => {
    const large = Array.from({ length: 40 }, (_, index) => ({
      key: Buffer.from(`key ${index}`),
      value: Buffer.alloc(20_000, 'odradek '),
      timestamp: now + index,
    }))
    for (const given of [records, large]) {
      const bytes = produced({ compression: sent }, given)
      const compression = stored === 'none' ? 'uncompressed' : stored
      const batch = await accepted(bytes, { compression, maxMessageBytes: 5_000_000 })
      expect(batch.compression).toBe(stored)
      expect(batch.bytes === bytes).toBe(sent === stored)
      const stripped = [...iterateRecords(batch)].map(({ key, value, timestamp }) => ({
        key,
        value,
        timestamp,
      }))
      expect(buildBatch(stripped).bytes.equals(buildBatch(given).bytes)).toBe(true)
    }
  })
})

describe('any damage', () => {
  const base = codecs.map((compression) =>
    produced({ compression, producerId: 1, baseSequence: 0 }),
  )

  function expectOutcome(result: ValidatedBatch): void {
    if (result.batch) {
      expect([...batchesIn(result.batch.bytes)]).toHaveLength(1)
      expect([...iterateRecords(result.batch)]).toHaveLength(result.batch.recordCount)
    } else {
      expect(result.error).toEqual(expect.any(String))
      expect(result.reason).not.toBe('')
    }
  }

  it('by truncation is refused', async () => {
    for (const bytes of base) {
      for (let length = 0; length < bytes.length; length++) {
        expect(await validate(bytes.subarray(0, length))).toMatchObject({ error: 'INVALID_RECORD' })
      }
    }
  })

  it('to a byte is refused, or changes what the checksum does not cover', async () => {
    for (const bytes of base) {
      for (let at = 0; at < bytes.length; at++) {
        const damaged = Buffer.from(bytes)
        damaged[at]! ^= 0x81
        const { batch } = await validate(damaged)
        expect(batch !== undefined).toBe(at >= 12 && at < 16)
      }
    }
  })

  it('under a right checksum has an outcome, and what is accepted can be read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...base),
        fc.array(fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.constantFrom<ProduceRules['compression']>('producer', 'gzip', 'lz4', 'uncompressed'),
        async (bytes, changes, compression) => {
          const damaged = Buffer.from(bytes)
          for (const [at, value] of changes) {
            if (at < damaged.length && (at < 16 || at > 20)) damaged[at] = value
          }
          damaged[22] = (damaged[22]! & 0xf8) | (bytes[22]! & 0x07)
          sealBatch(damaged)
          expectOutcome(await validate(damaged, { compression }, { transactional: true }))
        },
      ),
      { numRuns: 3000 },
    )
  })
})
