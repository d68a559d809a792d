/** The walk over a produced batch's records: they are what the header says, and what the topic allows. */

import type { TimestampType } from './batch-view.ts'
import type { Compression } from './compression.ts'
import { InvalidRecord } from './invalid-record.ts'
import type { ProduceContext, ProduceRules, RecordError, RefusedBatch } from './produce-rules.ts'
import { RecordCursor } from './record-cursor.ts'
import { RecordPieces } from './record-pieces.ts'

/** Kafka lists every faulty record. A request of a megabyte can hold millions of them, so the list ends here. */
const MAX_RECORD_ERRORS = 10_000
/** How many of them Kafka repeats in the message. */
const ERRORS_IN_MESSAGE = 3
const NO_TIMESTAMP = -1
const LARGEST_INT64 = 0x7fff_ffff_ffff_ffffn

/** What a batch, or what stands for one, says of its records. */
export interface BatchFacts {
  readonly recordCount: number
  /** What is added to the delta of each. */
  readonly baseTimestamp: number
  readonly timestampType: TimestampType
  readonly compression: Compression
}

/** What the records of a batch are found to be, one after the other. */
export class RecordChecks {
  private readonly rules: ProduceRules
  private readonly partitionIndex: number
  private readonly now: number
  private readonly recordCount: number
  private readonly baseTimestamp: number
  private readonly isCreateTime: boolean
  private readonly claimsAppendTime: boolean
  private readonly leastKeyLength: number
  private readonly earliest: number
  private readonly latest: number
  private readonly maxBodyLength: number
  private seen = 0
  private maxTimestamp = NO_TIMESTAMP
  private faults: RecordFaults | undefined

  constructor(
    batch: BatchFacts,
    partitionIndex: number,
    rules: ProduceRules,
    { now }: ProduceContext,
  ) {
    const isCreateTime = rules.timestampType === 'CreateTime'
    this.rules = rules
    this.partitionIndex = partitionIndex
    this.now = now
    this.recordCount = batch.recordCount
    this.baseTimestamp = batch.baseTimestamp
    this.isCreateTime = isCreateTime
    this.claimsAppendTime = batch.timestampType === 'LogAppendTime'
    this.leastKeyLength = rules.compacted ? 0 : -1
    this.earliest = isCreateTime ? now - rules.timestampBeforeMaxMs : -Infinity
    this.latest = isCreateTime ? now + rules.timestampAfterMaxMs : Infinity
    this.maxBodyLength = batch.compression === 'none' ? Infinity : rules.maxInflatedRecordBytes
  }

  /** Whether there are records to come. */
  get wantsMore(): boolean {
    return this.seen < this.recordCount
  }

  /** Looks at the next record: at numbers, so that a cursor need not live in memory. Throws `InvalidRecord` where no batch may hold it. */
  look(offsetDelta: number, timestampDelta: number, keyLength: number, bodyLength: number): void {
    const index = this.seen++
    // Kafka stores wrong deltas of uncompressed batches as sent, and numbers compressed ones anew.
    if (offsetDelta !== index) {
      throw new InvalidRecord(`Record ${index} has the offset delta ${offsetDelta}.`)
    }
    if (bodyLength > this.maxBodyLength) {
      throw new InvalidRecord(`Record ${index} inflates to ${bodyLength} bytes.`)
    }
    const timestamp = this.baseTimestamp + timestampDelta
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp
    const isAsAllowed = timestamp >= this.earliest && timestamp <= this.latest
    if (!isAsAllowed || this.claimsAppendTime || keyLength < this.leastKeyLength) {
      this.findFault(index, timestamp, keyLength)
    }
  }

  /** When all is seen: the largest timestamp of the records, -1 when none has any; or why they are refused. `hasMore`: bytes are left. */
  result(hasMore: boolean): number | RefusedBatch {
    if (hasMore) throw new InvalidRecord(`There are bytes after the ${this.recordCount} records.`)
    return this.faults ? this.faults.refusal() : this.maxTimestamp
  }

  private findFault(index: number, timestamp: number, keyLength: number): void {
    const isTimed = this.isCreateTime && timestamp !== NO_TIMESTAMP
    if (keyLength < this.leastKeyLength) {
      this.faultsFound().addMissingKey(index)
    } else if (isTimed && (timestamp < this.earliest || timestamp > this.latest)) {
      this.faultsFound().addTimestampOutOfRange(index, timestamp, this.now)
    } else if (!isTimed && this.claimsAppendTime) {
      this.faultsFound().addClaimedAppendTime(index)
    }
  }

  private faultsFound(): RecordFaults {
    this.faults ??= new RecordFaults(this.rules, this.partitionIndex)
    return this.faults
  }
}

/** Checks records that are here, from `start` of these bytes on. */
export function checkRecords(
  checks: RecordChecks,
  records: Buffer,
  start: number,
): number | RefusedBatch {
  const cursor = new RecordCursor(records, start)
  while (checks.wantsMore) {
    cursor.next()
    const { offsetDelta, timestampDelta, keyLength, bodyLength } = cursor
    checks.look(offsetDelta, timestampDelta, keyLength, bodyLength)
  }
  return checks.result(cursor.hasMore)
}

/** Checks records that come in pieces, each of which is shown to `onPiece`. */
export async function checkPieces(
  checks: RecordChecks,
  pieces: AsyncIterable<Buffer>,
  onPiece: (piece: Buffer) => void,
): Promise<number | RefusedBatch> {
  const walk = new RecordPieces()
  for await (const piece of pieces) {
    onPiece(piece)
    walk.add(piece)
    lookAtPiece(checks, walk)
    if (!checks.wantsMore && walk.hasMore) break
  }
  walk.end()
  lookAtPiece(checks, walk)
  return checks.result(walk.hasMore)
}

function lookAtPiece(checks: RecordChecks, walk: RecordPieces): void {
  while (checks.wantsMore && walk.next()) {
    const { offsetDelta, timestampDelta, keyLength, bodyLength } = walk.record
    checks.look(offsetDelta, timestampDelta, keyLength, bodyLength)
  }
}

/** The records that a topic does not allow. The texts are Kafka's. */
class RecordFaults {
  private readonly rules: ProduceRules
  private readonly partitionIndex: number
  private readonly recordErrors: RecordError[] = []
  private count = 0
  private isAboutTimestamps = false

  constructor(rules: ProduceRules, partitionIndex: number) {
    this.rules = rules
    this.partitionIndex = partitionIndex
  }

  addMissingKey(batchIndex: number): void {
    const partition = `${this.rules.topic}-${this.partitionIndex}`
    const text = 'Compacted topic cannot accept message without key in topic partition'
    this.add(batchIndex, `${text} ${partition}`)
  }

  addTimestampOutOfRange(batchIndex: number, timestamp: number, now: number): void {
    this.isAboutTimestamps = true
    const { timestampBeforeMaxMs, timestampAfterMaxMs } = this.rules
    const earliest = BigInt.asIntN(64, BigInt(now) - asInt64(timestampBeforeMaxMs))
    const latest = BigInt.asIntN(64, BigInt(now) + asInt64(timestampAfterMaxMs))
    this.add(
      batchIndex,
      `Timestamp ${asInt64(timestamp)} of message with offset ${batchIndex} is out of range. ` +
        `The timestamp should be within [${earliest}, ${latest}]`,
    )
  }

  addClaimedAppendTime(batchIndex: number): void {
    this.isAboutTimestamps = true
    this.add(
      batchIndex,
      `Invalid timestamp type in message ${batchIndex}. Producer should not set timestamp type to LogAppendTime.`,
    )
  }

  refusal(): RefusedBatch {
    const { recordErrors } = this
    const message = this.isAboutTimestamps
      ? 'One or more records have been rejected due to invalid timestamp'
      : `One or more records have been rejected due to ${this.count} record errors in total, ` +
        `and only showing the first three errors at most: [${this.firstErrors()}]`
    const error = this.isAboutTimestamps ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD'
    return { error, message, recordErrors, reason: message, byLog: true }
  }

  private add(batchIndex: number, message: string): void {
    this.count++
    if (this.recordErrors.length < MAX_RECORD_ERRORS)
      this.recordErrors.push({ batchIndex, message })
  }

  private firstErrors(): string {
    return this.recordErrors
      .slice(0, ERRORS_IN_MESSAGE)
      .map(
        ({ batchIndex, message }) => `RecordError(batchIndex=${batchIndex}, message='${message}')`,
      )
      .join(', ')
  }
}

/** What a number stands for that may be the largest int64 in disguise. */
function asInt64(value: number): bigint {
  return value >= Number.MAX_SAFE_INTEGER ? LARGEST_INT64 : BigInt(value)
}
