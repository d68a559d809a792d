/** Writes records of magic 2 one after the other, without headers, and the batch that they make. */

import {
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BatchView,
  HEADER_SIZE,
  LAST_OFFSET_DELTA,
  MAGIC,
  MAGIC_OFFSET,
  MAX_TIMESTAMP,
  PARTITION_LEADER_EPOCH,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
  writeInt64,
} from './batch-view.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { varintSize, writeVarint } from './varint.ts'

const NO_HEADERS = 0

export class RecordWriter {
  count = 0
  private readonly out = new GrowingBytes()
  private baseTimestamp = -1
  private maxTimestamp = -1

  /** Bytes of the records. */
  get size(): number {
    return this.out.size
  }

  append(timestamp: number, key: Buffer | null, value: Buffer | null): void {
    if (this.count === 0) this.baseTimestamp = timestamp
    const offsetDelta = this.count++
    const timestampDelta = timestamp - this.baseTimestamp
    const deltas = varintSize(timestampDelta) + varintSize(offsetDelta)
    const size = 1 + deltas + fieldSize(key) + fieldSize(value) + varintSize(NO_HEADERS)
    const { out } = this
    out.reserve(varintSize(size) + size)
    const { bytes } = out
    let position = writeVarint(bytes, out.size, size)
    bytes[position++] = 0
    position = writeVarint(bytes, position, timestampDelta)
    position = writeVarint(bytes, position, offsetDelta)
    position = writeField(bytes, position, key)
    position = writeField(bytes, position, value)
    out.size = writeVarint(bytes, position, NO_HEADERS)
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp
  }

  /** What was written. */
  take(): Buffer {
    return this.out.take()
  }

  /** The header of these records, at offset 0, which nobody but their sender has to do with: without length and checksum. */
  header(): BatchView {
    const bytes = Buffer.alloc(HEADER_SIZE)
    bytes.writeInt8(MAGIC, MAGIC_OFFSET)
    bytes.writeInt32BE(-1, PARTITION_LEADER_EPOCH)
    bytes.writeInt32BE(this.count - 1, LAST_OFFSET_DELTA)
    writeInt64(bytes, BASE_TIMESTAMP, this.baseTimestamp)
    writeInt64(bytes, MAX_TIMESTAMP, this.maxTimestamp)
    writeInt64(bytes, PRODUCER_ID, -1)
    bytes.writeInt16BE(-1, PRODUCER_EPOCH)
    bytes.writeInt32BE(-1, BASE_SEQUENCE)
    bytes.writeInt32BE(this.count, RECORD_COUNT)
    return new BatchView(bytes)
  }
}

function fieldSize(field: Buffer | null): number {
  return field === null ? 1 : varintSize(field.length) + field.length
}

function writeField(bytes: Buffer, position: number, field: Buffer | null): number {
  if (field === null) return writeVarint(bytes, position, -1)
  const start = writeVarint(bytes, position, field.length)
  field.copy(bytes, start)
  return start + field.length
}
