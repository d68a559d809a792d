/**
 * The storage contract: partition logs of record batches, many in one call.
 *
 * A log holds whole record batches (magic 2) as they came over the wire, with base offset and leader epoch patched.
 * Whoever calls may not assume that an append is fast, that a log is local, or that it is the only broker.
 */

import type { ErrorName } from '../protocol/errors.ts'
import type { BatchView } from '../protocol/records/batch-view.ts'

declare const logIdBrand: unique symbol

/** Topic id and partition index, as `<22 characters of base64url>-<index>`: a log's name for life. A recreated topic has other logs. */
export type LogId = string & { readonly [logIdBrand]: true }

export function logId(topicId: string, partitionIndex: number): LogId {
  return `${topicId}-${partitionIndex}` as LogId
}

/** What a log needs to know of its topic's configs. Sizes in bytes, times in milliseconds, -1 is no limit. */
export interface LogConfig {
  /** `segment.bytes` */
  segmentBytes: number
  /** `segment.ms` */
  segmentMs: number
  /** `segment.jitter.ms`: a segment may be rolled earlier by up to this. */
  segmentJitterMs: number
  /** `segment.index.bytes` */
  segmentIndexBytes: number
  /** `index.interval.bytes` */
  indexIntervalBytes: number
  /** `flush.messages`: with 1 an append is acknowledged after its fsync. */
  flushMessages: number
  /** `flush.ms` */
  flushMs: number
  /** `retention.bytes` */
  retentionBytes: number
  /** `retention.ms` */
  retentionMs: number
  cleanupPolicy: { delete: boolean; compact: boolean }
  /** `file.delete.delay.ms`: files of deleted segments and logs stay so long. */
  fileDeleteDelayMs: number
  /** `delete.retention.ms`: how long a compacted log keeps tombstones and markers. */
  deleteRetentionMs: number
  /** `min.cleanable.dirty.ratio`: the part of a compacted log that must be dirty before it is cleaned. */
  minCleanableDirtyRatio: number
  /** `min.compaction.lag.ms`: records younger than this stay as they are. */
  minCompactionLagMs: number
  /** `max.compaction.lag.ms`: with dirty records older than this a log is cleaned whatever its ratio. */
  maxCompactionLagMs: number
  /** `producer.id.expiration.ms`: how long a silent producer without an open transaction is remembered. */
  producerIdExpirationMs: number
}

/** Kafka's defaults. */
export const defaultLogConfig: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 3600 * 1000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  retentionBytes: -1,
  retentionMs: 7 * 24 * 3600 * 1000,
  cleanupPolicy: { delete: true, compact: false },
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 24 * 3600 * 1000,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  producerIdExpirationMs: 24 * 3600 * 1000,
}

export interface LogSpec {
  topic: string
  /** 22 characters of base64url. */
  topicId: string
  partitionIndex: number
  config: LogConfig
  /** The log's folder or its like appears with the first append (internal topics have 50 partitions, most of them empty). */
  lazy?: boolean
  /** No record that is appended from now on is of an earlier leader epoch. */
  leaderEpoch?: number
}

/** One batch for one log, a marker as well as records: an abort or commit marker ends its producer's transaction in the log. Its bytes are lent until the append resolves; an engine may go on reading a batch of 16 kB or more after that, so the buffer is never written to again. */
export interface Append {
  log: LogId
  /** Validated by the caller: one whole batch of magic 2 with a right CRC. Its base offset and leader epoch do not matter. */
  batch: BatchView
  /**
   * From `own`: the append is `fenced` when another owner came after. Left out for logs that nobody owns.
   * Owners do not number their batches: sequences are not judged.
   */
  ownerEpoch?: number
  /**
   * Of a batch that its transaction's coordinator vouches for: the log's end, `logEndOffset`, before the coordinator was
   * asked. When the transaction has ended in the log since, the batch is rejected with `INVALID_TXN_STATE`, so that no late
   * batch opens a transaction which nobody ends (KIP-890).
   */
  openTransaction?: { asOf: number }
  /** `transaction.version` of a transactional batch or a marker. From 2 on each transaction has an epoch of its own, and its marker that of the next. Left out: 0. */
  transactionVersion?: number
}

export type AppendOutcome =
  | { kind: 'appended'; baseOffset: number; lastOffset: number; logStartOffset: number }
  /** One of the last five batches of this producer, sent again: nothing was appended; the offset is the original one. */
  | { kind: 'duplicate'; baseOffset: number; lastOffset: number; logStartOffset: number }
  | { kind: 'fenced' }
  | { kind: 'rejected'; error: ErrorName; message?: string }

export interface Want {
  log: LogId
  /** First offset wanted; the answer begins with the batch that holds it. */
  offset: number
  maxBytes: number
  /** Read committed: nothing at or after the last stable offset. */
  committedOnly?: boolean
}

export interface ReadLimits {
  maxBytes: number
  /** The first batch of the first non-empty log is returned whole, even when larger than the limits. */
  firstWhole: boolean
}

export interface LogOffsets {
  logStartOffset: number
  /** First offset that is not acknowledged yet under the log's flush policy; readers see nothing at or after it. */
  highWatermark: number
  /** First offset of the earliest transaction whose end is not visible yet, or the high watermark: committed reads see nothing at or after it. */
  lastStableOffset: number
  /** First offset that is not written yet. */
  logEndOffset: number
  leaderEpoch: number
}

export interface LogRead extends LogOffsets {
  log: LogId
  /** `OFFSET_OUT_OF_RANGE`, `KAFKA_STORAGE_ERROR`, or `UNKNOWN_TOPIC_OR_PARTITION` where there is no such log. */
  error?: ErrorName
  /** Whole stored batches in order, by reference: not one byte of them may be written to. A batch may lie in several, its header in one. */
  buffers: readonly Buffer[]
  /** Bytes in `buffers`. */
  size: number
  /** Of a committed read, in the order of first offsets: the aborted transactions that reach into `buffers`. */
  abortedTransactions: readonly { producerId: number; firstOffset: number }[]
}

export interface ReadResult {
  /** One for each want, in their order. */
  reads: LogRead[]
  /** Gives the buffers back; to be called once, when they have been sent. */
  release(): void
}

export interface TimestampOffset {
  offset: number
  timestamp: number
  leaderEpoch: number
}

/** Where a piece of a log begins. */
export interface SegmentStart {
  baseOffset: number
  /** The largest in the piece; -1 when it is empty. */
  maxTimestamp: number
}

/** What a partition remembers of an idempotent or transactional producer. */
export interface ProducerEntry {
  producerId: number
  producerEpoch: number
  /** -1 when nothing is known of this epoch's records. */
  lastSequence: number
  lastTimestamp: number
  /** Of the last marker; -1 when there was none. */
  coordinatorEpoch: number
  /** -1 when no transaction is open. */
  currentTransactionStartOffset: number
}

/** How dirty a compacted log is. */
export interface Dirtiness {
  /** Bytes of what was cleaned before. */
  cleanBytes: number
  /** Bytes of what can be cleaned now: behind that, stable, of `min.compaction.lag.ms`, and not in the segment that is appended to. */
  cleanableBytes: number
  /** The part that these are of both. */
  ratio: number
  /** By its config it is to be cleaned: the ratio is above `min.cleanable.dirty.ratio`, or records are older than `max.compaction.lag.ms`. */
  isDue: boolean
}

/** What compaction may take. */
export interface CompactionLimits {
  /** `log.cleaner.dedupe.buffer.size`: memory for keys; what has no room waits for the next round. */
  dedupeBytes: number
  /** `log.cleaner.io.buffer.load.factor`: the part of it that is filled. */
  loadFactor: number
  /** `log.cleaner.io.max.bytes.per.second`, read and written. */
  bytesPerSecond: number
}

/** Kafka's defaults. */
export const defaultCompactionLimits: CompactionLimits = {
  dedupeBytes: 128 * 1024 * 1024,
  loadFactor: 0.9,
  bytesPerSecond: Number.MAX_VALUE,
}

/** What a round of compaction has done. */
export interface Compaction {
  /** The offsets whose keys were looked at: all before `cleanedTo` is clean now. */
  cleanedFrom: number
  cleanedTo: number
  bytesBefore: number
  bytesAfter: number
  recordsBefore: number
  recordsAfter: number
  /** Memory that the keys took. */
  mapBytes: number
}

/** Where a store keeps its logs. */
export interface StorePlace {
  /** A name for people: the folder. */
  path: string
  /** Of the volume that it is on; -1 where that is not known. */
  totalBytes: number
  usableBytes: number
}

/** A read or write that the disk or store refused; the log it concerns is offline until it is opened anew. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

export interface StorageEngine {
  /** Makes these logs, or opens what is there of them. Resolved: they can be read and appended to. */
  create(logs: readonly LogSpec[]): Promise<void>
  /** Every log that the store holds, opened or not, with the config it was last given (defaults if none in this life). */
  list(): Promise<LogSpec[]>
  /** Resolved: the log goes by this config, for what comes and for what is there. */
  configure(id: LogId, config: LogConfig): Promise<void>
  /** Resolved: the log is gone for every later call and for the next start; its bytes may be removed later. */
  delete(id: LogId): Promise<void>
  /**
   * Appends to many logs in one commit. Offsets are given out in the order of calls, and of batches in a call.
   * Resolves when all outcomes hold under each log's flush policy; outcomes stand in the order of `appends`.
   * `atomic`: all or none, and readers see all or none.
   * Never rejects for what is a log's own trouble: that is an outcome with `KAFKA_STORAGE_ERROR`.
   */
  append(appends: readonly Append[], options?: { atomic?: boolean }): Promise<AppendOutcome[]>
  /** A snapshot of each log. Answers at once when memory has it all, else a promise. */
  read(wants: readonly Want[], limits: ReadLimits): ReadResult | Promise<ReadResult>
  /** `undefined` for a log that is not there. Synchronous: the engine always knows. */
  offsets(id: LogId): LogOffsets | undefined
  /** The first record whose timestamp is at least `timestamp`; `undefined` when there is none below the high watermark. */
  offsetForTimestamp(id: LogId, timestamp: number): Promise<TimestampOffset | undefined>
  /** The first record with the largest timestamp; `undefined` when the log is empty. */
  offsetOfMaxTimestamp(id: LogId): Promise<TimestampOffset | undefined>
  /** The leader epoch that the record at this offset was appended under; -1 when not known. */
  epochAt(id: LogId, offset: number): number
  /** End offset of a leader epoch: the first offset of the next one, or the high watermark of the current; `undefined` when not known. */
  epochEnd(id: LogId, epoch: number): { epoch: number; endOffset: number } | undefined
  producers(id: LogId): ProducerEntry[]
  /** The pieces that the log is kept in, oldest first; none for a log that is not there. */
  segments(id: LogId): SegmentStart[]
  /** Moves the log start up to `offset` (never down) and drops whole segments before it. Resolves with the new log start, when it will survive a crash. */
  truncateBefore(id: LogId, offset: number): Promise<number>
  /** `undefined` for a log that is not there or not compacted. Synchronous: the engine always knows. */
  dirtiness(id: LogId, now: number): Dirtiness | undefined
  /**
   * Keeps the last value of each key in what can be cleaned, whatever its ratio; `now` is wall time, which tombstones and markers
   * are kept by. Offsets stay, and readers are not disturbed. Resolves with what was done, as it will survive a crash; `undefined`
   * where there was nothing to do. Rejects with an error when the log cannot be cleaned: it is as it was.
   */
  compact(
    id: LogId,
    now: number,
    limits?: Partial<CompactionLimits>,
  ): Promise<Compaction | undefined>
  /**
   * Drops whole segments that are past the log's retention, by its config: none that is not wholly acknowledged, none with a record younger
   * than `retention.ms` at `now`. Resolved: what was dropped does not come back, not even after a crash. Nothing happens where there is no such log.
   */
  applyRetention(id: LogId, now: number): Promise<void>
  /** Resolved: everything appended before the call is on stable storage. */
  flush(id: LogId): Promise<void>
  /** Bytes that the log takes. */
  size(id: LogId): number
  /** Where all logs are. Rejects with StorageError when the medium does not answer. */
  place(): Promise<StorePlace>
  /** Becomes the one writer of an internal log, fencing the one before. `replay` gives its batches from the log start, whole and in order. */
  own(id: LogId): Promise<{ ownerEpoch: number; replay: () => AsyncIterable<BatchView> }>
  /** A hint that a log's high watermark, last stable offset or start has moved, or that it is gone; the truth is in `read` and `offsets`. Returns how to stop. */
  watch(id: LogId, listener: () => void): () => void
  /** Resolved: all is on stable storage and a next start need read no log; no call is valid after it. */
  close(): Promise<void>
}
