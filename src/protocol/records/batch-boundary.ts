/** Where in produced bytes the next batch or message ends: the same in all magics. */

import { claimedSizeAt, LENGTH_OVERHEAD, MAGIC, MAGIC_OFFSET } from './batch-view.ts'
import { type RefusedBatch, refused } from './produce-rules.ts'

/** The least length that a batch of any magic has for Kafka, in the words of its error the record overhead. */
const MIN_BATCH_LENGTH = 14
const MAX_INT32 = 0x7fff_ffff

/** The size of the batch at `position`, 0 where none stands whole. */
export function nextBatchSize(records: Buffer, position: number): number | RefusedBatch {
  const size = claimedSizeAt(records, position)
  if (size === undefined) return 0
  const length = size - LENGTH_OVERHEAD
  if (length < MIN_BATCH_LENGTH) {
    const text = `Record size ${length} is less than the minimum record overhead (${MIN_BATCH_LENGTH})`
    return refused('CORRUPT_MESSAGE', text, text)
  }
  if (position + MAGIC_OFFSET >= records.length) return 0
  const magic = records.readInt8(position + MAGIC_OFFSET)
  if (magic < 0 || magic > MAGIC) {
    const text = `Invalid magic found in record: ${magic}`
    return refused('CORRUPT_MESSAGE', text, text)
  }
  // Kafka has no other answer, since its own sum overflows here.
  if (size > MAX_INT32) return refused('UNKNOWN_SERVER_ERROR', `The batch claims ${size} bytes.`)
  return position + size > records.length ? 0 : size
}
