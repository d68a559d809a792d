/** What a start takes for a batch of the log. */

import { type BatchView, hasRightChecksum, MAGIC } from '../../protocol/records/batch-view.ts'

/** Whether a batch is one that was stored here, behind `next`. What lies before the recovery point has been synced and is believed. */
export function isStored(batch: BatchView, next: number, recoveryPoint: number): boolean {
  if (batch.magic !== MAGIC || batch.baseOffset < next || batch.lastOffsetDelta < 0) return false
  return batch.lastOffset < recoveryPoint || hasRightChecksum(batch.bytes)
}
