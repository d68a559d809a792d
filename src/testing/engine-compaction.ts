/** What the engine contract says of compaction: what stays, where it stays, and who does not notice. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { type BatchOptions, buildBatch } from '../protocol/records/batch-builder.ts'
import { batchesIn, type BatchView } from '../protocol/records/batch-view.ts'
import { buildMarker } from '../protocol/records/control-records.ts'
import { iterateRecords } from '../protocol/records/record-iterator.ts'
import type { LogConfig, LogId } from '../storage/engine.ts'
import { type EngineInUse, LOG, offsetsOf } from './engine-in-use.ts'

const COMPACTED: Partial<LogConfig> = {
  segmentBytes: 500,
  indexIntervalBytes: 100,
  cleanupPolicy: { delete: false, compact: true },
  deleteRetentionMs: 1000,
}
const NOW = 100_000

/** One record; a value of null is a tombstone. */
function put(
  key: string,
  value: string | null,
  options: BatchOptions & { timestamp?: number } = {},
): BatchView {
  const { timestamp = 1000, ...rest } = options
  const bytes = value === null ? null : Buffer.from(value)
  return buildBatch([{ key: Buffer.from(key), value: bytes, timestamp }], rest)
}

/** Puts so much behind what was appended that it can be cleaned. */
async function fill(use: EngineInUse, log: LogId): Promise<void> {
  for (const letter of 'xyz') await use.append(log, put('filler', letter.repeat(300)))
}

/** All batches, as many as one read after another gives. */
async function batches(use: EngineInUse, committedOnly = false): Promise<BatchView[]> {
  const found: BatchView[] = []
  for (let offset = 0; ; offset = found.at(-1)!.nextOffset) {
    const { buffers, error } = await use.read({ offset, committedOnly })
    equal(error, undefined)
    if (buffers.length === 0) return found
    found.push(...batchesIn(Buffer.concat(buffers)))
  }
}

/** `offset:key=value` of what a read of all gives, without what fills up. */
async function left(use: EngineInUse, committedOnly = false): Promise<string[]> {
  const found: string[] = []
  for (const batch of await batches(use, committedOnly)) {
    if (batch.isControl) continue
    for (const record of iterateRecords(batch)) {
      if (String(record.key) === 'filler') continue
      found.push(`${record.offset}:${String(record.key)}=${String(record.value)}`)
    }
  }
  return found
}

export const compactionChecks: Record<string, (use: EngineInUse) => Promise<void>> = {
  'compaction keeps the last value of each key at its offset, and says what it has done': async (
    use,
  ) => {
    const log = await use.create(0, COMPACTED)
    equal(use.engine.dirtiness(log, NOW)?.isDue, false)
    await use.append(log, put('a', '1'), put('b', '1'), put('a', '2'), put('c', '1'))
    await use.append(log, put('b', '2'))
    await fill(use, log)
    const dirtiness = use.engine.dirtiness(log, NOW)
    ok(dirtiness?.isDue && dirtiness.ratio === 1 && dirtiness.cleanableBytes > 0)
    const sizeBefore = use.engine.size(log)
    const done = await use.engine.compact(log, NOW)
    ok(done && done.recordsAfter < done.recordsBefore && done.bytesAfter < done.bytesBefore)
    equal(sizeBefore - use.engine.size(log), done.bytesBefore - done.bytesAfter)
    deepEqual(await left(use), ['2:a=2', '3:c=1', '4:b=2'])
    equal(use.offsets().logStartOffset, 0)
    equal(use.engine.dirtiness(log, NOW)?.cleanableBytes, 0)
    equal(await use.engine.compact(log, NOW), undefined)
  },

  'a log that is not compacted by its config is left as it is': async (use) => {
    const log = await use.create(0, {
      ...COMPACTED,
      cleanupPolicy: { delete: true, compact: false },
    })
    await use.append(log, put('a', '1'), put('a', '2'))
    await fill(use, log)
    equal(use.engine.dirtiness(log, NOW), undefined)
    equal(await use.engine.compact(log, NOW), undefined)
    deepEqual(await left(use), ['0:a=1', '1:a=2'])
  },

  'a tombstone stays for delete.retention.ms after it was first cleaned': async (use) => {
    const log = await use.create(0, COMPACTED)
    await use.append(log, put('a', '1'), put('a', null))
    const seen: string[][] = []
    for (const now of [NOW, NOW + 999, NOW + 1000]) {
      await fill(use, log)
      await use.engine.compact(log, now)
      seen.push(await left(use))
    }
    deepEqual(seen, [['1:a=null'], ['1:a=null'], []])
  },

  'what a read lends is not touched by compaction, and reads from any offset go on': async (
    use,
  ) => {
    const log = await use.create(0, COMPACTED)
    for (let i = 0; i < 20; i++) await use.append(log, put(`k${i % 3}`, `${i}`.padEnd(50)))
    await fill(use, log)
    const { highWatermark } = use.offsets()
    const want = { log: LOG, offset: 0, maxBytes: 1 << 20 }
    const lent = await use.engine.read([want], { maxBytes: 1 << 20, firstWhole: true })
    const before = Buffer.concat(lent.reads[0]!.buffers)
    const compacting = use.engine.compact(log, NOW)
    const during = await Promise.all(
      Array.from({ length: highWatermark }, (_, offset) => use.read({ offset })),
    )
    await compacting
    deepEqual(Buffer.concat(lent.reads[0]!.buffers), before)
    lent.release()
    for (const read of [...during, await use.read({ offset: 5 })]) equal(read.error, undefined)
    for (let offset = 0; offset < highWatermark; offset++) {
      const { buffers } = await use.read({ offset }, { maxBytes: 1 })
      const [first] = batchesIn(Buffer.concat(buffers))
      ok(first && first.lastOffset >= offset)
    }
  },

  'offsets by time, and epochs, are found in a log with gaps': async (use) => {
    const log = await use.create(0, COMPACTED)
    for (let i = 0; i < 10; i++) {
      await use.append(log, put(i < 8 ? 'a' : `k${i}`, `${i}`, { timestamp: 1000 + 10 * i }))
    }
    const { ownerEpoch } = await use.engine.own(log)
    const start = use.offsets().logEndOffset
    await use.append(log, put('late', '1', { timestamp: 5000 }))
    await fill(use, log)
    await use.engine.compact(log, NOW)
    const { leaderEpoch } = use.offsets()
    const found = await use.engine.offsetForTimestamp(log, 1005)
    deepEqual([found?.offset, found?.timestamp], [7, 1070])
    equal((await use.engine.offsetForTimestamp(log, 1085))?.offset, 9)
    equal((await use.engine.offsetOfMaxTimestamp(log))?.offset, start)
    equal(await use.engine.offsetForTimestamp(log, 5001), undefined)
    ok(leaderEpoch >= ownerEpoch)
    equal(use.engine.epochAt(log, start), leaderEpoch)
    deepEqual(use.engine.epochEnd(log, use.engine.epochAt(log, 0))?.endOffset, start)
  },

  'of aborted transactions the records go at once, of all that are done the markers later': async (
    use,
  ) => {
    const log = await use.create(0, COMPACTED)
    const marker = (type: 'ABORT' | 'COMMIT', producerId: number): BatchView =>
      buildMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1000 })
    const part = (key: string, value: string, producerId: number, baseSequence: number) =>
      put(key, value, { producerId, producerEpoch: 0, baseSequence, transactional: true })
    await use.append(log, put('a', '1'), part('a', 'aborted', 1, 0), part('b', '1', 2, 0))
    await use.append(log, marker('ABORT', 1), marker('COMMIT', 2))
    // What is open still cannot be cleaned.
    await use.append(log, part('c', '1', 1, 1))
    await fill(use, log)
    deepEqual(await left(use, true), ['0:a=1', '1:a=aborted', '2:b=1'])
    equal((await use.engine.compact(log, NOW))?.cleanedTo, undefined)
    await use.append(log, marker('COMMIT', 1))
    await fill(use, log)
    ok(await use.engine.compact(log, NOW))
    deepEqual(await left(use, true), ['0:a=1', '2:b=1', '5:c=1'])
    const controls = async (): Promise<number[]> => {
      const markers = (await batches(use)).filter(({ isControl }) => isControl)
      return markers.map(({ baseOffset }) => baseOffset)
    }
    const last = use.offsets().logEndOffset - 4
    deepEqual(await controls(), [3, 4, last])
    equal((await use.read({ offset: 0, committedOnly: true })).abortedTransactions.length, 1)
    // A round more learns that nothing of it is left, and one after delete.retention.ms drops the marker.
    await fill(use, log)
    await use.engine.compact(log, NOW)
    await fill(use, log)
    await use.engine.compact(log, NOW + 1000)
    deepEqual(await controls(), [4, last])
    deepEqual((await use.read({ offset: 0, committedOnly: true })).abortedTransactions, [])
    deepEqual(await left(use, true), ['0:a=1', '2:b=1', '5:c=1'])
  },
}

export const compactionRestarts: Record<
  string,
  (use: EngineInUse, how: 'close' | 'kill') => Promise<void>
> = {
  'a compacted log, its producers and how far it is clean outlive the engine': async (use, how) => {
    const log = await use.create(0, COMPACTED)
    const by = (baseSequence: number): BatchOptions => ({
      producerId: 7,
      producerEpoch: 0,
      baseSequence,
    })
    for (let i = 0; i < 10; i++) await use.append(log, put('a', `${i}`, by(i)))
    await use.append(log, put('a', 'last'))
    await fill(use, log)
    const done = await use.engine.compact(log, NOW)
    const before = [await left(use), use.engine.size(log), use.offsets().logEndOffset]
    await use.restart(how, COMPACTED)
    deepEqual([await left(use), use.engine.size(log), use.offsets().logEndOffset], before)
    deepEqual(await left(use), ['10:a=last'])
    equal(use.engine.dirtiness(log, NOW)?.cleanableBytes, 0)
    deepEqual(offsetsOf(await use.append(log, put('a', '9', by(9)))), [9])
    deepEqual(offsetsOf(await use.append(log, put('a', '11', by(11)))), [
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ])
    await fill(use, log)
    equal((await use.engine.compact(log, NOW))?.cleanedFrom, done?.cleanedTo)
  },
}
