/** Prebuilt frames: requests of Kafka's protocol as raw bytes, in versions whose layout is fixed (not flexible). */

import { crc32c } from './checksum.mjs'

const CLIENT_ID = 'bench'
const RECORD_BYTES = 1024
const BATCH_HEADER_BYTES = 61
/** From here on a record batch is checksummed. */
const CHECKSUMMED_FROM = 21

const int8 = (value) => Buffer.from([value & 0xff])
const int16 = (value) => numbered(2, (b) => b.writeInt16BE(value))
const int32 = (value) => numbered(4, (b) => b.writeInt32BE(value))
const int64 = (value) => numbered(8, (b) => b.writeBigInt64BE(BigInt(value)))
const string = (text) => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)])

function numbered(length, write) {
  const buffer = Buffer.alloc(length)
  write(buffer)
  return buffer
}

/** A zigzag varint of a number that is not negative. */
function varint(value) {
  const bytes = []
  let rest = value * 2
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

function frame(apiKey, apiVersion, ...body) {
  const header = [int16(apiKey), int16(apiVersion), int32(7), string(CLIENT_ID)]
  const bytes = Buffer.concat([...header, ...body])
  return Buffer.concat([int32(bytes.length), bytes])
}

/** A batch of nearly `bytes` bytes, in records of a kilobyte, with a right checksum. */
export function recordBatch(bytes) {
  const count = Math.max(1, Math.floor(bytes / RECORD_BYTES))
  const share = Math.floor((bytes - BATCH_HEADER_BYTES) / count)
  const records = Array.from({ length: count }, (_, i) =>
    record(i, Buffer.alloc(share - 12, 65 + (i % 26))),
  )
  return sealed(count, records, 0)
}

/** A batch of one record with this value. */
export function singleRecordBatch(value) {
  return sealed(1, [record(0, value)], 0)
}

/** As `recordBatch`, of lines that look like JSON, compressed by `deflate` to the codec of this number. */
export function compressedBatch(bytes, codecNumber, deflate) {
  const count = Math.max(1, Math.floor(bytes / RECORD_BYTES))
  const share = Math.floor((bytes - BATCH_HEADER_BYTES) / count)
  const records = Array.from({ length: count }, (_, i) => record(i, jsonLines(share - 12, i)))
  return sealed(count, [deflate(Buffer.concat(records))], codecNumber)
}

/** So many bytes of text in which some of each line is new. */
function jsonLines(bytes, seed) {
  let text = ''
  for (let i = 0; text.length < bytes; i++) {
    const hash = crc32c(Buffer.from(`${seed}-${i}`)).toString(16)
    text += `{"id":"${hash}","amount":${i * 7},"currency":"EUR","customer":"c-${hash.slice(3)}"}\n`
  }
  return Buffer.from(text.slice(0, bytes))
}

/** A batch with one record of a kilobyte for each of these keys. */
export function keyedBatch(keys) {
  const value = Buffer.alloc(RECORD_BYTES, 65)
  return sealed(
    keys.length,
    keys.map((key, i) => record(i, value, Buffer.from(key))),
    0,
  )
}

function sealed(count, records, codecNumber) {
  const now = Date.now()
  const after = Buffer.concat([
    int16(codecNumber), // and CreateTime
    int32(count - 1),
    int64(now),
    int64(now),
    int64(-1), // no producer id, epoch and sequence
    int16(-1),
    int32(-1),
    int32(count),
    ...records,
  ])
  const checksum = numbered(4, (b) => b.writeUInt32BE(crc32c(after)))
  const length = int32(CHECKSUMMED_FROM - 12 + after.length)
  return { count, bytes: Buffer.concat([int64(0), length, int32(-1), int8(2), checksum, after]) }
}

function record(offsetDelta, value, key) {
  const noKey = Buffer.from([1]) // -1: null
  const parts = [
    int8(0),
    varint(0),
    varint(offsetDelta),
    ...(key === undefined ? [noKey] : [varint(key.length), key]),
    varint(value.length),
    value,
    varint(0),
  ]
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.length), body])
}

/** Produce v8, acks=all. */
export function produceFrame(topic, batch, partition = 0) {
  return frame(
    0,
    8,
    int16(-1), // no transactional id
    int16(-1),
    int32(30_000),
    int32(1),
    string(topic),
    int32(1),
    int32(partition),
    int32(batch.length),
    batch,
  )
}

/** Fetch v11 of one partition, without a session, that takes `maxBytes` and waits no longer than `maxWaitMs` for a first byte. */
export function fetchFrame(topic, offset, maxBytes, maxWaitMs = 0) {
  return frame(
    1,
    11,
    int32(-1),
    int32(maxWaitMs),
    int32(1),
    int32(maxBytes),
    int8(0),
    int32(0), // no session
    int32(-1),
    int32(1),
    string(topic),
    int32(1),
    int32(0),
    int32(-1), // current leader epoch: not checked
    int64(offset),
    int64(-1),
    int32(maxBytes),
    int32(0), // no forgotten topics
    string(''),
  )
}

/** ApiVersions v0: as small as a request gets. */
export function apiVersionsFrame() {
  return frame(18, 0)
}

/** Where the error code of the one partition lies in a reply to these frames, counted from behind the length. */
export function errorCodeAt(apiKey, topic) {
  const upToPartition = 4 + 2 + Buffer.byteLength(topic) + 4 + 4
  return apiKey === 0 ? 4 + upToPartition : 4 + 4 + 2 + 4 + upToPartition
}
