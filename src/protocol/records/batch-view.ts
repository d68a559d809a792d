/**
 * A record batch of magic 2, read in place: nothing is decoded before it is asked for.
 *
 *   0  baseOffset            int64
 *   8  batchLength           int32   bytes that follow this field
 *  12  partitionLeaderEpoch  int32
 *  16  magic                 int8    2
 *  17  crc                   uint32  CRC-32C of all that follows this field
 *  21  attributes            int16   bits 0-2 codec, 3 LogAppendTime, 4 transactional, 5 control, 6 delete horizon
 *  23  lastOffsetDelta       int32
 *  27  baseTimestamp         int64   the delete horizon where bit 6 is set
 *  35  maxTimestamp          int64
 *  43  producerId            int64   -1: none
 *  51  producerEpoch         int16
 *  53  baseSequence          int32   -1: none
 *  57  recordCount           int32
 *  61  records, together compressed
 *
 * Base offset and leader epoch lie before the checksummed part: a broker sets them without a new CRC.
 */

import { type Compression, compressionOf } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { InvalidRecord } from './invalid-record.ts'

export const HEADER_SIZE = 61
/** Bytes of base offset and batch length, which the batch length does not count. */
export const LENGTH_OVERHEAD = 12
export const MAGIC = 2

export const BASE_OFFSET = 0
export const BATCH_LENGTH = 8
export const PARTITION_LEADER_EPOCH = 12
export const MAGIC_OFFSET = 16
export const CRC = 17
export const ATTRIBUTES = 21
export const LAST_OFFSET_DELTA = 23
export const BASE_TIMESTAMP = 27
export const MAX_TIMESTAMP = 35
export const PRODUCER_ID = 43
export const PRODUCER_EPOCH = 51
export const BASE_SEQUENCE = 53
export const RECORD_COUNT = 57

export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME_FLAG = 0x08
export const TRANSACTIONAL_FLAG = 0x10
export const CONTROL_FLAG = 0x20
export const DELETE_HORIZON_FLAG = 0x40

const TWO_TO_32 = 0x1_0000_0000
const MAX_INT32 = 0x7fff_ffff

export type TimestampType = 'CreateTime' | 'LogAppendTime'

export class BatchView {
  /** Exactly this batch. */
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    if (bytes.length < HEADER_SIZE) {
      throw new InvalidRecord(`A record batch of ${bytes.length} bytes has no whole header.`)
    }
    this.bytes = bytes
  }

  get sizeInBytes(): number {
    return this.bytes.length
  }

  get baseOffset(): number {
    return readInt64(this.bytes, BASE_OFFSET)
  }

  get batchLength(): number {
    return this.bytes.readInt32BE(BATCH_LENGTH)
  }

  get partitionLeaderEpoch(): number {
    return this.bytes.readInt32BE(PARTITION_LEADER_EPOCH)
  }

  get magic(): number {
    return this.bytes.readInt8(MAGIC_OFFSET)
  }

  /** As stored, unsigned. */
  get crc(): number {
    return this.bytes.readUInt32BE(CRC)
  }

  get attributes(): number {
    return this.bytes.readInt16BE(ATTRIBUTES)
  }

  /** Throws `InvalidRecord` for the codecs 5 to 7, which do not exist. */
  get compression(): Compression {
    return compressionOf(this.attributes)
  }

  get timestampType(): TimestampType {
    return (this.attributes & LOG_APPEND_TIME_FLAG) === 0 ? 'CreateTime' : 'LogAppendTime'
  }

  get isTransactional(): boolean {
    return (this.attributes & TRANSACTIONAL_FLAG) !== 0
  }

  get isControl(): boolean {
    return (this.attributes & CONTROL_FLAG) !== 0
  }

  get hasDeleteHorizon(): boolean {
    return (this.attributes & DELETE_HORIZON_FLAG) !== 0
  }

  get lastOffsetDelta(): number {
    return this.bytes.readInt32BE(LAST_OFFSET_DELTA)
  }

  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta
  }

  /** The offset after this batch. */
  get nextOffset(): number {
    return this.lastOffset + 1
  }

  /** What the records' timestamps are relative to, or the delete horizon. */
  get baseTimestamp(): number {
    return readInt64(this.bytes, BASE_TIMESTAMP)
  }

  get maxTimestamp(): number {
    return readInt64(this.bytes, MAX_TIMESTAMP)
  }

  get producerId(): number {
    return readInt64(this.bytes, PRODUCER_ID)
  }

  get producerEpoch(): number {
    return this.bytes.readInt16BE(PRODUCER_EPOCH)
  }

  get baseSequence(): number {
    return this.bytes.readInt32BE(BASE_SEQUENCE)
  }

  /** The sequence of the last record: after 2^31-1 comes 0. */
  get lastSequence(): number {
    const { baseSequence } = this
    return baseSequence === -1 ? -1 : sequenceAfter(baseSequence, this.lastOffsetDelta)
  }

  get recordCount(): number {
    return this.bytes.readInt32BE(RECORD_COUNT)
  }

  /** The records' bytes, compressed where the batch is. */
  get recordBytes(): Buffer {
    return this.bytes.subarray(HEADER_SIZE)
  }
}

/** `sequence` moved on by `increment` records: after 2^31-1 comes 0. */
export function sequenceAfter(sequence: number, increment: number): number {
  const sum = sequence + increment
  return sum > MAX_INT32 ? sum - MAX_INT32 - 1 : sum
}

/** The size that the batch at `position` claims, whether it is all there or not; undefined where the claim itself is cut off. It may be less than a header. */
export function claimedSizeAt(bytes: Buffer, position: number): number | undefined {
  if (position + LENGTH_OVERHEAD > bytes.length) return undefined
  return bytes.readInt32BE(position + BATCH_LENGTH) + LENGTH_OVERHEAD
}

/** The size of the batch at `position`; undefined unless a whole one of a possible length stands there. */
export function batchSizeAt(bytes: Buffer, position: number): number | undefined {
  const size = claimedSizeAt(bytes, position)
  if (size === undefined || size < HEADER_SIZE || position + size > bytes.length) return undefined
  return size
}

/** The offset behind the last of the batches that lie one after the other in these buffers; -1 without any. A batch may lie in several, its header in one. */
export function offsetAfter(buffers: readonly Buffer[]): number {
  let after = -1
  let at = 0
  for (const buffer of buffers) {
    while (at < buffer.length) {
      after = readInt64(buffer, at + BASE_OFFSET) + buffer.readInt32BE(at + LAST_OFFSET_DELTA) + 1
      at += claimedSizeAt(buffer, at)!
    }
    at -= buffer.length
  }
  return after
}

/** The whole batches in these bytes, in order; a cut off one at the end is left out. Throws `InvalidRecord` at a length or magic that no batch has. */
export function* batchesIn(bytes: Buffer): Generator<BatchView, void, undefined> {
  let position = 0
  for (;;) {
    const size = claimedSizeAt(bytes, position)
    if (size === undefined) return
    if (size < HEADER_SIZE) {
      throw new InvalidRecord(`A record batch claims ${size} bytes.`, 'CORRUPT_MESSAGE')
    }
    if (position + size > bytes.length) return
    const batch = new BatchView(bytes.subarray(position, position + size))
    if (batch.magic !== MAGIC) {
      throw new InvalidRecord(`A record batch has magic ${batch.magic}.`, 'CORRUPT_MESSAGE')
    }
    yield batch
    position += size
  }
}

/** The checksum that a batch should carry: `bytes` from `position`, `size` of them, are the batch. */
export function checksumOf(bytes: Buffer, position = 0, size = bytes.length - position): number {
  return crc32c(bytes.subarray(position + ATTRIBUTES, position + size))
}

/** Whether the checksum that the batch carries is right. */
export function hasRightChecksum(
  bytes: Buffer,
  position = 0,
  size = bytes.length - position,
): boolean {
  return bytes.readUInt32BE(position + CRC) === checksumOf(bytes, position, size)
}

/** Makes length and checksum of a batch right, in place. */
export function sealBatch(bytes: Buffer): void {
  bytes.writeInt32BE(bytes.length - LENGTH_OVERHEAD, BATCH_LENGTH)
  bytes.writeUInt32BE(checksumOf(bytes), CRC)
}

/** Sets base offset and leader epoch of the batch at `position`, in place. */
export function setOffsetAndEpoch(
  bytes: Buffer,
  position: number,
  baseOffset: number,
  leaderEpoch: number,
): void {
  writeInt64(bytes, position + BASE_OFFSET, baseOffset)
  bytes.writeInt32BE(leaderEpoch, position + PARTITION_LEADER_EPOCH)
}

/** An int64 as a number: exact up to 2^53, the nearest double beyond. */
export function readInt64(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * TWO_TO_32 + bytes.readUInt32BE(position + 4)
}

/** Writes a number as int64; what is beyond int64 becomes its largest or smallest value. */
export function writeInt64(bytes: Buffer, position: number, value: number): void {
  const high = Math.floor(value / TWO_TO_32)
  if (high > MAX_INT32 || high < -MAX_INT32 - 1) {
    bytes.writeInt32BE(high > 0 ? MAX_INT32 : -MAX_INT32 - 1, position)
    bytes.writeUInt32BE(high > 0 ? TWO_TO_32 - 1 : 0, position + 4)
    return
  }
  bytes.writeInt32BE(high, position)
  bytes.writeUInt32BE(value - high * TWO_TO_32, position + 4)
}
