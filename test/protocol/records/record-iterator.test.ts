import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { report } from '../../report.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { BatchView, batchesIn } from '../../../src/protocol/records/batch-view.ts'
import { buildMarker, markerOf } from '../../../src/protocol/records/control-records.ts'
import type { Compression } from '../../../src/protocol/records/compression.ts'
import { InvalidRecord } from '../../../src/protocol/records/invalid-record.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import {
  type Digest,
  hasVectors,
  type InvalidVector,
  type RecordVector,
  type Vector,
  vectors,
} from './vectors.ts'

/** A record with a header, a tombstone, and a record without key; the checksum was computed bit by bit elsewhere. */
const golden =
  '000000000000000000000053ffffffff02' +
  '6a4672d8' +
  '000000000002' +
  '0000018bcfe568000000018bcfe56805' +
  'ffffffffffffffffffffffffffff' +
  '00000003' +
  '1c' +
  '00' +
  '00' +
  '00' +
  '046b31' +
  '047631' +
  '02' +
  '0268' +
  '02ff' +
  '10' +
  '00' +
  '0a' +
  '02' +
  '046b32' +
  '01' +
  '00' +
  '12' +
  '00' +
  '00' +
  '04' +
  '01' +
  '06763333' +
  '00'

const records = [
  {
    key: Buffer.from('k1'),
    value: Buffer.from('v1'),
    headers: [{ key: 'h', value: Buffer.from([0xff]) }],
    timestamp: 1700000000000,
  },
  { key: Buffer.from('k2'), value: null, timestamp: 1700000000005 },
  { key: null, value: Buffer.from('v33'), timestamp: 1700000000000 },
]

function field(value: Buffer | null): string | Digest | null {
  if (value === null || value.length <= 4096) return value && value.toString('base64')
  return { length: value.length, sha256: createHash('sha256').update(value).digest('hex') }
}

describe('records of a batch', () => {
  it('are written byte by byte as Kafka writes them', () => {
    expect(buildBatch(records).bytes.toString('hex')).toBe(golden)
  })

  it('come back with final offsets and timestamps', () => {
    const batch = buildBatch(records, { baseOffset: 500 })
    expect([...iterateRecords(batch)]).toEqual([
      { offset: 500, ...records[0] },
      { offset: 501, headers: [], ...records[1] },
      { offset: 502, headers: [], ...records[2] },
    ])
  })

  it('all have the append time where the batch says so', () => {
    const batch = buildBatch(records, { timestampType: 'LogAppendTime', maxTimestamp: 42 })
    expect([...iterateRecords(batch)].map(({ timestamp }) => timestamp)).toEqual([42, 42, 42])
  })

  it('make no loop out of a count that cannot be', () => {
    const bytes = Buffer.from(buildBatch(records).bytes)
    bytes.writeInt32BE(2 ** 31 - 1, 57)
    expect(() => [...iterateRecords(new BatchView(bytes))]).toThrow(InvalidRecord)
  })
})

const anyBytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)))
const anyRecord = fc.record({
  key: anyBytes,
  value: anyBytes,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: anyBytes })),
  timestamp: fc.integer({ min: -1, max: 2 ** 45 }),
})
const anyOptions = fc.record({
  baseOffset: fc.nat({ max: 2 ** 50 }),
  leaderEpoch: fc.integer({ min: -1 }),
  compression: fc.constantFrom<Compression>('none', 'gzip', 'snappy', 'lz4', 'zstd'),
  producerId: fc.integer({ min: -1, max: 2 ** 50 }),
  producerEpoch: fc.integer({ min: -1, max: 32767 }),
  baseSequence: fc.integer({ min: -1 }),
  transactional: fc.boolean(),
  control: fc.boolean(),
})

describe('the builder', () => {
  it('makes batches that read as they were given', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1 }), anyOptions, (given, options) => {
        const batch = buildBatch(given, options)
        const { baseOffset } = options
        expect([...batchesIn(batch.bytes)]).toEqual([batch])
        expect([...iterateRecords(batch)]).toEqual(
          given.map((record, index) => ({ offset: baseOffset + index, ...record })),
        )
        expect(batch).toMatchObject({
          baseOffset,
          partitionLeaderEpoch: options.leaderEpoch,
          compression: options.compression,
          producerId: options.producerId,
          producerEpoch: options.producerEpoch,
          baseSequence: options.baseSequence,
          isTransactional: options.transactional,
          isControl: options.control,
          maxTimestamp: Math.max(...given.map(({ timestamp }) => timestamp)),
        })
      }),
    )
  })

  it('keeps gaps, delete horizon and the end of the batch, as compaction needs', () => {
    const batch = buildBatch(
      [
        { key: Buffer.from('a'), value: null, timestamp: 10, offset: 53 },
        { key: Buffer.from('b'), value: null, timestamp: 20, offset: 57 },
      ],
      { baseOffset: 50, lastOffsetDelta: 9, deleteHorizon: 99_999 },
    )
    expect(batch).toMatchObject({ lastOffset: 59, hasDeleteHorizon: true, baseTimestamp: 99_999 })
    expect([...iterateRecords(batch)]).toMatchObject([
      { offset: 53, timestamp: 10 },
      { offset: 57, timestamp: 20 },
    ])
  })

  it('makes the empty batch that keeps a producer alive', () => {
    const batch = buildBatch([], { lastOffsetDelta: 19, maxTimestamp: 5, producerId: 4096 })
    expect(batch).toMatchObject({ recordCount: 0, lastOffset: 19, sizeInBytes: 61 })
    expect([...iterateRecords(batch)]).toEqual([])
  })
})

describe('transaction markers', () => {
  it.each(['COMMIT', 'ABORT'] as const)('of type %s are read as written', (type) => {
    const batch = buildMarker({
      type,
      coordinatorEpoch: 23,
      producerId: 4097,
      producerEpoch: 1,
      timestamp: 1700000000000,
    })
    expect(markerOf(batch)).toEqual({ type, coordinatorEpoch: 23 })
    expect(batch).toMatchObject({ isControl: true, isTransactional: true, producerId: 4097 })
  })

  it('are nothing else', () => {
    expect(markerOf(buildBatch(records))).toBeUndefined()
    const other = { key: Buffer.from('00000002', 'hex'), value: Buffer.alloc(6), timestamp: 0 }
    expect(markerOf(buildBatch([other], { control: true }))).toBeUndefined()
  })
})

/** Numbers beyond 2^53 are not kept to the last bit, nor can they be written so. */
const readInexactly = ['offset-beyond-2-to-53']
const writtenInexactly = [
  ...readInexactly,
  'timestamp-extremes',
  'timestamp-far-delta',
  'offset-max',
]

describe.skipIf(!hasVectors)("the records of Kafka's batches", () => {
  const all = vectors<Vector>('magic2')

  // With LogAppendTime the records no longer say what their own timestamps were.
  const plain = all.filter(
    ({ name, batches }) =>
      !name.startsWith('log-append-time') &&
      !writtenInexactly.includes(name) &&
      batches.every(({ compression }) => compression === 'none'),
  )

  it('are of every codec, and many', () => {
    const codecs = new Set(all.flatMap(({ batches }) => batches.map((batch) => batch.compression)))
    expect([...codecs].sort()).toEqual(['gzip', 'lz4', 'none', 'snappy', 'zstd'])
    expect(all.length).toBeGreaterThan(60)
    report(
      `golden batches: ${all.length - readInexactly.length} vectors of magic 2 read record by record, ${plain.length} built again to the same bytes`,
    )
  })

  it.each(all.filter(({ name }) => !readInexactly.includes(name)))('$name', ({ hex, batches }) => {
    const read = [...batchesIn(Buffer.from(hex, 'hex'))].map((batch) =>
      [...iterateRecords(batch)].map((record) => ({
        offset: record.offset,
        timestamp: record.timestamp,
        key: field(record.key),
        value: field(record.value),
        headers: record.headers.map(({ key, value }) => [key, field(value)]),
      })),
    )
    const expected = batches.map((batch) =>
      batch.records.map((record: RecordVector) => ({
        offset: Number(record.offset),
        timestamp: Number(record.timestamp),
        key: record.key,
        value: record.value,
        headers: record.headers ?? [],
      })),
    )
    expect(read).toEqual(expected)
  })

  it.each(plain)('$name is built again to the same bytes', ({ hex }) => {
    for (const batch of batchesIn(Buffer.from(hex, 'hex'))) {
      const built = buildBatch([...iterateRecords(batch)], {
        baseOffset: batch.baseOffset,
        lastOffsetDelta: batch.lastOffsetDelta,
        leaderEpoch: batch.partitionLeaderEpoch,
        producerId: batch.producerId,
        producerEpoch: batch.producerEpoch,
        baseSequence: batch.baseSequence,
        transactional: batch.isTransactional,
        control: batch.isControl,
        timestampType: batch.timestampType,
        maxTimestamp: batch.maxTimestamp,
        ...(batch.hasDeleteHorizon && { deleteHorizon: batch.baseTimestamp }),
      })
      expect(built.bytes.toString('hex')).toBe(batch.bytes.toString('hex'))
    }
  })

  it.each(all.filter(({ name }) => name.startsWith('marker-')))('$name', ({ hex, batches }) => {
    const marker = markerOf(new BatchView(Buffer.from(hex, 'hex')))
    expect(marker).toEqual({ type: batches[0]!.records[0]!.controlType, coordinatorEpoch: 23 })
  })

  it.each(vectors<InvalidVector>('invalid').filter(({ hex }) => hex))(
    'invalid: $name ends in InvalidRecord or in records',
    ({ hex }) => {
      try {
        for (const batch of batchesIn(Buffer.from(hex, 'hex'))) {
          expect([...iterateRecords(batch)]).toHaveLength(batch.recordCount)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidRecord)
      }
    },
  )
})
