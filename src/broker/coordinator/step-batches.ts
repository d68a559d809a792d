/** Records of steps as the batches that an append carries. */

import { buildBatch } from '../../protocol/records/batch-builder.ts'
import { type BatchView, HEADER_SIZE } from '../../protocol/records/batch-view.ts'
import type { StateRecord } from './machine.ts'

/** Largest batch that several steps share. */
const SHARED_BATCH_BYTES = 512 * 1024
/** More than a record's varints ever take. */
const RECORD_OVERHEAD = 32

/** Which records of several steps go into one batch. A step's stay together, so that a crash leaves all of them or none. */
export function inBatches(
  steps: Iterable<readonly StateRecord[]>,
  mostBytes: number,
): StateRecord[][] {
  const most = Math.min(SHARED_BATCH_BYTES, mostBytes)
  const batches: StateRecord[][] = []
  let last: StateRecord[] = []
  let lastBytes = Infinity
  for (const records of steps) {
    const bytes = bytesAtMost(records)
    if (lastBytes + bytes > most) {
      last = []
      lastBytes = HEADER_SIZE
      batches.push(last)
    }
    for (const record of records) last.push(record)
    lastBytes += bytes
  }
  return batches
}

export function batchOf(records: readonly StateRecord[], timestamp: number): BatchView {
  return buildBatch(records.map(({ key, value }) => ({ key, value, timestamp })))
}

/** The size of a batch of these records where that is more than `most`; else undefined. */
export function bytesBeyond(
  most: number,
  records: readonly StateRecord[],
  timestamp: number,
): number | undefined {
  if (HEADER_SIZE + bytesAtMost(records) <= most) return undefined
  const { sizeInBytes } = batchOf(records, timestamp)
  return sizeInBytes > most ? sizeInBytes : undefined
}

function bytesAtMost(records: readonly StateRecord[]): number {
  let bytes = 0
  for (const { key, value } of records) bytes += key.length + (value?.length ?? 0) + RECORD_OVERHEAD
  return bytes
}
