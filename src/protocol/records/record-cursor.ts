/**
 * A walk over the records of a batch that allocates nothing: one record at a time is in its fields.
 *
 *   length          varint   bytes that follow
 *   attributes      int8     unused
 *   timestampDelta  varlong  to the batch's base timestamp
 *   offsetDelta     varint   to the batch's base offset
 *   key, value      varint length (negative: null) and bytes
 *   headers         varint count, each a key (varint length and UTF-8) and a value (varint length, negative: null, and bytes)
 */

import { InvalidRecord } from './invalid-record.ts'
import { MAX_VARINT_BYTES, VarintReader } from './varint.ts'

export interface RecordHeader {
  key: string
  value: Buffer | null
}

const NO_HEADERS: RecordHeader[] = []

export class RecordCursor {
  /** Bytes of the record, but for those that tell this length. */
  bodyLength = 0
  offsetDelta = 0
  timestampDelta = 0
  /** Length of the key; -1 is null. */
  keyLength = -1
  /** Length of the value; -1 is null. */
  valueLength = -1
  headerCount = 0

  /** Stands behind the record. */
  readonly reader: VarintReader
  private keyStart = 0
  private valueStart = 0
  private headersStart = 0

  /** Walks `bytes`, the inflated records of one batch. */
  constructor(bytes: Buffer, position = 0) {
    this.reader = new VarintReader(bytes, position)
  }

  /** Whether bytes are left, which have to be a record. */
  get hasMore(): boolean {
    return this.reader.position < this.reader.end
  }

  /** Whether the next record is here from end to end. Near the end of the bytes it may be so, and this does not say it. */
  get hasWhole(): boolean {
    const { reader } = this
    const start = reader.position
    if (reader.end - start < MAX_VARINT_BYTES) return false
    const length = reader.varint()
    const isWhole = length <= reader.end - reader.position
    reader.position = start
    return isWhole
  }

  /** Steps to the next record. Throws `InvalidRecord` where none stands whole. */
  next(): void {
    const { reader } = this
    const length = reader.varint()
    const start = reader.position
    if (length < 0) throw new InvalidRecord(`A record has the length ${length}.`)
    if (length > reader.end - start) {
      throw new InvalidRecord(
        `A record has ${length} bytes, of which ${reader.end - start} are there.`,
      )
    }
    this.bodyLength = length
    reader.position = start + 1
    this.timestampDelta = reader.varlong()
    this.offsetDelta = reader.varint()
    this.keyLength = this.fieldLength()
    this.keyStart = reader.position
    this.skip(this.keyLength)
    this.valueLength = this.fieldLength()
    this.valueStart = reader.position
    this.skip(this.valueLength)
    this.headerCount = reader.varint()
    this.headersStart = reader.position
    if (this.headerCount !== 0) this.skipHeaders()
    if (reader.position !== start + length) {
      throw new InvalidRecord(`A record of ${length} bytes has ${reader.position - start}.`)
    }
  }

  /** The key, by reference. */
  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.slice(this.keyStart, this.keyLength)
  }

  /** The value, by reference. */
  get value(): Buffer | null {
    return this.valueLength < 0 ? null : this.slice(this.valueStart, this.valueLength)
  }

  /** The headers, decoded at each call. */
  get headers(): RecordHeader[] {
    if (this.headerCount === 0) return NO_HEADERS
    const { bytes, end } = this.reader
    const reader = new VarintReader(bytes, this.headersStart, end)
    const headers: RecordHeader[] = []
    for (let index = 0; index < this.headerCount; index++) {
      const keyLength = reader.varint()
      const keyStart = reader.position
      reader.position += keyLength
      const valueLength = reader.varint()
      const valueStart = reader.position
      if (valueLength > 0) reader.position += valueLength
      headers.push({
        key: bytes.toString('utf8', keyStart, keyStart + keyLength),
        value: valueLength < 0 ? null : this.slice(valueStart, valueLength),
      })
    }
    return headers
  }

  private fieldLength(): number {
    const length = this.reader.varint()
    return length < 0 ? -1 : length
  }

  private skip(length: number): void {
    if (length <= 0) return
    if (length > this.reader.end - this.reader.position) {
      throw new InvalidRecord(`A field of ${length} bytes reaches beyond its record.`)
    }
    this.reader.position += length
  }

  private skipHeaders(): void {
    const { reader } = this
    // A header has two bytes at least: a count that cannot be is refused before it is walked.
    if (this.headerCount < 0 || this.headerCount > (reader.end - reader.position) / 2) {
      throw new InvalidRecord(`A record has ${this.headerCount} headers.`)
    }
    for (let index = 0; index < this.headerCount; index++) {
      const keyLength = reader.varint()
      if (keyLength < 0) throw new InvalidRecord('A record header has no key.')
      this.skip(keyLength)
      this.skip(reader.varint())
    }
  }

  private slice(start: number, length: number): Buffer {
    return this.reader.bytes.subarray(start, start + length)
  }
}
