/** Offsets by timestamp: the time indexes narrow it down, then batches and their records are looked at. */

import type { BatchView } from '../../protocol/records/batch-view.ts'
import { InvalidRecord } from '../../protocol/records/invalid-record.ts'
import { iterateRecords } from '../../protocol/records/record-iterator.ts'
import type { TimestampOffset } from '../engine.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import { asStorageError } from './log-catalog.ts'
import { visibleEnd } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { segmentIndexOf } from './segment-search.ts'

/** The first visible record whose timestamp is at least this one. */
export async function findTimestamp(
  log: PartitionLog,
  timestamp: number,
): Promise<TimestampOffset | undefined> {
  const from = log.logStartOffset
  for (const segment of log.segments.slice(segmentIndexOf(log.segments, from))) {
    segment.loadMaxTimestamp()
    if (segment.maxTimestamp < timestamp) continue
    const start = Math.max(segment.times.offsetBefore(timestamp), from)
    for await (const batch of batches(log, segment, start)) {
      if (batch.maxTimestamp < timestamp || batch.isControl) continue
      const found = firstAtLeast(batch, timestamp, from)
      if (found) return found
    }
  }
  return undefined
}

/** The first visible record with the largest timestamp of all visible ones. */
export async function findMaxTimestamp(log: PartitionLog): Promise<TimestampOffset | undefined> {
  const from = log.logStartOffset
  const segments = log.segments.slice(segmentIndexOf(log.segments, from))
  let newest: Segment | undefined
  for (const segment of segments) {
    segment.loadMaxTimestamp()
    if (segment.maxTimestamp > (newest?.maxTimestamp ?? -1)) newest = segment
  }
  if (!newest) return undefined
  const { maxTimestamp, maxTimestampOffset } = newest
  if (maxTimestampOffset >= from && maxTimestampOffset < log.highWatermark.offset) {
    for await (const batch of batches(log, newest, Math.max(maxTimestampOffset, from))) {
      const found = batch.maxTimestamp === maxTimestamp && firstAtLeast(batch, maxTimestamp, from)
      if (found) return found
    }
  }
  return findMaxByScan(log, segments)
}

/** The slow way, when the batch that the segment remembers is deleted or not visible yet. */
async function findMaxByScan(
  log: PartitionLog,
  segments: readonly Segment[],
): Promise<TimestampOffset | undefined> {
  const from = log.logStartOffset
  let largest: TimestampOffset | undefined
  for (const segment of segments) {
    for await (const batch of batches(log, segment, from)) {
      if (batch.isControl || batch.maxTimestamp <= (largest?.timestamp ?? -1)) continue
      largest = newestRecord(batch, from, largest)
    }
  }
  return largest
}

/** The visible batches of a segment from that which holds `offset` on. */
async function* batches(
  log: PartitionLog,
  segment: Segment,
  offset: number,
): AsyncGenerator<BatchView> {
  const start = segment.offsets.positionBefore(offset)
  const end = visibleEnd(log, segment)
  for await (const chunk of batchChunks(segment, start, end)) {
    for (const { batch } of batchesOf(chunk)) {
      if (batch.lastOffset >= offset) yield batch
    }
  }
}

function firstAtLeast(
  batch: BatchView,
  timestamp: number,
  from: number,
): TimestampOffset | undefined {
  return pick(
    batch,
    from,
    (found, record) => found ?? (record.timestamp >= timestamp ? record : found),
  )
}

function newestRecord(
  batch: BatchView,
  from: number,
  largest: TimestampOffset | undefined,
): TimestampOffset | undefined {
  return pick(
    batch,
    from,
    (found, record) => (record.timestamp > (found?.timestamp ?? -1) ? record : found),
    largest,
  )
}

type Choice = (
  found: TimestampOffset | undefined,
  record: TimestampOffset,
) => TimestampOffset | undefined

/** Chooses among a batch's records. A batch that cannot be opened here counts as its last record, with the batch's largest timestamp. */
function pick(
  batch: BatchView,
  from: number,
  choose: Choice,
  initial?: TimestampOffset,
): TimestampOffset | undefined {
  const leaderEpoch = batch.partitionLeaderEpoch
  let found = initial
  try {
    for (const { offset, timestamp } of iterateRecords(batch)) {
      if (offset >= from) found = choose(found, { offset, timestamp, leaderEpoch })
    }
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    found = choose(initial, {
      offset: batch.lastOffset,
      timestamp: batch.maxTimestamp,
      leaderEpoch,
    })
  }
  return found
}

/** Tries again where what was searched is no longer part of the log. Rejects with StorageError. */
export async function searching<T>(log: PartitionLog, search: () => Promise<T>): Promise<T> {
  if (log.offline) throw log.offline
  const { generation } = log.aborted
  try {
    return await search()
  } catch (error) {
    if (log.aborted.generation !== generation) return searching(log, search)
    throw asStorageError(error)
  }
}
