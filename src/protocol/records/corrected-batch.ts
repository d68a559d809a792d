/** What a leader changes in a produced batch before it is stored: timestamp type, maximum timestamp, codec. */

import {
  ATTRIBUTES,
  BatchView,
  CODEC_MASK,
  CONTROL_FLAG,
  DELETE_HORIZON_FLAG,
  HEADER_SIZE,
  LOG_APPEND_TIME_FLAG,
  MAX_TIMESTAMP,
  sealBatch,
  TRANSACTIONAL_FLAG,
  writeInt64,
} from './batch-view.ts'
import { codecOf, type Compression, deflate, deflateLater, deflatesQuickly } from './compression.ts'
import {
  type LongCheck,
  type ProduceContext,
  type ProduceRules,
  refused,
  refusedAsTooLarge,
  type ValidatedBatch,
} from './produce-rules.ts'

/** The bits that have a meaning; Kafka clears the others when it writes the attributes, and only then. */
const KNOWN_BITS =
  CODEC_MASK | LOG_APPEND_TIME_FLAG | TRANSACTIONAL_FLAG | CONTROL_FLAG | DELETE_HORIZON_FLAG

/**
 * The batch as its topic stores it: itself where nothing is to be changed, else a copy with a checksum made anew.
 * `maxTimestamp` is that of its records.
 */
function withTimestamps(
  batch: BatchView,
  maxTimestamp: number,
  { timestampType }: ProduceRules,
  { now }: ProduceContext,
): BatchView {
  const wanted = timestampType === 'LogAppendTime' ? now : maxTimestamp
  if (batch.maxTimestamp === wanted && batch.timestampType === timestampType) return batch
  const bytes = Buffer.from(batch.bytes)
  const flag = timestampType === 'LogAppendTime' ? LOG_APPEND_TIME_FLAG : 0
  bytes.writeInt16BE((batch.attributes & KNOWN_BITS & ~LOG_APPEND_TIME_FLAG) | flag, ATTRIBUTES)
  writeInt64(bytes, MAX_TIMESTAMP, wanted)
  sealBatch(bytes)
  return new BatchView(bytes)
}

/** The codec to store a batch in; undefined where it stays in its own. */
export function codecToChangeTo(
  sent: Compression,
  { compression }: ProduceRules,
): Compression | undefined {
  if (compression === 'producer') return undefined
  const wanted = compression === 'uncompressed' ? 'none' : compression
  return wanted === sent ? undefined : wanted
}

/** A copy of the batch with other records, compressed as said. Kafka drops the delete horizon on this way. */
export function withRecords(
  batch: BatchView,
  records: Buffer,
  compression: Compression,
): BatchView {
  const bytes = Buffer.concat([batch.bytes.subarray(0, HEADER_SIZE), records])
  const kept = batch.attributes & KNOWN_BITS & ~CODEC_MASK & ~DELETE_HORIZON_FLAG
  bytes.writeInt16BE(kept | codecOf(compression), ATTRIBUTES)
  sealBatch(bytes)
  return new BatchView(bytes)
}

/** The batch as it is to be stored, unless conversion, recompression or a small segment has made it too large. */
export function storedBatch(
  batch: BatchView,
  maxTimestamp: number,
  partitionIndex: number,
  rules: ProduceRules,
  context: ProduceContext,
): ValidatedBatch {
  const timed = withTimestamps(batch, maxTimestamp, rules, context)
  const { sizeInBytes } = timed
  if (sizeInBytes > rules.maxMessageBytes) {
    return refusedAsTooLarge(sizeInBytes, rules, partitionIndex)
  }
  if (sizeInBytes > rules.segmentBytes) {
    const text = `The batch has ${sizeInBytes} bytes, and a segment at most ${rules.segmentBytes}.`
    return refused('RECORD_LIST_TOO_LARGE', text)
  }
  return { batch: timed }
}

/** What `store` makes of the records in another codec: at once where compressing them is quick. */
export function recompressed(
  records: Buffer,
  codec: Compression,
  { compressionLevels }: ProduceRules,
  store: (compressed: Buffer) => ValidatedBatch,
): ValidatedBatch | LongCheck {
  if (deflatesQuickly(codec, records.length)) {
    return store(deflate(codec, records, compressionLevels))
  }
  return async (pause) => store(await deflateLater(codec, records, compressionLevels, pause))
}
