/**
 * Zigzag varints (int32) and varlongs (int64), the integers inside records: 7 bits a byte, the lowest first, the high
 * bit set on all but the last.
 *
 * Values are plain numbers. A varlong is exact up to 2^53 and rounded to the nearest double beyond, which only deltas
 * between timestamps millions of years apart reach. Padded forms (80 80 00) are accepted, as Kafka does.
 */

import { InvalidRecord } from './invalid-record.ts'

export const MAX_VARINT_BYTES = 5
export const MAX_VARLONG_BYTES = 10

/** Reads varints from a part of a buffer, one after the other, and never past its end. */
export class VarintReader {
  readonly bytes: Buffer
  readonly end: number
  position: number

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  varint(): number {
    const { bytes, position, end } = this
    if (position < end) {
      const first = bytes[position]!
      if (first < 0x80) {
        this.position = position + 1
        return (first >>> 1) ^ -(first & 1)
      }
      if (position + 1 < end) {
        const second = bytes[position + 1]!
        if (second < 0x80) {
          this.position = position + 2
          return (((first & 0x7f) | (second << 7)) >>> 1) ^ -(first & 1)
        }
      }
    }
    return this.longVarint()
  }

  varlong(): number {
    const { bytes, position, end } = this
    if (position < end) {
      const first = bytes[position]!
      if (first < 0x80) {
        this.position = position + 1
        return (first >>> 1) ^ -(first & 1)
      }
      if (position + 1 < end) {
        const second = bytes[position + 1]!
        if (second < 0x80) {
          this.position = position + 2
          return (((first & 0x7f) | (second << 7)) >>> 1) ^ -(first & 1)
        }
      }
    }
    return this.longVarlong()
  }

  private longVarint(): number {
    let raw = 0
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.byte()
      raw |= (byte & 0x7f) << (7 * index)
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1)
    }
    throw new InvalidRecord('A varint has more than 5 bytes.', 'UNKNOWN_SERVER_ERROR')
  }

  private longVarlong(): number {
    // The lowest 28 bits as an integer, the 36 above them as a double: neither loses a bit.
    let low = 0
    let high = 0
    let weight = 1
    for (let index = 0; index < MAX_VARLONG_BYTES; index++) {
      const byte = this.byte()
      if (index < 4) {
        low |= (byte & 0x7f) << (7 * index)
      } else {
        high += (index === MAX_VARLONG_BYTES - 1 ? byte & 1 : byte & 0x7f) * weight
        weight *= 128
      }
      if (byte < 0x80) {
        const half = high * 2 ** 27 + (low >>> 1)
        return (low & 1) === 1 ? -half - 1 : half
      }
    }
    throw new InvalidRecord('A varlong has more than 10 bytes.', 'UNKNOWN_SERVER_ERROR')
  }

  private byte(): number {
    if (this.position >= this.end) throw new InvalidRecord('The bytes end inside a varint.')
    return this.bytes[this.position++]!
  }
}

/** Bytes of a value's varint, or varlong: they are the same. */
export function varintSize(value: number): number {
  let rest = value < 0 ? -value - 1 : value
  let size = 1
  for (rest = Math.floor(rest / 64); rest > 0; rest = Math.floor(rest / 128)) size++
  return size
}

/** Writes a safe integer as a varint, or varlong, and returns the position behind it. */
export function writeVarint(bytes: Buffer, position: number, value: number): number {
  const sign = value < 0 ? 1 : 0
  const magnitude = sign ? -value - 1 : value
  let byte = (magnitude % 64) * 2 + sign
  let rest = Math.floor(magnitude / 64)
  while (rest > 0) {
    bytes[position++] = byte | 0x80
    byte = rest % 128
    rest = Math.floor(rest / 128)
  }
  bytes[position++] = byte
  return position
}
