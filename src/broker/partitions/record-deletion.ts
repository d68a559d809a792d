/** Deleting the first records of a partition, up to an offset (KIP-107). */

import type { ErrorName } from '../../protocol/errors.ts'
import { type LogConfig, StorageError, type StorageEngine } from '../../storage/engine.ts'
import type { Partition } from '../cluster/topic.ts'

export interface RecordDeletion {
  errorCode: ErrorName
  /** The first offset that is left; -1 where nothing was deleted because of an error. */
  lowWatermark: number
}

/** Stands for the high watermark: all that can be read goes. */
const TO_HIGH_WATERMARK = -1

export function refusedDeletion(errorCode: ErrorName): RecordDeletion {
  return { errorCode, lowWatermark: -1 }
}

/** Never moves the log start back: an offset before it is answered with where the log starts. */
export async function deleteRecords(
  engine: StorageEngine,
  { topic, log }: Partition,
  offset: number,
  cleanupPolicy: LogConfig['cleanupPolicy'],
): Promise<RecordDeletion> {
  if (topic.internal) return refusedDeletion('INVALID_TOPIC_EXCEPTION')
  const offsets = engine.offsets(log)
  if (!offsets) return refusedDeletion('UNKNOWN_TOPIC_OR_PARTITION')
  // Who reads a compacted topic counts on the last record of each key being there.
  if (!cleanupPolicy.delete) return refusedDeletion('POLICY_VIOLATION')
  const { highWatermark } = offsets
  const before = offset === TO_HIGH_WATERMARK ? highWatermark : offset
  if (before < 0 || before > highWatermark) return refusedDeletion('OFFSET_OUT_OF_RANGE')
  try {
    return { errorCode: 'NONE', lowWatermark: await engine.truncateBefore(log, before) }
  } catch (error) {
    if (error instanceof StorageError) return refusedDeletion('KAFKA_STORAGE_ERROR')
    throw error
  }
}
