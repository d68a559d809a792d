/**
 * A message of magic 0 or 1, which is what came before record batches: read in place, and written.
 *
 *   0  offset       int64
 *   8  messageSize  int32   bytes that follow this field
 *  12  crc          uint32  CRC-32 of all that follows this field
 *  16  magic        int8    0 or 1
 *  17  attributes   int8    bits 0-2 codec, 3 LogAppendTime (magic 1)
 *  18  timestamp    int64   magic 1 alone
 *  then key and value, each a length (int32, -1: null) and bytes
 *
 * With a codec it is a wrapper: its value holds compressed messages of the same magic. Its offset is that of the last of
 * them; theirs are absolute in magic 0 and relative to the first in magic 1.
 */

import { crc32 } from './crc32.ts'
import {
  CODEC_MASK,
  LENGTH_OVERHEAD,
  LOG_APPEND_TIME_FLAG,
  readInt64,
  type TimestampType,
  writeInt64,
} from './batch-view.ts'
import { type Compression, compressionOf, type Encoding } from './compression.ts'
import type { GrowingBytes } from './growing-bytes.ts'
import { InvalidRecord } from './invalid-record.ts'

export type LegacyMagic = 0 | 1

/** The least that a message of magic 0 claims, and of any that Kafka looks at. */
export const MIN_MESSAGE_SIZE = 14
const NO_TIMESTAMP = -1

const MESSAGE_SIZE = 8
const CRC = 12
const MAGIC = 16
const ATTRIBUTES = 17
const TIMESTAMP = 18

export class MessageView {
  /** Exactly this message, offset and size included. */
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get offset(): number {
    return readInt64(this.bytes, 0)
  }

  get magic(): number {
    return this.bytes.readInt8(MAGIC)
  }

  get attributes(): number {
    return this.bytes.readInt8(ATTRIBUTES)
  }

  /** Throws `InvalidRecord` for a codec that messages do not have. */
  get compression(): Exclude<Compression, 'zstd'> {
    const compression = compressionOf(this.attributes & CODEC_MASK)
    if (compression === 'zstd') {
      throw new InvalidRecord(`Messages of magic ${this.magic} have no zstd.`)
    }
    return compression
  }

  /** How its value is compressed. */
  get encoding(): Exclude<Encoding, 'zstd'> {
    return encodingOf(this.compression, this.magic as LegacyMagic)
  }

  get timestampType(): TimestampType {
    const isTimed = this.magic > 0 && (this.attributes & LOG_APPEND_TIME_FLAG) !== 0
    return isTimed ? 'LogAppendTime' : 'CreateTime'
  }

  /** -1 in magic 0, which has none. */
  get timestamp(): number {
    if (this.magic === 0) return NO_TIMESTAMP
    if (this.bytes.length < TIMESTAMP + 8) throw broken('has no whole timestamp')
    return readInt64(this.bytes, TIMESTAMP)
  }

  /** By reference. */
  get key(): Buffer | null {
    return this.fieldAt(this.keyPosition)
  }

  /** By reference. */
  get value(): Buffer | null {
    const position = this.keyPosition
    return this.fieldAt(position + 4 + (this.fieldAt(position)?.length ?? 0))
  }

  get hasRightChecksum(): boolean {
    return this.bytes.readUInt32BE(CRC) === crc32(this.bytes.subarray(MAGIC))
  }

  private get keyPosition(): number {
    return this.magic === 0 ? TIMESTAMP : TIMESTAMP + 8
  }

  private fieldAt(position: number): Buffer | null {
    const { bytes } = this
    if (position + 4 > bytes.length) throw broken('ends before its key and value')
    const length = bytes.readInt32BE(position)
    if (length === -1) return null
    const start = position + 4
    if (length < 0 || length > bytes.length - start) throw broken(`has a field of ${length} bytes`)
    return bytes.subarray(start, start + length)
  }
}

/** How this codec is written in messages of this magic. */
export function encodingOf<Codec extends Compression>(
  compression: Codec,
  magic: LegacyMagic,
): Codec | 'oldLz4' {
  return compression === 'lz4' && magic === 0 ? 'oldLz4' : compression
}

/** What a message is made of. */
export interface MessageInput {
  offset: number
  /** Left away in magic 0. */
  timestamp: number
  /** Codec and, in magic 1, timestamp type. */
  attributes: number
  key: Buffer | null
  value: Buffer | null
}

/** Bytes of a message, offset and size included. */
function messageBytes(magic: LegacyMagic, key: Buffer | null, value: Buffer | null): number {
  const header = magic === 0 ? TIMESTAMP : TIMESTAMP + 8
  return header + 8 + (key?.length ?? 0) + (value?.length ?? 0)
}

/** Writes a message at the end of these bytes. */
export function writeMessage(out: GrowingBytes, magic: LegacyMagic, message: MessageInput): void {
  const { offset, timestamp, attributes, key, value } = message
  const size = messageBytes(magic, key, value)
  out.reserve(size)
  const start = out.size
  const { bytes } = out
  writeInt64(bytes, start, offset)
  bytes.writeInt32BE(size - LENGTH_OVERHEAD, start + MESSAGE_SIZE)
  bytes.writeInt8(magic, start + MAGIC)
  bytes.writeInt8(attributes, start + ATTRIBUTES)
  let position = start + TIMESTAMP
  if (magic === 1) {
    writeInt64(bytes, position, timestamp)
    position += 8
  }
  position = writeField(bytes, position, key)
  position = writeField(bytes, position, value)
  bytes.writeUInt32BE(crc32(bytes.subarray(start + MAGIC, position)), start + CRC)
  out.size = position
}

function writeField(bytes: Buffer, position: number, field: Buffer | null): number {
  bytes.writeInt32BE(field?.length ?? -1, position)
  field?.copy(bytes, position + 4)
  return position + 4 + (field?.length ?? 0)
}

/** Kafka has no error of its own for lengths that cannot be. */
function broken(why: string): InvalidRecord {
  return new InvalidRecord(`A message ${why}.`, 'UNKNOWN_SERVER_ERROR')
}
