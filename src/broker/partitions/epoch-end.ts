/** Where in a partition a leader epoch ends: how a client finds out that the log was cut behind its back (KIP-320). */

import type { ErrorName } from '../../protocol/errors.ts'
import type { StorageEngine } from '../../storage/engine.ts'
import type { Partition } from '../cluster/topic.ts'
import { judgeLeaderEpoch } from './fetch.ts'

export interface EpochQuestion {
  partition: Partition
  currentLeaderEpoch: number
  leaderEpoch: number
}

export interface EpochAnswer {
  errorCode: ErrorName
  /** The newest epoch that is not newer than the one asked for; -1 when it is not known. */
  leaderEpoch: number
  endOffset: number
}

export function refusedEpoch(errorCode: ErrorName): EpochAnswer {
  return { errorCode, leaderEpoch: -1, endOffset: -1 }
}

/** An epoch that is not known is no error. */
export function findEpochEnd(
  engine: StorageEngine,
  { partition, currentLeaderEpoch, leaderEpoch }: EpochQuestion,
): EpochAnswer {
  const offsets = engine.offsets(partition.log)
  if (!offsets) return refusedEpoch('UNKNOWN_TOPIC_OR_PARTITION')
  const wrongEpoch = judgeLeaderEpoch(currentLeaderEpoch, offsets.leaderEpoch)
  if (wrongEpoch) return refusedEpoch(wrongEpoch)
  const found = engine.epochEnd(partition.log, leaderEpoch)
  if (!found) return refusedEpoch('NONE')
  return { errorCode: 'NONE', leaderEpoch: found.epoch, endOffset: found.endOffset }
}
