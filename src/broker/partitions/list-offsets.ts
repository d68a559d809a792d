/** Where in a partition something lies: its first or last offset, or the first record of a time. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { LogOffsets, StorageEngine, TimestampOffset } from '../../storage/engine.ts'
import type { Partition } from '../cluster/topic.ts'
import { judgeLeaderEpoch } from './fetch.ts'

/** The timestamps that mean something else than a time. */
export const LATEST = -1
export const EARLIEST = -2
/** KIP-734: the record with the largest timestamp. */
export const MAX_TIMESTAMP = -3
/** KIP-405: the first offset that is on local disk. */
export const EARLIEST_LOCAL = -4
/** KIP-1005: the last offset in tiered storage. */
export const LATEST_TIERED = -5
/** KIP-1023: the first offset that is not in tiered storage yet. */
export const EARLIEST_PENDING_UPLOAD = -6

/** How far an asker sees: consumers to the last stable offset or the high watermark, replicas to the end. */
export type Visibility = 'committed' | 'acknowledged' | 'written'

export interface OffsetQuestion {
  partition: Partition
  /** Milliseconds since 1970, or one of the special ones. */
  timestamp: number
  currentLeaderEpoch: number
  visibility: Visibility
}

/** The answer, in the words of a ListOffsets response; -1 all over where there is no such record. */
export interface OffsetAnswer {
  partitionIndex: number
  errorCode: ErrorName
  timestamp: number
  offset: number
  leaderEpoch: number
}

/** What clients of version 0 ask (before KIP-79): where the log may be read from, as far as segments tell. */
export interface OldOffsetQuestion {
  partition: Partition
  timestamp: number
  maxOffsets: number
  visibility: Visibility
}

const NOWHERE: TimestampOffset = { offset: -1, timestamp: -1, leaderEpoch: -1 }

export function refusedOffset(partitionIndex: number, errorCode: ErrorName): OffsetAnswer {
  return { partitionIndex, errorCode, ...NOWHERE }
}

export async function findOffset(
  engine: StorageEngine,
  question: OffsetQuestion,
): Promise<OffsetAnswer> {
  const { partition, currentLeaderEpoch } = question
  const offsets = engine.offsets(partition.log)
  if (!offsets) return refusedOffset(partition.index, 'UNKNOWN_TOPIC_OR_PARTITION')
  const wrongEpoch = judgeLeaderEpoch(currentLeaderEpoch, offsets.leaderEpoch)
  if (wrongEpoch) return refusedOffset(partition.index, wrongEpoch)
  const found = await find(engine, question, offsets)
  return { partitionIndex: partition.index, errorCode: 'NONE', ...found }
}

/**
 * The starts of the segments that were complete at that time, and the end where it counts, the newest first. Kafka goes by when
 * the files were changed last; here it is the largest timestamp in them.
 */
export function findOldOffsets(
  engine: StorageEngine,
  { partition, timestamp, maxOffsets, visibility }: OldOffsetQuestion,
): number[] | undefined {
  const offsets = engine.offsets(partition.log)
  if (!offsets) return undefined
  const { logStartOffset, logEndOffset } = offsets
  const end = visibleEnd(offsets, visibility)
  const starts = engine
    .segments(partition.log)
    .map(({ baseOffset, maxTimestamp }) => ({
      offset: Math.max(baseOffset, logStartOffset),
      changedAt: maxTimestamp,
    }))
    .filter(({ offset }) => offset < logEndOffset)
  const cuts = [...starts, { offset: end, changedAt: Infinity }]
  const found = cuts.filter(({ changedAt }, i) => {
    if (timestamp === LATEST) return true
    return timestamp === EARLIEST ? i === 0 : changedAt <= timestamp
  })
  const seen = found.map(({ offset }) => Math.min(offset, end))
  return [...new Set(seen.reverse())].slice(0, Math.max(0, maxOffsets))
}

async function find(
  engine: StorageEngine,
  { partition, timestamp, visibility }: OffsetQuestion,
  offsets: LogOffsets,
): Promise<TimestampOffset> {
  const end = visibleEnd(offsets, visibility)
  switch (timestamp) {
    case LATEST:
      return { offset: end, timestamp: -1, leaderEpoch: offsets.leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const offset = offsets.logStartOffset
      return { offset, timestamp: -1, leaderEpoch: epochOfStart(engine, partition, offsets) }
    }
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return NOWHERE
    default: {
      const found =
        timestamp === MAX_TIMESTAMP
          ? await engine.offsetOfMaxTimestamp(partition.log)
          : await engine.offsetForTimestamp(partition.log, timestamp)
      return found && found.offset < end ? found : NOWHERE
    }
  }
}

function visibleEnd(offsets: LogOffsets, visibility: Visibility): number {
  switch (visibility) {
    case 'committed':
      return offsets.lastStableOffset
    case 'acknowledged':
      return offsets.highWatermark
    case 'written':
      return offsets.logEndOffset
  }
}

/** Of the first record; where there is none, of the next. */
function epochOfStart(engine: StorageEngine, partition: Partition, offsets: LogOffsets): number {
  const { logStartOffset, logEndOffset, leaderEpoch } = offsets
  return logStartOffset < logEndOffset ? engine.epochAt(partition.log, logStartOffset) : leaderEpoch
}
