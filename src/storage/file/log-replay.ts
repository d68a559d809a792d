/** A log from its start to what is visible, batch by batch. */

import { type BatchView, hasRightChecksum, MAGIC } from '../../protocol/records/batch-view.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import { BatchSearch } from './batch-search.ts'
import type { EngineLog } from './engine-shares.ts'
import { visibleEnd } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { segmentIndexOf } from './segment-search.ts'

/**
 * The visible batches of a log as it is now. A damaged one is passed over, and said: what comes behind it is still wanted. Where
 * compaction or a new start of the log takes a segment away meanwhile, what is there in its place goes on.
 */
export async function* replay(
  log: PartitionLog,
  lines: EngineLog,
): AsyncGenerator<BatchView, void, undefined> {
  const end = log.highWatermark.offset
  for (let from = log.logStartOffset; from < end; ) {
    const { segments } = log
    const i = segmentIndexOf(segments, from)
    const segment = segments[i]!
    const after = segments[i + 1]?.baseOffset ?? end
    const stop = segment.size === 0 ? 0 : visibleEnd(log, segment)
    try {
      const start = stop > 0 ? segment.offsets.positionBefore(from) : 0
      for await (const batch of goodBatches(segment, start, stop, lines)) {
        if (batch.baseOffset >= end) return
        if (batch.lastOffset < from) continue
        from = batch.nextOffset
        yield batch
      }
      from = Math.max(from, after)
    } catch (error) {
      if (log.isEnded || log.segments.includes(segment)) throw error
      from = Math.max(from, log.logStartOffset)
    }
  }
}

async function* goodBatches(
  segment: Segment,
  start: number,
  stop: number,
  lines: EngineLog,
): AsyncGenerator<BatchView, void, undefined> {
  let next = segment.baseOffset
  for (let position = start; position < stop; ) {
    chunks: for await (const chunk of batchChunks(segment, position, stop)) {
      for (const { batch } of batchesOf(chunk)) {
        if (batch.magic !== MAGIC || batch.baseOffset < next) break chunks
        if (!hasRightChecksum(batch.bytes)) break chunks
        yield batch
        next = batch.nextOffset
        position += batch.sizeInBytes
      }
    }
    if (position >= stop) return
    const good = (await new BatchSearch(segment, stop).after(position, next)) ?? stop
    lines.error(
      { file: segment.path, position, skippedBytes: good - position, offset: next },
      'A log that is replayed is damaged: its records from here to the next good batch are passed over.',
    )
    position = good
  }
}
