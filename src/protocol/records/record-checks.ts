/** The walk over a produced batch's records: they are what the header says, and what the topic allows. */

import type { BatchView } from './batch-view.ts'
import { InvalidRecord } from './invalid-record.ts'
import type { ProduceContext, ProduceRules, RecordError, RefusedBatch } from './produce-rules.ts'
import { RecordCursor } from './record-cursor.ts'

/** Kafka lists every faulty record. A request of a megabyte can hold millions of them, so the list ends here. */
const MAX_RECORD_ERRORS = 10_000
/** How many of them Kafka repeats in the message. */
const ERRORS_IN_MESSAGE = 3
const NO_TIMESTAMP = -1
const LARGEST_INT64 = 0x7fff_ffff_ffff_ffffn

/**
 * The largest timestamp of the records, -1 when none has any; or why they are refused. Throws `InvalidRecord` where the
 * bytes are no records. `records` are inflated.
 */
export function checkRecords(
  batch: BatchView,
  records: Buffer,
  start: number,
  partitionIndex: number,
  rules: ProduceRules,
  { now }: ProduceContext,
): number | RefusedBatch {
  const { recordCount, baseTimestamp } = batch
  const { compacted } = rules
  const isCreateTime = rules.timestampType === 'CreateTime'
  const claimsAppendTime = batch.timestampType === 'LogAppendTime'
  const earliest = isCreateTime ? now - rules.timestampBeforeMaxMs : -Infinity
  const latest = isCreateTime ? now + rules.timestampAfterMaxMs : Infinity
  const cursor = new RecordCursor(records, start)
  let maxTimestamp = NO_TIMESTAMP
  let faults: RecordFaults | undefined
  for (let index = 0; index < recordCount; index++) {
    cursor.next()
    // Kafka stores wrong deltas of uncompressed batches as sent, and numbers compressed ones anew.
    if (cursor.offsetDelta !== index) {
      throw new InvalidRecord(`Record ${index} has the offset delta ${cursor.offsetDelta}.`)
    }
    const timestamp = baseTimestamp + cursor.timestampDelta
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    const isTimed = isCreateTime && timestamp !== NO_TIMESTAMP
    if (compacted && cursor.keyLength < 0) {
      faults ??= new RecordFaults(rules, partitionIndex)
      faults.addMissingKey(index)
    } else if (isTimed && (timestamp < earliest || timestamp > latest)) {
      faults ??= new RecordFaults(rules, partitionIndex)
      faults.addTimestampOutOfRange(index, timestamp, now)
    } else if (!isTimed && claimsAppendTime) {
      faults ??= new RecordFaults(rules, partitionIndex)
      faults.addClaimedAppendTime(index)
    }
  }
  if (cursor.hasMore) throw new InvalidRecord(`There are bytes after the ${recordCount} records.`)
  return faults ? faults.refusal() : maxTimestamp
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
