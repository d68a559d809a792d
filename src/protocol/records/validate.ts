/**
 * The check of what a producer sends for one partition: exactly one sound record batch of magic 2.
 *
 * The order of the checks decides which error wins, and is Kafka's: first the request's part (one batch, of a magic and a
 * codec that the version allows), then the log's (base offset, size, checksum, header), then the records. Where the topic
 * wants another maximum timestamp, timestamp type or codec, a copy of the batch is corrected.
 *
 * Snappy, lz4 and zstd cannot be opened yet: such a batch is accepted as sent once header and checksum are right, its
 * records unseen (their number, offsets, timestamps, and keys on compacted topics).
 */

import {
  BatchView,
  claimedSizeAt,
  HEADER_SIZE,
  hasRightChecksum,
  LENGTH_OVERHEAD,
  MAGIC,
  MAGIC_OFFSET,
} from './batch-view.ts'
import { canOpen, inflateSoon } from './compression.ts'
import { codecToChangeTo, recompressed, withTimestamps } from './corrected-batch.ts'
import { InvalidRecord } from './invalid-record.ts'
import {
  type ProduceContext,
  type ProduceRules,
  type RefusedBatch,
  refused,
  refusedAsTooLarge,
  refusedByLog,
  type ValidatedBatch,
} from './produce-rules.ts'
import { checkRecords } from './record-checks.ts'

export type {
  AcceptedBatch,
  ProduceContext,
  ProduceRules,
  RecordError,
  RefusedBatch,
  ValidatedBatch,
} from './produce-rules.ts'

/** The least length that a batch of any magic has for Kafka, in the words of its error the record overhead. */
const MIN_BATCH_LENGTH = 14
const MAX_INT32 = 0x7fff_ffff
/** The first Produce version that may carry zstd (KIP-110). */
const FIRST_ZSTD_VERSION = 7

/**
 * Checks the `records` of one partition. The answer is a promise only when much has to be inflated or compressed, and does
 * not reject for anything that the bytes hold.
 */
export function validateProduced(
  records: Buffer | null,
  partitionIndex: number,
  rules: ProduceRules,
  context: ProduceContext,
): ValidatedBatch | Promise<ValidatedBatch> {
  try {
    const batch = onlyBatch(records, context)
    if (!(batch instanceof BatchView)) return batch
    const refusal = checkHeader(batch, partitionIndex, rules)
    if (refusal) return refusal
    const { compression } = batch
    if (compression === 'none') {
      return checkContent(batch, batch.bytes, HEADER_SIZE, partitionIndex, rules, context)
    }
    if (!canOpen(compression)) {
      return fitting(withTimestamps(batch, undefined, rules, context), partitionIndex, rules)
    }
    const plain = inflateSoon(compression, batch.recordBytes)
    if (!(plain instanceof Promise)) {
      return checkContent(batch, plain, 0, partitionIndex, rules, context)
    }
    return plain
      .then((bytes) => checkContent(batch, bytes, 0, partitionIndex, rules, context))
      .catch(refusalOf)
  } catch (error) {
    return refusalOf(error)
  }
}

/** The one batch of the request, or what the request is refused for before any log is asked. */
function onlyBatch(
  records: Buffer | null,
  { version, transactional }: ProduceContext,
): BatchView | RefusedBatch {
  const size = records === null ? 0 : nextBatchSize(records, 0)
  if (typeof size !== 'number') return size
  if (records === null || size === 0) return refused('INVALID_RECORD', 'There is no whole batch.')
  const magic = records.readInt8(MAGIC_OFFSET)
  if (magic !== MAGIC) return refused('INVALID_RECORD', `The record batch has magic ${magic}.`)
  if (size < HEADER_SIZE) return refused('CORRUPT_MESSAGE', `The record batch has ${size} bytes.`)
  const batch = new BatchView(size === records.length ? records : records.subarray(0, size))
  if (batch.isTransactional && !transactional) {
    const reason = 'A transactional batch came in a request without transactional id.'
    return refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', reason)
  }
  if (version < FIRST_ZSTD_VERSION && batch.compression === 'zstd') {
    const reason = `Produce requests of version ${version} may not carry zstd.`
    return refused('UNSUPPORTED_COMPRESSION_TYPE', reason)
  }
  // What follows and is no whole batch is left away. Kafka tells the client of a broken batch only when it is the first.
  const next = size === records.length ? 0 : nextBatchSize(records, size)
  if (typeof next !== 'number') return { ...next, message: null }
  return next === 0 ? batch : refused('INVALID_RECORD', 'There is more than one record batch.')
}

/** The size of the batch at `position`, 0 where none stands whole. */
function nextBatchSize(records: Buffer, position: number): number | RefusedBatch {
  const size = claimedSizeAt(records, position)
  if (size === undefined) return 0
  const length = size - LENGTH_OVERHEAD
  if (length < MIN_BATCH_LENGTH) {
    const text = `Record size ${length} is less than the minimum record overhead (${MIN_BATCH_LENGTH})`
    return refused('CORRUPT_MESSAGE', text, text)
  }
  if (position + MAGIC_OFFSET >= records.length) return 0
  const magic = records.readInt8(position + MAGIC_OFFSET)
  if (magic < 0 || magic > MAGIC) {
    const text = `Invalid magic found in record: ${magic}`
    return refused('CORRUPT_MESSAGE', text, text)
  }
  // Kafka has no other answer, since its own sum overflows here.
  if (size > MAX_INT32) return refused('UNKNOWN_SERVER_ERROR', `The batch claims ${size} bytes.`)
  return position + size > records.length ? 0 : size
}

/** What the log holds against header, size and checksum of the batch. */
function checkHeader(
  batch: BatchView,
  partitionIndex: number,
  rules: ProduceRules,
): RefusedBatch | undefined {
  if (batch.baseOffset !== 0) return invalid(`The base offset is ${batch.baseOffset}, not 0.`)
  if (batch.sizeInBytes > rules.maxMessageBytes) {
    return refusedAsTooLarge(batch.sizeInBytes, rules, partitionIndex)
  }
  if (!hasRightChecksum(batch.bytes)) {
    return refused('CORRUPT_MESSAGE', `The record batch has a wrong CRC, ${batch.crc}.`)
  }
  const { recordCount, lastOffsetDelta } = batch
  if (recordCount <= 0) return invalid(`The record batch counts ${recordCount} records.`)
  if (lastOffsetDelta !== recordCount - 1) {
    return invalid(`The last offset delta is ${lastOffsetDelta} with ${recordCount} records.`)
  }
  if (batch.isControl) return invalid('Clients are not allowed to write control records.')
  // A negative epoch is none of Kafka's concern.
  if (batch.producerId !== -1 && batch.baseSequence < 0) {
    return invalid(`The base sequence is ${batch.baseSequence}.`)
  }
  return undefined
}

/** Walks the records, which are inflated and begin at `start` of `plain`, and makes the batch that is stored. */
function checkContent(
  batch: BatchView,
  plain: Buffer,
  start: number,
  partitionIndex: number,
  rules: ProduceRules,
  context: ProduceContext,
): ValidatedBatch | Promise<ValidatedBatch> {
  const maxTimestamp = checkRecords(batch, plain, start, partitionIndex, rules, context)
  if (typeof maxTimestamp !== 'number') return maxTimestamp
  const codec = codecToChangeTo(batch.compression, rules)
  if (codec === undefined) {
    return fitting(withTimestamps(batch, maxTimestamp, rules, context), partitionIndex, rules)
  }
  const stored = recompressed(batch, plain.subarray(start), codec)
  const finish = (changed: BatchView): ValidatedBatch =>
    fitting(withTimestamps(changed, maxTimestamp, rules, context), partitionIndex, rules)
  return stored instanceof Promise ? stored.then(finish) : finish(stored)
}

/** The batch as it is to be stored, unless recompression or a small segment has made it too large. */
function fitting(batch: BatchView, partitionIndex: number, rules: ProduceRules): ValidatedBatch {
  const { sizeInBytes } = batch
  if (sizeInBytes > rules.maxMessageBytes) {
    return refusedAsTooLarge(sizeInBytes, rules, partitionIndex)
  }
  if (sizeInBytes > rules.segmentBytes) {
    const text = `The batch has ${sizeInBytes} bytes, and a segment at most ${rules.segmentBytes}.`
    return refused('RECORD_LIST_TOO_LARGE', text)
  }
  return { batch }
}

function invalid(reason: string): RefusedBatch {
  return refusedByLog('INVALID_RECORD', reason)
}

function refusalOf(error: unknown): RefusedBatch {
  if (error instanceof InvalidRecord) return refusedByLog(error.error, error.message)
  throw error
}
