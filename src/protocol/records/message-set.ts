/** Message sets of magic 0 and 1, which stood where record batches stand now: read with all that lies in their wrappers, and made. */

import { claimedSizeAt, LENGTH_OVERHEAD, LOG_APPEND_TIME_FLAG } from './batch-view.ts'
import { codecOf, type Compression, deflate, inflate, MAX_INFLATED_BYTES } from './compression.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { InnerMessages } from './inner-messages.ts'
import { InvalidRecord } from './invalid-record.ts'
import {
  encodingOf,
  type LegacyMagic,
  MessageView,
  MIN_MESSAGE_SIZE,
  writeMessage,
} from './message.ts'

/** A message with its final offset and timestamp; key and value are slices of the set, or of what it was inflated to. */
export interface MessageRecord {
  offset: number
  /** -1 in magic 0, which has none. */
  timestamp: number
  key: Buffer | null
  value: Buffer | null
}

/** The whole messages of a set, wrappers as they are. A cut off one at the end is left out, as a fetch may bring it. */
export function* messagesIn(bytes: Buffer): Generator<MessageView, void, undefined> {
  let position = 0
  for (;;) {
    const size = claimedSizeAt(bytes, position)
    if (size === undefined) return
    if (size < LENGTH_OVERHEAD + MIN_MESSAGE_SIZE) {
      throw new InvalidRecord(`A message claims ${size} bytes.`, 'CORRUPT_MESSAGE')
    }
    if (position + size > bytes.length) return
    const message = new MessageView(bytes.subarray(position, position + size))
    if (message.magic !== 0 && message.magic !== 1) {
      throw new InvalidRecord(`A message has magic ${message.magic}.`, 'CORRUPT_MESSAGE')
    }
    yield message
    position += size
  }
}

/** Yields the messages of a set in order, those in wrappers in their place. Throws `InvalidRecord` where none stand, or a wrapper inflates to more than `inflateLimit`. */
export function* iterateMessages(
  bytes: Buffer,
  inflateLimit = MAX_INFLATED_BYTES,
): Generator<MessageRecord, void, undefined> {
  for (const message of messagesIn(bytes)) {
    if (!message.hasRightChecksum) {
      throw new InvalidRecord('A message has a wrong CRC.', 'CORRUPT_MESSAGE')
    }
    if (message.compression === 'none') {
      const { offset, timestamp, key, value } = message
      yield { offset, timestamp, key, value }
    } else {
      yield* messagesOf(message, inflateLimit)
    }
  }
}

/** The content of a wrapper; throws `InvalidRecord` where it has none. */
export function wrappedBytes(wrapper: MessageView): Buffer {
  const { value } = wrapper
  if (value === null) throw new InvalidRecord('A compressed message has no value.')
  return value
}

function messagesOf(wrapper: MessageView, limit: number): MessageRecord[] {
  const inner = new InnerMessages(wrapper)
  inner.add(inflate(wrapper.encoding, wrappedBytes(wrapper), limit))
  const appendTime = wrapper.timestampType === 'LogAppendTime' ? wrapper.timestamp : undefined
  const found: MessageRecord[] = []
  for (let message = inner.next(); message; message = inner.next()) {
    const { offset, timestamp, key, value } = message
    found.push({ offset, timestamp: appendTime ?? timestamp, key, value })
  }
  const base = inner.end(false)
  return found.map((message) => ({ ...message, offset: base + message.offset }))
}

export interface MessageSetOptions {
  magic: LegacyMagic
  /** All messages go into one wrapper unless it is none, which is also what is meant when left out. */
  compression?: Exclude<Compression, 'zstd'>
  /** Left out: the timestamps are the messages' own. */
  logAppendTime?: number | undefined
}

/** Makes a message set. */
export function buildMessageSet(
  messages: readonly MessageRecord[],
  { magic, compression = 'none', logAppendTime }: MessageSetOptions,
): Buffer {
  const writer = new MessageSetWriter({ magic, isWrapped: compression !== 'none', logAppendTime })
  for (const { offset, timestamp, key, value } of messages) {
    writer.append(offset, timestamp, key, value)
  }
  if (compression === 'none' || writer.count === 0) return writer.take()
  const { lastOffset, maxTimestamp } = writer
  const wrapped = deflate(encodingOf(compression, magic), writer.take())
  return wrapper(wrapped, { magic, compression, logAppendTime, lastOffset, maxTimestamp })
}

/** Makes the wrapper of messages that were compressed. */
export function wrapper(
  wrapped: Buffer,
  facts: MessageSetOptions & {
    compression: Exclude<Compression, 'zstd'>
    lastOffset: number
    maxTimestamp: number
  },
): Buffer {
  const { magic, compression, logAppendTime, lastOffset, maxTimestamp } = facts
  const out = new GrowingBytes(wrapped.length + 64)
  writeMessage(out, magic, {
    offset: lastOffset,
    timestamp: logAppendTime ?? maxTimestamp,
    attributes: codecOf(compression) | timestampFlag(magic, logAppendTime),
    key: null,
    value: wrapped,
  })
  return out.take()
}

/** Writes messages one after the other, for a wrapper or as they are. */
export class MessageSetWriter {
  /** How many there are since they were taken last, and facts of them. */
  count = 0
  lastOffset = -1
  maxTimestamp = -1
  private readonly out = new GrowingBytes()
  private readonly magic: LegacyMagic
  private readonly isRelative: boolean
  private readonly logAppendTime: number | undefined
  private baseOffset = 0

  constructor(options: {
    magic: LegacyMagic
    isWrapped: boolean
    logAppendTime: number | undefined
  }) {
    this.magic = options.magic
    this.isRelative = options.isWrapped && options.magic === 1
    this.logAppendTime = options.logAppendTime
  }

  get size(): number {
    return this.out.size
  }

  append(offset: number, timestamp: number, key: Buffer | null, value: Buffer | null): void {
    if (this.count === 0) this.baseOffset = this.isRelative ? offset : 0
    writeMessage(this.out, this.magic, {
      offset: offset - this.baseOffset,
      timestamp: this.logAppendTime ?? timestamp,
      attributes: timestampFlag(this.magic, this.logAppendTime),
      key,
      value,
    })
    this.count++
    this.lastOffset = offset
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp
  }

  /** What was written; another set may begin. */
  take(): Buffer {
    this.count = 0
    this.maxTimestamp = -1
    return this.out.take()
  }
}

function timestampFlag(magic: LegacyMagic, logAppendTime: number | undefined): number {
  return magic === 1 && logAppendTime !== undefined ? LOG_APPEND_TIME_FLAG : 0
}
