/**
 * A bounds-checked cursor over a frame.
 *
 * Whatever the bytes say, nothing outside of the frame is read and nothing is allocated that the frame has no bytes for:
 * every overrun, impossible length or overlong varint is a ProtocolViolation. Buffers that it gives are slices.
 */

import { ProtocolViolation } from './errors.ts'

/** Kafka 4.4 refuses larger ones too. */
export const MAX_ELEMENTS = 1_000_000
export const MAX_TAGGED_FIELDS = 10_000
export const MAX_STRING_BYTES = 32_767

const scratch = new DataView(new ArrayBuffer(8))

export class Reader {
  readonly buffer: Buffer
  readonly end: number
  position: number

  /** Reads from `start` up to, not including, `end`. */
  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    if (start < 0 || end < start || end > buffer.length) {
      throw new RangeError(`A buffer of ${buffer.length} bytes has no bytes ${start} to ${end}.`)
    }
    this.buffer = buffer
    this.position = start
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    const at = this.take(1)
    return (this.buffer[at]! << 24) >> 24
  }

  int16(): number {
    return (this.uint16() << 16) >> 16
  }

  uint16(): number {
    const at = this.take(2)
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!
  }

  int32(): number {
    const { buffer } = this
    const at = this.take(4)
    return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  int64(): bigint {
    const high = this.int32()
    scratch.setInt32(0, high)
    scratch.setInt32(4, this.int32())
    return scratch.getBigInt64(0)
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8))
  }

  /** 22 characters of URL-safe base64. */
  uuid(): string {
    const at = this.take(16)
    return this.buffer.toString('base64url', at, at + 16)
  }

  /** At most 32 bits; padded forms are as good as short ones. */
  uvarint(): number {
    const { buffer, end } = this
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.position >= end) this.overrun(1)
      const byte = buffer[this.position++]!
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new ProtocolViolation(`A varint that ends at byte ${this.position} is too long.`)
  }

  string(): string {
    return this.nullableString() ?? this.unexpectedNull('string')
  }

  nullableString(): string | null {
    return this.utf8(this.int16())
  }

  compactString(): string {
    return this.nullableCompactString() ?? this.unexpectedNull('string')
  }

  nullableCompactString(): string | null {
    return this.utf8(this.uvarint() - 1)
  }

  bytes(): Buffer {
    return this.nullableBytes() ?? this.unexpectedNull('bytes')
  }

  nullableBytes(): Buffer | null {
    return this.slice(this.int32())
  }

  compactBytes(): Buffer {
    return this.nullableCompactBytes() ?? this.unexpectedNull('bytes')
  }

  nullableCompactBytes(): Buffer | null {
    return this.slice(this.uvarint() - 1)
  }

  /** How many elements an array has. No element takes less than `leastSize` bytes. */
  count(leastSize: number): number {
    const count = this.nullableCount(leastSize)
    return count === -1 ? this.unexpectedNull('array') : count
  }

  /** -1 for null. */
  nullableCount(leastSize: number): number {
    return this.checkedCount(this.int32(), leastSize)
  }

  compactCount(leastSize: number): number {
    const count = this.nullableCompactCount(leastSize)
    return count === -1 ? this.unexpectedNull('array') : count
  }

  nullableCompactCount(leastSize: number): number {
    return this.checkedCount(this.uvarint() - 1, leastSize)
  }

  /** Whether a struct that may be null, in its place among other fields, is there. */
  presence(): boolean {
    const mark = this.int8()
    if (mark === 1) return true
    if (mark === -1) return false
    throw new ProtocolViolation(`A struct at byte ${this.position} is neither there nor null.`)
  }

  /** The same within a tagged field. */
  taggedPresence(): boolean {
    const mark = this.uvarint()
    if (mark <= 1) return mark === 1
    throw new ProtocolViolation(`A struct at byte ${this.position} is neither there nor null.`)
  }

  /** How many tagged fields end a struct. */
  tagCount(): number {
    const count = this.uvarint()
    // Each has at least one byte of tag and one of size.
    if (count > MAX_TAGGED_FIELDS || count * 2 > this.remaining) {
      throw new ProtocolViolation(
        `A struct at byte ${this.position} claims ${count} tagged fields.`,
      )
    }
    return count
  }

  /** After a tag: reads its size, and gives the position at which its content ends. */
  tagEnd(): number {
    const size = this.uvarint()
    if (size > this.remaining) this.overrun(size)
    return this.position + size
  }

  /** After the content of a known tag: it must have been as long as it claimed. */
  closeTag(tag: number, end: number): void {
    if (this.position === end) return
    throw new ProtocolViolation(
      `Tagged field ${tag} at byte ${end} has not the size that it claims.`,
    )
  }

  /** A whole tag section in which no tag is known. */
  skipTags(): void {
    for (let left = this.tagCount(); left > 0; left--) {
      this.uvarint()
      this.position = this.tagEnd()
    }
  }

  /** Moves on by `size` bytes and gives where they begin. */
  private take(size: number): number {
    const at = this.position
    if (size > this.end - at) this.overrun(size)
    this.position = at + size
    return at
  }

  private utf8(size: number): string | null {
    if (size === -1) return null
    if (size < -1 || size > MAX_STRING_BYTES) {
      throw new ProtocolViolation(`A string at byte ${this.position} claims ${size} bytes.`)
    }
    if (size === 0) return ''
    const at = this.take(size)
    return this.buffer.toString('utf8', at, at + size)
  }

  private slice(size: number): Buffer | null {
    if (size === -1) return null
    if (size < -1) {
      throw new ProtocolViolation(`Bytes at byte ${this.position} claim a length of ${size}.`)
    }
    const at = this.take(size)
    return this.buffer.subarray(at, at + size)
  }

  private checkedCount(count: number, leastSize: number): number {
    if (count < -1 || count > MAX_ELEMENTS || count * leastSize > this.remaining) {
      throw new ProtocolViolation(
        `An array at byte ${this.position} claims ${count} elements, with ${this.remaining} bytes left.`,
      )
    }
    return count
  }

  private overrun(size: number): never {
    throw new ProtocolViolation(
      `${size} bytes are wanted at byte ${this.position}, and ${this.remaining} are left.`,
    )
  }

  private unexpectedNull(what: string): never {
    throw new ProtocolViolation(`A null ${what} ends at byte ${this.position}, where none may be.`)
  }
}
