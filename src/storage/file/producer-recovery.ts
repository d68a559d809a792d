/**
 * Who produced to a log that is opened: from the newest snapshot that is not beyond its end, and from the batches behind it.
 * The aborted transactions of those batches are listed anew.
 */

import { ProducerStates } from '../producer-state.ts'
import type { AbortedIndex } from './aborted-index.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import type { EngineShares } from './engine-shares.ts'
import { fileName } from './log-folder.ts'
import { decodeProducerSnapshot } from './producer-snapshot.ts'
import type { Segment } from './segment.ts'
import { segmentIndexOf } from './segment-search.ts'
import { isStored } from './stored-batch.ts'

export interface RecoveredLog {
  folder: string
  segments: readonly Segment[]
  /** Segments before the log start whose files are there still. */
  past: readonly Segment[]
  /** As the files have it. */
  aborted: AbortedIndex
  logEndOffset: number
  recoveryPoint: number
  isClean: boolean
}

export interface RestoredProducers {
  producers: ProducerStates
  /** Offsets of the snapshots that are there and whole, oldest first. */
  snapshots: number[]
}

interface Found {
  offset: number
  producers: ProducerStates
}

export async function restoreProducers(
  log: RecoveredLog,
  offsets: readonly number[],
  shares: EngineShares,
): Promise<RestoredProducers> {
  const { folder, aborted, segments, past } = log
  const snapshots = await withoutLost(log, offsets, shares)
  let found = newest(folder, snapshots, shares)
  const damaged = log.isClean ? undefined : aborted.damagedAmong(closedBefore(log, found.offset))
  if (damaged) {
    const file = damaged.pathOf('txnindex')
    shares.log.warn({ file }, 'A list of aborted transactions is damaged, and is made anew.')
    const earlier = snapshots.filter((offset) => offset <= damaged.baseOffset)
    found = newest(folder, earlier, shares)
  }
  const { producers, offset } = found
  // What is listed of later markers was of records that are lost, or is listed again.
  aborted.truncate(offset)
  if (offset >= log.logEndOffset) return { producers, snapshots }
  for (const segment of past) await replay(log, found, segment, 0)
  for (const segment of segments.slice(segmentIndexOf(segments, offset))) {
    const start = segment.size === 0 ? 0 : segment.offsets.positionBefore(offset)
    await replay(log, found, segment, start)
  }
  return { producers, snapshots }
}

/** Snapshots of what is lost must not come back. */
async function withoutLost(
  { folder, logEndOffset }: RecoveredLog,
  offsets: readonly number[],
  { disk }: EngineShares,
): Promise<number[]> {
  const lost = offsets.filter((offset) => offset > logEndOffset)
  for (const offset of lost) disk.remove(snapshotPath(folder, offset))
  if (lost.length > 0) await disk.syncDirectory(folder)
  return offsets.filter((offset) => offset <= logEndOffset)
}

/** Of the newest snapshot that is whole; those that are not are struck from the list. Before the first one nobody is known. */
function newest(folder: string, snapshots: number[], { disk }: EngineShares): Found {
  for (let offset = snapshots.at(-1); offset !== undefined; offset = snapshots.at(-1)) {
    const bytes = disk.readFile(snapshotPath(folder, offset))
    const producers = bytes && decodeProducerSnapshot(bytes)
    if (producers) return { offset, producers }
    snapshots.pop()
    disk.remove(snapshotPath(folder, offset))
  }
  return { offset: 0, producers: new ProducerStates() }
}

/** The segments that had ended before an offset. */
function closedBefore({ segments }: RecoveredLog, offset: number): readonly Segment[] {
  return segments.slice(0, segmentIndexOf(segments, offset))
}

async function replay(
  { aborted, past, recoveryPoint }: RecoveredLog,
  { producers, offset }: Found,
  segment: Segment,
  start: number,
): Promise<void> {
  const isPast = past.includes(segment)
  for await (const chunk of batchChunks(segment, start, segment.size, true)) {
    for (const { batch } of batchesOf(chunk)) {
      if (!isStored(batch, segment.baseOffset, recoveryPoint)) return
      if (batch.baseOffset < offset) continue
      const entry = producers.appended(batch, batch.baseOffset)
      producers.transactions.acknowledged(batch.nextOffset)
      if (entry && !isPast) aborted.add(segment, entry)
    }
  }
}

function snapshotPath(folder: string, offset: number): string {
  return `${folder}/${fileName(offset, 'snapshot')}`
}
