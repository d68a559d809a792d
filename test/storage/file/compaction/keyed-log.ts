/** What the tests of compaction share: keyed records in small segments, and what of them can be read. */

import { type BatchOptions, buildBatch } from '../../../../src/protocol/records/batch-builder.ts'
import { batchesIn, hasRightChecksum } from '../../../../src/protocol/records/batch-view.ts'
import type { BatchView } from '../../../../src/protocol/records/batch-view.ts'
import { iterateRecords } from '../../../../src/protocol/records/record-iterator.ts'
import type { LogConfig, StorageEngine } from '../../../../src/storage/engine.ts'
import { DIRECTORY, LOG, type Store } from '../../store.ts'

export const SMALL: Partial<LogConfig> = {
  segmentBytes: 600,
  indexIntervalBytes: 100,
  cleanupPolicy: { delete: false, compact: true },
  deleteRetentionMs: 1000,
}

/** `[key, value]`; a value of null is a tombstone. */
export type Pair = readonly [key: string | null, value: string | null]

export function keyed(
  pairs: readonly Pair[],
  options: BatchOptions & { timestamp?: number } = {},
): BatchView {
  const { timestamp = 1000, ...rest } = options
  const records = pairs.map(([key, value], i) => ({
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp: timestamp + i,
  }))
  return buildBatch(records, rest)
}

export async function put(engine: StorageEngine, ...batches: BatchView[]): Promise<void> {
  for (const batch of batches) {
    const [outcome] = await engine.append([{ log: LOG, batch }])
    if (outcome?.kind !== 'appended') throw new Error(JSON.stringify(outcome))
  }
}

/** Fills up the segment that is appended to, so that what was put before can be cleaned. */
export async function roll(engine: StorageEngine, key = 'filler'): Promise<void> {
  await put(engine, keyed([[key, 'x'.repeat(450)]]), keyed([[key, 'y'.repeat(450)]]))
}

/** Offsets of all batches as the files have them, segment after segment. */
export function storedOffsets(store: Store): number[] {
  const names = store.disk.list(`${DIRECTORY}/store-0`)!.map(({ name }) => name)
  return names
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) => [...batchesIn(store.file(name))].map(({ baseOffset }) => baseOffset))
}

export interface Found {
  offset: number
  timestamp: number
  key: string | null
  value: string | null
}

/** All batches from the log's start on, as reads give them. */
export async function batchesOf(engine: StorageEngine, maxBytes = 1 << 20): Promise<BatchView[]> {
  const found: BatchView[] = []
  for (let offset = engine.offsets(LOG)!.logStartOffset; ; ) {
    const limits = { maxBytes, firstWhole: true }
    const { reads } = await engine.read([{ log: LOG, offset, maxBytes }], limits)
    const { error, buffers, size } = reads[0]!
    if (error) throw new Error(error)
    if (size === 0) {
      const { highWatermark } = engine.offsets(LOG)!
      if (offset < highWatermark) throw new Error(`Nothing is read at ${offset}.`)
      return found
    }
    for (const batch of batchesIn(Buffer.concat(buffers))) {
      if (!hasRightChecksum(batch.bytes)) throw new Error(`Wrong checksum at ${batch.baseOffset}.`)
      if (batch.baseOffset < (found.at(-1)?.nextOffset ?? 0)) throw new Error('Out of order.')
      found.push(batch)
      offset = batch.nextOffset
    }
  }
}

export async function recordsOf(engine: StorageEngine, maxBytes?: number): Promise<Found[]> {
  const batches = await batchesOf(engine, maxBytes)
  return batches.filter(({ isControl }) => !isControl).flatMap(foundIn)
}

function foundIn(batch: BatchView): Found[] {
  return [...iterateRecords(batch)].map(({ offset, timestamp, key, value }) => ({
    offset,
    timestamp,
    key: key && String(key),
    value: value && String(value),
  }))
}

/** What a client that reads committed records makes of the log: it leaves out what the reads say is aborted. */
export async function committedOf(engine: StorageEngine, maxBytes = 1 << 20): Promise<Found[]> {
  const found: Found[] = []
  const { logStartOffset, lastStableOffset } = engine.offsets(LOG)!
  for (let offset = logStartOffset; offset < lastStableOffset; ) {
    const want = { log: LOG, offset, maxBytes, committedOnly: true }
    const { reads } = await engine.read([want], { maxBytes, firstWhole: true })
    const { error, buffers, abortedTransactions } = reads[0]!
    if (error || buffers.length === 0) throw new Error(error ?? `Nothing is read at ${offset}.`)
    const aborted = new Set<number>()
    const coming = [...abortedTransactions]
    for (const batch of batchesIn(Buffer.concat(buffers))) {
      offset = batch.nextOffset
      while ((coming[0]?.firstOffset ?? Infinity) <= batch.lastOffset) {
        aborted.add(coming.shift()!.producerId)
      }
      if (batch.isControl) aborted.delete(batch.producerId)
      else if (!batch.isTransactional || !aborted.has(batch.producerId))
        found.push(...foundIn(batch))
    }
  }
  return found
}

/** `offset:key=value` of each record. */
export async function textOf(engine: StorageEngine): Promise<string[]> {
  const records = await recordsOf(engine)
  return records
    .filter(({ key }) => key !== 'filler')
    .map(({ offset, key, value }) => `${offset}:${key}=${value ?? '∅'}`)
}
