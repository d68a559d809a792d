/** Which part of a log a compaction may clean, and how dirty that makes it, by Kafka's rules. */

import type { PartitionLog } from '../partition-log.ts'
import type { Segment } from '../segment.ts'
import { segmentIndexOf } from '../segment-search.ts'

export interface CleanableRange {
  /** Segments before `endOffset`, from the log's start on. */
  segments: readonly Segment[]
  firstDirtyOffset: number
  /** Where the first segment begins that is not cleaned: it is appended to, not wholly stable, or too young. */
  endOffset: number
  cleanBytes: number
  cleanableBytes: number
  /** Dirty records are older than `max.compaction.lag.ms`. */
  isOverdue: boolean
}

/** `cleanedTo`: where the last round has ended; undefined before the first. */
export function cleanableRange(
  log: PartitionLog,
  cleanedTo: number | undefined,
  now: number,
): CleanableRange {
  const firstDirtyOffset = firstDirtyOf(log, cleanedTo)
  const firstDirty = segmentIndexOf(log.segments, firstDirtyOffset)
  const end = Math.max(firstDirty, firstUncleanable(log, firstDirty, now))
  const segments = log.segments.slice(0, end)
  // A segment that is clean up to its middle counts as dirty from there on.
  const dirty = segments.slice(firstDirty)
  const clean = segments.slice(0, firstDirty)
  return {
    segments,
    firstDirtyOffset,
    endOffset: Math.max(log.segments[end]!.baseOffset, firstDirtyOffset),
    cleanBytes: bytesOf(clean),
    cleanableBytes: bytesOf(dirty),
    isOverdue: isOverdue(log, firstDirty, now),
  }
}

/** A checkpoint that is not of this log any more, as after damage, counts for nothing. */
function firstDirtyOf({ logStartOffset, logEndOffset }: PartitionLog, cleanedTo = 0): number {
  return cleanedTo > logEndOffset ? logStartOffset : Math.max(cleanedTo, logStartOffset)
}

/** Index of the first segment from `firstDirty` on that must stay as it is. */
function firstUncleanable(log: PartitionLog, firstDirty: number, now: number): number {
  const { segments, config } = log
  const { lastStableOffset } = log.offsets()
  const stable = Math.min(segments.length - 1, segmentIndexOf(segments, lastStableOffset))
  const youngest = now - config.minCompactionLagMs
  for (let i = firstDirty; i < stable && config.minCompactionLagMs > 0; i++) {
    if (newestOf(segments[i]!) > youngest) return i
  }
  return stable
}

function newestOf(segment: Segment): number {
  segment.loadMaxTimestamp()
  return segment.maxTimestamp
}

function isOverdue({ segments, config }: PartitionLog, firstDirty: number, now: number): boolean {
  if (config.maxCompactionLagMs >= now) return false
  const until = now - config.maxCompactionLagMs
  return segments.slice(firstDirty, -1).some((segment) => {
    const first = segment.readFirstTimestamp()
    return first > 0 && first < until
  })
}

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { size }) => sum + size, 0)
}
