/** A log from its start to what is visible, batch by batch. */

import type { BatchView } from '../../protocol/records/batch-view.ts'
import { batchChunks, batchesOf } from './batch-chunks.ts'
import { visibleEnd } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'

/** The visible batches of a log as it is now. */
export async function* replay(log: PartitionLog): AsyncGenerator<BatchView, void, undefined> {
  const end = log.highWatermark.offset
  for (const segment of log.segments.slice()) {
    const from = Math.max(log.logStartOffset, segment.baseOffset)
    const stop = visibleEnd(log, segment)
    if (segment.size === 0 || from >= end || stop <= 0) continue
    const start = segment.offsets.positionBefore(from)
    for await (const chunk of batchChunks(segment, start, stop)) {
      for (const { batch } of batchesOf(chunk)) {
        if (batch.baseOffset >= end) return
        if (batch.lastOffset >= log.logStartOffset) yield batch
      }
    }
  }
}
