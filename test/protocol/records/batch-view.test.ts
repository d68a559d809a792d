import { describe, expect, it } from 'vitest'
import {
  BatchView,
  batchesIn,
  batchSizeAt,
  checksumOf,
  claimedSizeAt,
  hasRightChecksum,
  HEADER_SIZE,
  readInt64,
  sequenceAfter,
  setOffsetAndEpoch,
  writeInt64,
} from '../../../src/protocol/records/batch-view.ts'
import { type BatchVector, hasVectors, type Vector, vectors } from './vectors.ts'

/** Two records of the idempotent producer 1234, epoch 5, sequence 6; the checksum was computed bit by bit elsewhere. */
const golden = Buffer.from(
  '000000000000000000000041ffffffff02' +
    '35db842e' +
    '000000000001' +
    '0000018bcfe568000000018bcfe56801' +
    '00000000000004d2000500000006' +
    '00000002' +
    '0e00000001026100' +
    '0e00020201026200',
  'hex',
)

describe('a batch view', () => {
  it('reads the header in place', () => {
    const batch = new BatchView(golden)
    expect(batch.baseOffset).toBe(0)
    expect(batch.batchLength).toBe(65)
    expect(batch.partitionLeaderEpoch).toBe(-1)
    expect(batch.magic).toBe(2)
    expect(batch.crc).toBe(0x35db842e)
    expect(batch.compression).toBe('none')
    expect(batch.timestampType).toBe('CreateTime')
    expect([batch.isTransactional, batch.isControl, batch.hasDeleteHorizon]).toEqual([
      false,
      false,
      false,
    ])
    expect([batch.lastOffsetDelta, batch.lastOffset, batch.nextOffset]).toEqual([1, 1, 2])
    expect([batch.baseTimestamp, batch.maxTimestamp]).toEqual([1700000000000, 1700000000001])
    expect([batch.producerId, batch.producerEpoch]).toEqual([1234, 5])
    expect([batch.baseSequence, batch.lastSequence]).toEqual([6, 7])
    expect(batch.recordCount).toBe(2)
    expect(batch.sizeInBytes).toBe(golden.length)
  })

  it('reads every attribute bit', () => {
    const bytes = Buffer.from(golden)
    const seen = [0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x20, 0x40].map((attributes) => {
      bytes.writeInt16BE(attributes, 21)
      const batch = new BatchView(bytes)
      const flags = [batch.isTransactional, batch.isControl, batch.hasDeleteHorizon].indexOf(true)
      return `${batch.compression} ${batch.timestampType} ${flags}`
    })
    expect(seen).toEqual([
      'none CreateTime -1',
      'gzip CreateTime -1',
      'snappy CreateTime -1',
      'lz4 CreateTime -1',
      'zstd CreateTime -1',
      'none LogAppendTime -1',
      'none CreateTime 0',
      'none CreateTime 1',
      'none CreateTime 2',
    ])
    bytes.writeInt16BE(5, 21)
    expect(() => new BatchView(bytes).compression).toThrow('no compression codec 5')
  })

  it('refuses less than a header', () => {
    expect(() => new BatchView(golden.subarray(0, HEADER_SIZE - 1))).toThrow(
      expect.objectContaining({ name: 'InvalidRecord' }),
    )
  })

  it('patches offset and epoch outside of the checksum, in a header alone or in place', () => {
    const header = Buffer.from(golden.subarray(0, HEADER_SIZE))
    setOffsetAndEpoch(header, 0, 2 ** 33 + 5, 7)
    expect(header).toHaveLength(HEADER_SIZE)
    expect(golden.readInt32BE(4)).toBe(0)
    const stored = Buffer.concat([Buffer.alloc(3), golden])
    setOffsetAndEpoch(stored, 3, 2 ** 33 + 5, 7)
    expect(stored.subarray(3, 3 + HEADER_SIZE)).toEqual(header)
    const batch = new BatchView(stored.subarray(3))
    expect([batch.baseOffset, batch.partitionLeaderEpoch]).toEqual([2 ** 33 + 5, 7])
    expect(checksumOf(stored, 3, golden.length)).toBe(checksumOf(golden))
  })

  it('knows where batches begin and end', () => {
    const two = Buffer.concat([golden, golden, golden.subarray(0, 30)])
    expect([...batchesIn(two)].map(({ bytes }) => bytes.equals(golden))).toEqual([true, true])
    expect(batchSizeAt(two, 0)).toBe(77)
    expect(batchSizeAt(two, 154)).toBeUndefined()
    expect(claimedSizeAt(two, 154)).toBe(77)
    expect(claimedSizeAt(two, 173)).toBeUndefined()
    const zeros = Buffer.alloc(100)
    expect(claimedSizeAt(zeros, 0)).toBe(12)
    expect(batchSizeAt(zeros, 0)).toBeUndefined()
    expect(() => [...batchesIn(zeros)]).toThrow(
      expect.objectContaining({ name: 'InvalidRecord', error: 'CORRUPT_MESSAGE' }),
    )
  })

  it('reads and writes int64 as numbers', () => {
    const bytes = Buffer.alloc(8)
    for (const value of [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32) - 1, 2 ** 53 - 1, 1 - 2 ** 53]) {
      writeInt64(bytes, 0, value)
      expect(bytes.readBigInt64BE()).toBe(BigInt(value))
      expect(readInt64(bytes, 0)).toBe(value)
    }
    writeInt64(bytes, 0, 2 ** 63)
    expect(bytes.readBigInt64BE()).toBe(2n ** 63n - 1n)
    writeInt64(bytes, 0, -(2 ** 64))
    expect(bytes.readBigInt64BE()).toBe(-(2n ** 63n))
  })

  it('counts sequences round', () => {
    expect(sequenceAfter(2 ** 31 - 2, 1)).toBe(2 ** 31 - 1)
    expect(sequenceAfter(2 ** 31 - 1, 1)).toBe(0)
    expect(sequenceAfter(2 ** 31 - 2, 5)).toBe(3)
  })
})

/** Numbers do not keep them to the last bit. */
const beyond = ['offset-beyond-2-to-53']

function expectHeader(batch: BatchView, expected: BatchVector): void {
  expect({
    baseOffset: batch.baseOffset,
    batchLength: batch.batchLength,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    magic: batch.magic,
    crc: batch.crc,
    attributes: batch.attributes,
    lastOffsetDelta: batch.lastOffsetDelta,
    baseTimestamp: batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    recordCount: batch.recordCount,
    lastOffset: batch.lastOffset,
    compression: batch.compression,
    timestampType: batch.timestampType,
    transactional: batch.isTransactional,
    control: batch.isControl,
  }).toEqual({
    baseOffset: Number(expected.baseOffset),
    batchLength: expected.batchLength,
    partitionLeaderEpoch: expected.partitionLeaderEpoch,
    magic: expected.magic,
    crc: expected.crc,
    attributes: expected.attributes,
    lastOffsetDelta: expected.lastOffsetDelta,
    baseTimestamp: Number(expected.baseTimestamp),
    maxTimestamp: Number(expected.maxTimestamp),
    producerId: Number(expected.producerId),
    producerEpoch: expected.producerEpoch,
    baseSequence: expected.baseSequence,
    recordCount: expected.recordCount,
    lastOffset: Number(expected.lastOffset),
    compression: expected.compression,
    timestampType: expected.timestampType,
    transactional: expected.transactional,
    control: expected.control,
  })
}

describe.skipIf(!hasVectors)("Kafka's batches of magic 2", () => {
  it.each(vectors<Vector>('magic2').filter(({ name }) => !beyond.includes(name)))(
    '$name',
    ({ hex, batches }) => {
      const views = [...batchesIn(Buffer.from(hex, 'hex'))]
      expect(views).toHaveLength(batches.length)
      for (const [index, view] of views.entries()) {
        expectHeader(view, batches[index]!)
        expect(hasRightChecksum(view.bytes)).toBe(true)
      }
    },
  )
})
