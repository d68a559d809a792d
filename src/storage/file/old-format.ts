/**
 * Logs that Kafka keeps from before its version 0.11 hold messages of magic 0 or 1, which are not served here. They would
 * pass for damage: a log that has any is left as it is.
 *
 *   0 offset int64, 8 size int32, 12 CRC-32 of all that follows uint32, 16 magic int8
 */

import { crc32 } from '../../protocol/records/crc32.ts'
import { StorageError } from '../engine.ts'
import type { Segment } from './segment.ts'

const OVERHEAD = 12
const CRC_SIZE = 4
const MAGIC_AT = 16
/** Magic 0 without key and value. */
const SHORTEST = 14
const NEWEST_OLD = 1

/** Throws StorageError where a segment begins with a message that is whole, and of an old format. */
export async function refuseOldFormat(segments: readonly Segment[]): Promise<void> {
  for (const segment of segments) {
    if (!(await beginsOld(segment))) continue
    throw new StorageError(
      `${segment.path} has messages in a format from before Kafka 0.11, which is not served. Nothing of the log was changed. While Kafka runs, copy the topic to a new one, or let its retention take the old segments.`,
    )
  }
}

async function beginsOld(segment: Segment): Promise<boolean> {
  const head = await read(segment, 0, MAGIC_AT + 1)
  if (head.length <= MAGIC_AT || head.readUInt8(MAGIC_AT) > NEWEST_OLD) return false
  const size = head.readInt32BE(8)
  if (size < SHORTEST || OVERHEAD + size > segment.size) return false
  const body = await read(segment, OVERHEAD + CRC_SIZE, size - CRC_SIZE)
  return crc32(body) === head.readUInt32BE(OVERHEAD)
}

async function read(segment: Segment, position: number, length: number): Promise<Buffer> {
  const target = Buffer.alloc(Math.min(length, Math.max(segment.size - position, 0)))
  const count = await segment.use((file) => file.read(target, position))
  return target.subarray(0, count)
}
