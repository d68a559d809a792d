/** Makes record batches of magic 2: the coordinators' own, control batches, and what compaction leaves. */

import {
  ATTRIBUTES,
  BASE_OFFSET,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BatchView,
  CONTROL_FLAG,
  DELETE_HORIZON_FLAG,
  HEADER_SIZE,
  LAST_OFFSET_DELTA,
  LOG_APPEND_TIME_FLAG,
  MAGIC,
  MAGIC_OFFSET,
  MAX_TIMESTAMP,
  PARTITION_LEADER_EPOCH,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
  sealBatch,
  type TimestampType,
  TRANSACTIONAL_FLAG,
  writeInt64,
} from './batch-view.ts'
import { codecOf, type Compression, deflate } from './compression.ts'
import { varintSize, writeVarint } from './varint.ts'

export interface RecordInput {
  key: Buffer | null
  value: Buffer | null
  headers?: readonly { key: string; value: Buffer | null }[]
  /** Milliseconds since 1970; -1 is none. */
  timestamp: number
  /** Left out: the offset after the record before. */
  offset?: number
}

export interface BatchOptions {
  /** 0 when left out. */
  baseOffset?: number
  /** The last offset less the base offset, where it is not that of the last record: compaction keeps it. */
  lastOffsetDelta?: number
  /** -1 when left out. */
  leaderEpoch?: number
  compression?: Compression
  /** -1 when left out, as are epoch and sequence. */
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  transactional?: boolean
  control?: boolean
  timestampType?: TimestampType
  /** Left out: the largest timestamp of the records, -1 when there are none. With LogAppendTime it is every record's timestamp. */
  maxTimestamp?: number
  /** When tombstones and markers in this batch may go (KIP-534); takes the place of the base timestamp. */
  deleteHorizon?: number
}

/** A record with what its encoding needs to know. */
interface Sized {
  record: RecordInput
  timestampDelta: number
  offsetDelta: number
  /** Bytes after the length field. */
  size: number
}

export function buildBatch(records: readonly RecordInput[], options: BatchOptions = {}): BatchView {
  const { baseOffset = 0, compression = 'none' } = options
  const baseTimestamp = options.deleteHorizon ?? records[0]?.timestamp ?? -1
  const sized = measure(records, baseOffset, baseTimestamp)
  let bytes: Buffer
  if (compression === 'none') {
    bytes = Buffer.allocUnsafe(HEADER_SIZE + encodedSize(sized))
    writeRecords(bytes, HEADER_SIZE, sized)
  } else {
    const plain = Buffer.allocUnsafe(encodedSize(sized))
    writeRecords(plain, 0, sized)
    bytes = Buffer.concat([Buffer.allocUnsafe(HEADER_SIZE), deflate(compression, plain)])
  }
  bytes.writeInt8(MAGIC, MAGIC_OFFSET)
  bytes.writeInt16BE(attributesOf(options), ATTRIBUTES)
  bytes.writeInt32BE(options.lastOffsetDelta ?? sized.at(-1)?.offsetDelta ?? -1, LAST_OFFSET_DELTA)
  writeInt64(bytes, BASE_TIMESTAMP, baseTimestamp)
  writeInt64(bytes, MAX_TIMESTAMP, options.maxTimestamp ?? largestTimestamp(records))
  writeInt64(bytes, PRODUCER_ID, options.producerId ?? -1)
  bytes.writeInt16BE(options.producerEpoch ?? -1, PRODUCER_EPOCH)
  bytes.writeInt32BE(options.baseSequence ?? -1, BASE_SEQUENCE)
  bytes.writeInt32BE(records.length, RECORD_COUNT)
  writeInt64(bytes, BASE_OFFSET, baseOffset)
  bytes.writeInt32BE(options.leaderEpoch ?? -1, PARTITION_LEADER_EPOCH)
  sealBatch(bytes)
  return new BatchView(bytes)
}

function attributesOf(options: BatchOptions): number {
  let attributes = codecOf(options.compression ?? 'none')
  if (options.timestampType === 'LogAppendTime') attributes |= LOG_APPEND_TIME_FLAG
  if (options.transactional) attributes |= TRANSACTIONAL_FLAG
  if (options.control) attributes |= CONTROL_FLAG
  if (options.deleteHorizon !== undefined) attributes |= DELETE_HORIZON_FLAG
  return attributes
}

function largestTimestamp(records: readonly RecordInput[]): number {
  let largest = -1
  for (const { timestamp } of records) if (timestamp > largest) largest = timestamp
  return largest
}

function measure(
  records: readonly RecordInput[],
  baseOffset: number,
  baseTimestamp: number,
): Sized[] {
  let nextDelta = 0
  return records.map((record) => {
    const offsetDelta = record.offset === undefined ? nextDelta : record.offset - baseOffset
    nextDelta = offsetDelta + 1
    const timestampDelta = record.timestamp - baseTimestamp
    const headers = record.headers ?? []
    let size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta)
    size += fieldSize(record.key) + fieldSize(record.value) + varintSize(headers.length)
    for (const header of headers) {
      const keyLength = Buffer.byteLength(header.key)
      size += varintSize(keyLength) + keyLength + fieldSize(header.value)
    }
    return { record, timestampDelta, offsetDelta, size }
  })
}

function encodedSize(sized: readonly Sized[]): number {
  let total = 0
  for (const { size } of sized) total += varintSize(size) + size
  return total
}

function fieldSize(field: Buffer | null): number {
  return field === null ? 1 : varintSize(field.length) + field.length
}

function writeRecords(bytes: Buffer, start: number, sized: readonly Sized[]): void {
  let position = start
  for (const { record, timestampDelta, offsetDelta, size } of sized) {
    position = writeVarint(bytes, position, size)
    bytes[position++] = 0
    position = writeVarint(bytes, position, timestampDelta)
    position = writeVarint(bytes, position, offsetDelta)
    position = writeField(bytes, position, record.key)
    position = writeField(bytes, position, record.value)
    const headers = record.headers ?? []
    position = writeVarint(bytes, position, headers.length)
    for (const header of headers) {
      position = writeField(bytes, position, Buffer.from(header.key))
      position = writeField(bytes, position, header.value)
    }
  }
}

function writeField(bytes: Buffer, position: number, field: Buffer | null): number {
  if (field === null) return writeVarint(bytes, position, -1)
  const start = writeVarint(bytes, position, field.length)
  field.copy(bytes, start)
  return start + field.length
}
