/** A log from its start to what is visible, batch by batch. */

import { type BatchView, hasRightChecksum, MAGIC } from '../../protocol/records/batch-view.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import { BatchSearch } from './batch-search.ts'
import type { EngineLog } from './engine-shares.ts'
import { visibleEnd } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** The visible batches of a log as it is now. A damaged one is passed over, and said: what comes behind it is still wanted. */
export async function* replay(
  log: PartitionLog,
  lines: EngineLog,
): AsyncGenerator<BatchView, void, undefined> {
  const end = log.highWatermark.offset
  for (const segment of log.segments.slice()) {
    const from = Math.max(log.logStartOffset, segment.baseOffset)
    const stop = visibleEnd(log, segment)
    if (segment.size === 0 || from >= end || stop <= 0) continue
    const start = segment.offsets.positionBefore(from)
    for await (const batch of goodBatches(segment, start, stop, lines)) {
      if (batch.baseOffset >= end) return
      if (batch.lastOffset >= log.logStartOffset) yield batch
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
