/**
 * The check of what a producer sends for one partition: exactly one sound record batch of magic 2.
 *
 * The order of the checks decides which error wins, and is Kafka's: first the request's part (one batch, of a magic and a
 * codec that the version allows), then the log's (base offset, size, checksum, header), then the records. Where the topic
 * wants another maximum timestamp, timestamp type or codec, a copy of the batch is corrected.
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
import {
  type Compression,
  deflate,
  deflateLater,
  deflatesQuickly,
  inflatePieces,
  inflateQuickly,
  type Pause,
} from './compression.ts'
import { codecToChangeTo, withRecords, withTimestamps } from './corrected-batch.ts'
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
import { checkPieces, checkRecords, RecordChecks } from './record-checks.ts'

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

/** What is left of a check when much has to be inflated or compressed: it begins when this is called, pauses now and then, and does not reject for anything that the bytes hold. */
export type LongCheck = (pause: Pause) => Promise<ValidatedBatch>

/** Checks the `records` of one partition. */
export function validateProduced(
  records: Buffer | null,
  partitionIndex: number,
  rules: ProduceRules,
  context: ProduceContext,
): ValidatedBatch | LongCheck {
  try {
    const batch = onlyBatch(records, context)
    if (!(batch instanceof BatchView)) return batch
    return (
      checkHeader(batch, partitionIndex, rules) ??
      new ContentCheck(batch, partitionIndex, rules, context).run()
    )
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

/** Walks the records, and makes the batch that is stored. */
class ContentCheck {
  private readonly batch: BatchView
  private readonly partitionIndex: number
  private readonly rules: ProduceRules
  private readonly context: ProduceContext

  constructor(
    batch: BatchView,
    partitionIndex: number,
    rules: ProduceRules,
    context: ProduceContext,
  ) {
    this.batch = batch
    this.partitionIndex = partitionIndex
    this.rules = rules
    this.context = context
  }

  run(): ValidatedBatch | LongCheck {
    const { batch } = this
    const { compression } = batch
    if (compression === 'none') return this.checkPlain(batch.bytes, HEADER_SIZE)
    const plain = inflateQuickly(compression, batch.recordBytes)
    return plain
      ? this.checkPlain(plain, 0)
      : (pause) => this.checkPieces(compression, pause).catch(refusalOf)
  }

  /** The records lie inflated in these bytes, from `start` on. */
  private checkPlain(bytes: Buffer, start: number): ValidatedBatch | LongCheck {
    const maxTimestamp = checkRecords(this.checks(), bytes, start)
    if (typeof maxTimestamp !== 'number') return maxTimestamp
    const codec = codecToChangeTo(this.batch.compression, this.rules)
    if (codec === undefined) return this.stored(this.batch, maxTimestamp)
    const levels = this.rules.compressionLevels
    const records = bytes.subarray(start)
    if (deflatesQuickly(codec, records.length)) {
      return this.recompressed(deflate(codec, records, levels), codec, maxTimestamp)
    }
    return async () => {
      const compressed = await deflateLater(codec, records, levels)
      return this.recompressed(compressed, codec, maxTimestamp)
    }
  }

  private async checkPieces(
    sent: Exclude<Compression, 'none'>,
    pause: Pause,
  ): Promise<ValidatedBatch> {
    const { batch, rules, partitionIndex } = this
    const codec = codecToChangeTo(sent, rules)
    // What is too large for the log uncompressed need not be kept to find that out.
    const most = codec === 'none' ? rules.maxMessageBytes : Infinity
    const kept: Buffer[] = []
    let size = HEADER_SIZE
    const pieces = inflatePieces(sent, batch.recordBytes, pause)
    const maxTimestamp = await checkPieces(this.checks(), pieces, (piece) => {
      size += piece.length
      if (codec !== undefined && size <= most) kept.push(piece)
    })
    if (typeof maxTimestamp !== 'number') return maxTimestamp
    if (codec === undefined) return this.stored(batch, maxTimestamp)
    if (size > most) return refusedAsTooLarge(size, rules, partitionIndex)
    const records = Buffer.concat(kept)
    kept.length = 0
    const compressed = await deflateLater(codec, records, rules.compressionLevels)
    return this.recompressed(compressed, codec, maxTimestamp)
  }

  private checks(): RecordChecks {
    return new RecordChecks(this.batch, this.partitionIndex, this.rules, this.context)
  }

  private recompressed(records: Buffer, codec: Compression, maxTimestamp: number): ValidatedBatch {
    return this.stored(withRecords(this.batch, records, codec), maxTimestamp)
  }

  /** The batch as it is to be stored, unless recompression or a small segment has made it too large. */
  private stored(batch: BatchView, maxTimestamp: number): ValidatedBatch {
    const { rules } = this
    const timed = withTimestamps(batch, maxTimestamp, rules, this.context)
    const { sizeInBytes } = timed
    if (sizeInBytes > rules.maxMessageBytes) {
      return refusedAsTooLarge(sizeInBytes, rules, this.partitionIndex)
    }
    if (sizeInBytes > rules.segmentBytes) {
      const text = `The batch has ${sizeInBytes} bytes, and a segment at most ${rules.segmentBytes}.`
      return refused('RECORD_LIST_TOO_LARGE', text)
    }
    return { batch: timed }
  }
}

function invalid(reason: string): RefusedBatch {
  return refusedByLog('INVALID_RECORD', reason)
}

function refusalOf(error: unknown): RefusedBatch {
  if (error instanceof InvalidRecord) return refusedByLog(error.error, error.message)
  throw error
}
