/** Which segments of a log are past its retention, as a pure function. */

import type { LogConfig } from './engine.ts'

/** A segment as retention looks at it. */
export interface RetainedSegment {
  readonly size: number
  /** What its age is counted from, in wall time: the largest timestamp, or the file's. Asked for only where it matters. */
  newestTimestamp(): number
}

export interface RetainedLog<S extends RetainedSegment = RetainedSegment> {
  /** In order; the last one is appended to. */
  readonly segments: readonly S[]
  /** Of each segment the first offset that is no longer in it. */
  readonly endOffsetOf: (index: number) => number
  readonly highWatermark: number
  readonly config: Pick<LogConfig, 'cleanupPolicy' | 'retentionBytes' | 'retentionMs'>
}

/** Why segments go, and how many of the first ones; `future`: what stopped it, where that is stamped later than now. */
export interface Expiry<S extends RetainedSegment = RetainedSegment> {
  bySize: number
  byTime: number
  future: S | undefined
}

/**
 * By Kafka's rules: first the oldest segments that the log does not need to hold `retention.bytes`, then those whose newest
 * record is older than `retention.ms`, up to the first that is not. A segment that is not wholly acknowledged stays, and so
 * does one that is stamped in the future. The last one may be among them, when it is not empty. A log that is only compacted
 * has no retention.
 */
export function expiryOf<S extends RetainedSegment>(log: RetainedLog<S>, now: number): Expiry<S> {
  const { cleanupPolicy, retentionBytes, retentionMs } = log.config
  const expiry: Expiry<S> = { bySize: 0, byTime: 0, future: undefined }
  if (!cleanupPolicy.delete) return expiry
  if (retentionBytes >= 0) expiry.bySize = countSurplus(log, retentionBytes)
  if (retentionMs < 0) return expiry
  for (let i = expiry.bySize; mayGo(log, i); i++) {
    const segment = log.segments[i]!
    const timestamp = segment.newestTimestamp()
    if (timestamp > now) expiry.future = segment
    if (now - timestamp <= retentionMs) break
    expiry.byTime++
  }
  return expiry
}

function countSurplus(log: RetainedLog, retentionBytes: number): number {
  let surplus = -retentionBytes
  for (const { size } of log.segments) surplus += size
  let count = 0
  while (mayGo(log, count) && surplus >= log.segments[count]!.size) {
    surplus -= log.segments[count]!.size
    count++
  }
  return count
}

function mayGo({ segments, endOffsetOf, highWatermark }: RetainedLog, index: number): boolean {
  const segment = segments[index]
  if (!segment || (segment.size === 0 && index === segments.length - 1)) return false
  return endOffsetOf(index) <= highWatermark
}
