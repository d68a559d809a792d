/** What a produced batch is checked against, and what the check can say. */

import type { ErrorName } from '../errors.ts'
import type { BatchView, TimestampType } from './batch-view.ts'
import type { Compression, CompressionLevels, Pause } from './compression.ts'
import { InvalidRecord } from './invalid-record.ts'

/** What a topic asks of the batches for it: made once per topic and config. */
export interface ProduceRules {
  /** For texts. */
  topic: string
  /** `max.message.bytes` */
  maxMessageBytes: number
  /** `max.decompressed.message.bytes`: what one record of a compressed batch may have. */
  maxInflatedRecordBytes: number
  /** `segment.bytes` */
  segmentBytes: number
  /** Whether `cleanup.policy` has compact: then every record needs a key. */
  compacted: boolean
  /** `message.timestamp.type` */
  timestampType: TimestampType
  /** `message.timestamp.before.max.ms`; from 2^53-1 on there is no limit. */
  timestampBeforeMaxMs: number
  /** `message.timestamp.after.max.ms`; from 2^53-1 on there is no limit. */
  timestampAfterMaxMs: number
  /** `compression.type`: the codec that batches are stored in; producer is as sent. */
  compression: 'producer' | 'uncompressed' | Exclude<Compression, 'none'>
  /** `compression.gzip.level` and `compression.zstd.level`; Kafka's defaults when left out. */
  compressionLevels?: CompressionLevels
}

/** What a Produce request says of all its batches. */
export interface ProduceContext {
  /** The request's API version. */
  version: number
  /** Whether the request has a transactional id. */
  transactional: boolean
  /** The broker's wall time. */
  now: number
}

export interface RecordError {
  /** Index of the record in its batch. */
  batchIndex: number
  message: string | null
}

export interface AcceptedBatch {
  /** The batch to append: the sent bytes by reference, or a corrected copy. */
  batch: BatchView
  error?: undefined
}

export interface RefusedBatch {
  batch?: undefined
  error: ErrorName
  /** What Kafka tells the client, which mostly is nothing. */
  message: string | null
  recordErrors: readonly RecordError[]
  /** What is wrong, for a log line. */
  reason: string
  /** Whether it was the log that refused: only then does Kafka's answer carry the log start offset. */
  byLog: boolean
}

export type ValidatedBatch = AcceptedBatch | RefusedBatch

/** What is left of a check when much has to be inflated or compressed: it begins when this is called, pauses now and then, and does not reject for anything that the bytes hold. */
export type LongCheck = (pause: Pause) => Promise<ValidatedBatch>

const NO_RECORD_ERRORS: readonly RecordError[] = []

/** Refused before the log is asked. */
export function refused(
  error: ErrorName,
  reason: string,
  message: string | null = null,
): RefusedBatch {
  return { error, message, recordErrors: NO_RECORD_ERRORS, reason, byLog: false }
}

/** Refused by the log. */
export function refusedByLog(error: ErrorName, reason: string): RefusedBatch {
  return { error, message: null, recordErrors: NO_RECORD_ERRORS, reason, byLog: true }
}

/** Larger than `max.message.bytes`. The text, odd bracket included, is Kafka's. */
export function refusedAsTooLarge(
  size: number,
  { topic, maxMessageBytes }: ProduceRules,
  partitionIndex: number,
): RefusedBatch {
  const text =
    `The record batch size in the append to ${topic}-${partitionIndex} is ${size} bytes ` +
    `which exceeds the maximum configured value of ${maxMessageBytes}).`
  return refused('MESSAGE_TOO_LARGE', text, text)
}

/** What reading the bytes has thrown, as an answer. */
export function refusalOf(error: unknown): RefusedBatch {
  if (error instanceof InvalidRecord) return refusedByLog(error.error, error.message)
  throw error
}
