/** The records of a batch as objects, with their final offsets and timestamps. */

import type { BatchView } from './batch-view.ts'
import { inflate, MAX_INFLATED_BYTES } from './compression.ts'
import { InvalidRecord } from './invalid-record.ts'
import { RecordCursor, type RecordHeader } from './record-cursor.ts'

export type { RecordHeader } from './record-cursor.ts'

/** Key, value and header values are slices of the batch, or of what it was inflated to. */
export interface BatchRecord {
  offset: number
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: readonly RecordHeader[]
}

/**
 * Yields a batch's records in order. Throws `InvalidRecord` when the bytes are not what the header says, or inflate to more
 * than `inflateLimit`.
 */
export function* iterateRecords(
  batch: BatchView,
  inflateLimit = MAX_INFLATED_BYTES,
): Generator<BatchRecord, void, undefined> {
  const { recordCount, baseOffset, baseTimestamp } = batch
  if (recordCount < 0) throw new InvalidRecord(`A record batch has ${recordCount} records.`)
  if (recordCount === 0) return
  const appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined
  const cursor = new RecordCursor(inflate(batch.compression, batch.recordBytes, inflateLimit))
  for (let index = 0; index < recordCount; index++) {
    cursor.next()
    yield {
      offset: baseOffset + cursor.offsetDelta,
      timestamp: appendTime ?? baseTimestamp + cursor.timestampDelta,
      key: cursor.key,
      value: cursor.value,
      headers: cursor.headers,
    }
  }
  if (cursor.hasMore) {
    throw new InvalidRecord(`A record batch has bytes after the ${recordCount} records it counts.`)
  }
}
