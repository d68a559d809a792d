/** The leader epochs of a log whose file of them is torn: a power cut may do that, and a start looks at few batches. */

import { batchChunks, batchesOf } from './batch-chunks.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { Segment } from './segment.ts'
import { segmentIndexOf } from './segment-search.ts'
import { isStored } from './stored-batch.ts'

/** Finds them anew in the batches before the recovery point. Those behind it are looked at in any case. */
export async function rereadEpochs(
  epochs: LeaderEpochs,
  segments: readonly Segment[],
  recoveryPoint: number,
): Promise<void> {
  if (epochs.isWhole) return
  epochs.clear()
  if (recoveryPoint <= segments[0]!.baseOffset) return
  for (const segment of segments.slice(0, segmentIndexOf(segments, recoveryPoint) + 1)) {
    for await (const chunk of batchChunks(segment, 0, segment.size, true)) {
      for (const { batch } of batchesOf(chunk)) {
        if (!isStored(batch, segment.baseOffset, recoveryPoint)) return
        epochs.begin(batch.partitionLeaderEpoch, batch.baseOffset)
      }
    }
  }
}
