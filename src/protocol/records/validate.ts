/**
 * The check of what a producer sends for one partition: exactly one sound record batch of magic 2, or what old clients send.
 *
 * The order of the checks decides which error wins, and is Kafka's: first the request's part (one batch, of a magic and a
 * codec that the version allows), then the log's (base offset, size, checksum, header), then the records. Where the topic
 * wants another maximum timestamp, timestamp type or codec, a copy of the batch is corrected.
 */

import { nextBatchSize } from './batch-boundary.ts'
import { BatchView, HEADER_SIZE, hasRightChecksum, MAGIC, MAGIC_OFFSET } from './batch-view.ts'
import {
  type Compression,
  deflateLater,
  inflatePieces,
  inflateQuickly,
  type Pause,
} from './compression.ts'
import { codecToChangeTo, recompressed, storedBatch, withRecords } from './corrected-batch.ts'
import {
  type LongCheck,
  type ProduceContext,
  type ProduceRules,
  type RefusedBatch,
  refusalOf,
  refused,
  refusedAsTooLarge,
  refusedByLog,
  type ValidatedBatch,
} from './produce-rules.ts'
import { checkPieces, checkRecords, RecordChecks } from './record-checks.ts'
import { upConvert } from './up-conversion.ts'

export type {
  AcceptedBatch,
  LongCheck,
  ProduceContext,
  ProduceRules,
  RecordError,
  RefusedBatch,
  ValidatedBatch,
} from './produce-rules.ts'

/** The first Produce version that carries record batches alone. */
const FIRST_BATCH_VERSION = 3
/** The first Produce version that may carry zstd (KIP-110). */
const FIRST_ZSTD_VERSION = 7

/** Checks the `records` of one partition. */
export function validateProduced(
  records: Buffer | null,
  partitionIndex: number,
  rules: ProduceRules,
  context: ProduceContext,
): ValidatedBatch | LongCheck {
  try {
    if (records !== null && isLegacy(records, context)) {
      return upConvert(records, partitionIndex, rules, context)
    }
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

/** Up to version 2 there may be messages of magic 0 or 1. */
function isLegacy(records: Buffer, { version }: ProduceContext): boolean {
  if (version >= FIRST_BATCH_VERSION || records.length <= MAGIC_OFFSET) return false
  const magic = records.readInt8(MAGIC_OFFSET)
  return magic === 0 || magic === 1
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
    return recompressed(bytes.subarray(start), codec, this.rules, (records) =>
      this.withRecords(records, codec, maxTimestamp),
    )
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
    const compressed = await deflateLater(codec, records, rules.compressionLevels, pause)
    return this.withRecords(compressed, codec, maxTimestamp)
  }

  private checks(): RecordChecks {
    return new RecordChecks(this.batch, this.partitionIndex, this.rules, this.context)
  }

  private stored(batch: BatchView, maxTimestamp: number): ValidatedBatch {
    return storedBatch(batch, maxTimestamp, this.partitionIndex, this.rules, this.context)
  }

  private withRecords(records: Buffer, codec: Compression, maxTimestamp: number): ValidatedBatch {
    return this.stored(withRecords(this.batch, records, codec), maxTimestamp)
  }
}

function invalid(reason: string): RefusedBatch {
  return refusedByLog('INVALID_RECORD', reason)
}
