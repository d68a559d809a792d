/**
 * How much is readable for a fetch, as it is counted against the minimum that it waits for.
 *
 * Kafka counts for each partition what lies behind the fetch's offset, up to the most that the partition may give; not what a
 * reading holds, which is whole batches. So a fetch does not wait for more where the next batch no longer fits.
 */

import { offsetAfter } from '../../protocol/records/batch-view.ts'

export interface Readable {
  bytes: number
  /** What lies before this offset is counted; Infinity when nothing that comes can add to it. */
  countedTo: number
}

/**
 * What is readable of a partition from `offset` to `end`, of which a reading limited to `maxBytes` brought these records.
 * Where it was a limit for all partitions that cut it short, they are full together.
 */
export function readable(
  records: readonly Buffer[],
  offset: number,
  end: number,
  maxBytes: number,
): Readable {
  const bytes = records.reduce((sum, { length }) => sum + length, 0)
  const isCut = Math.max(offset, offsetAfter(records)) < end
  return isCut
    ? { bytes: Math.max(bytes, maxBytes), countedTo: Infinity }
    : { bytes, countedTo: Math.max(offset, end) }
}

export function bytesOf(all: readonly Readable[]): number {
  return all.reduce((sum, { bytes }) => sum + bytes, 0)
}
