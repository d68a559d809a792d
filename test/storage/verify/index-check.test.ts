import { expect, it } from 'vitest'
import type { BatchView } from '../../../src/protocol/records/batch-view.ts'
import { OffsetIndexCheck, TimeIndexCheck } from '../../../src/storage/verify/index-check.ts'
import { batchOf } from '../store.ts'

/** Batches of one record, at these offsets and timestamps a thousand times as large. */
function batches(count: number): BatchView[] {
  return Array.from({ length: count }, (_, offset) => {
    const batch = batchOf('value', offset * 1000)
    batch.bytes.writeBigInt64BE(BigInt(offset), 0)
    return batch
  })
}

function offsetEntry(offset: number, position: number): Buffer {
  const entry = Buffer.alloc(8)
  entry.writeInt32BE(offset, 0)
  entry.writeInt32BE(position, 4)
  return entry
}

function timeEntry(timestamp: number, offset: number): Buffer {
  const entry = Buffer.alloc(12)
  entry.writeBigInt64BE(BigInt(timestamp), 0)
  entry.writeInt32BE(offset, 8)
  return entry
}

/*
 * A power cut may leave the first entry of one life, and behind it what the next has written in its place. A start believes
 * entries up to the recovery point and none behind the first that is beyond it, so that this is no fault below that.
 */
it.each([5, 3])('an entry behind one of offset %i is a matter of that offset', (offset) => {
  const all = batches(8)
  const { length } = all[0]!.bytes
  const offsets = Buffer.concat([offsetEntry(offset, offset * length), offsetEntry(1, length)])
  const offsetCheck = new OffsetIndexCheck(offsets, 0)
  const times = Buffer.concat([timeEntry(offset * 1000, offset), timeEntry(1000, 1)])
  const timeCheck = new TimeIndexCheck(times, 0)
  for (const [i, batch] of all.entries()) {
    offsetCheck.batch(batch, i * length)
    timeCheck.batch(batch)
  }
  expect(offsetCheck.fault).toMatchObject({ position: 8, offset })
  expect(timeCheck.fault).toMatchObject({ position: 12, offset })
})
