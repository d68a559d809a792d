/** What a compaction knows of its log: nothing of it changes but by the compaction itself. */

import type { AbortedTransaction } from '../../aborted-transactions.ts'
import type { LogConfig } from '../../engine.ts'
import type { Segment, SegmentFiles } from '../segment.ts'

/** What the log remembers of a producer's last batch. */
export interface LastOfProducer {
  readonly producerEpoch: number
  /** Of its last batch with records; -1 when only a marker is known. */
  readonly lastOffset: number
}

export interface CompactedLog {
  readonly files: SegmentFiles
  readonly config: LogConfig
  /** Those that may be cleaned, from the log's start on. */
  readonly segments: readonly Segment[]
  readonly firstDirtyOffset: number
  /** Nothing from here on is cleaned: a segment begins here. */
  readonly endOffset: number
  /** Wall time of the round. */
  readonly now: number
  lastOf(producerId: number): LastOfProducer | undefined
  /** The aborted transactions with a record from `from` on and before `to`, by first offset. */
  abortedTransactions(from: number, to: number): readonly AbortedTransaction[]
}

/** What one round has done, and is left of it. */
export interface Counts {
  bytesRead: number
  bytesKept: number
  recordsRead: number
  recordsKept: number
  /** Records without a key, which a compacted log does not keep. */
  invalidRecords: number
}

export function noCounts(): Counts {
  return { bytesRead: 0, bytesKept: 0, recordsRead: 0, recordsKept: 0, invalidRecords: 0 }
}
