/** A record batch without some of its records: offsets, sequence, producer and codec stay, and a delete horizon may come in. */

import {
  ATTRIBUTES,
  BASE_TIMESTAMP,
  BatchView,
  DELETE_HORIZON_FLAG,
  HEADER_SIZE,
  MAX_TIMESTAMP,
  RECORD_COUNT,
  sealBatch,
  writeInt64,
} from '../../../protocol/records/batch-view.ts'
import { buildBatch } from '../../../protocol/records/batch-builder.ts'
import {
  deflateLater,
  inflatePieces,
  inflateQuickly,
} from '../../../protocol/records/compression.ts'
import { RecordCursor } from '../../../protocol/records/record-cursor.ts'
import { VarintReader, varintSize, writeVarint } from '../../../protocol/records/varint.ts'
import { InvalidRecord } from '../../../protocol/records/invalid-record.ts'
import type { Turns } from './turns.ts'

/** How many records are looked at between two looks at the clock. */
const RECORDS_A_LOOK = 128

/** One record at a time of a batch, as a compaction looks at it. */
export interface SeenRecord {
  readonly offset: number
  /** By reference. */
  readonly key: Buffer | null
  readonly isTombstone: boolean
}

/** The records that stay, as they lie in the inflated bytes. */
export interface Kept {
  readonly plain: Buffer
  /** Starts and ends by turns, of records and stretches of them. */
  readonly stretches: readonly number[]
  readonly count: number
  readonly all: boolean
  readonly hasTombstones: boolean
  readonly maxTimestamp: number
}

/** The batch's records as they were before compression. */
export async function inflated(batch: BatchView, turns: Turns): Promise<Buffer> {
  const { compression, recordBytes } = batch
  if (batch.recordCount === 0 || compression === 'none') return recordBytes
  const quick = inflateQuickly(compression, recordBytes)
  if (quick) return quick
  const pieces: Buffer[] = []
  for await (const piece of inflatePieces(compression, recordBytes, () => turns.yield())) {
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}

/** Shows every record of a batch to `visit`, in order; it may end the walk with false. */
export async function eachRecord(
  batch: BatchView,
  plain: Buffer,
  turns: Turns,
  visit: (record: SeenRecord, cursor: RecordCursor, start: number) => boolean,
): Promise<boolean> {
  const { recordCount, baseOffset } = batch
  const cursor = new RecordCursor(plain)
  for (let index = 0; index < recordCount; index++) {
    const start = cursor.reader.position
    cursor.next()
    const { key, valueLength, offsetDelta } = cursor
    const record = { offset: baseOffset + offsetDelta, key, isTombstone: valueLength < 0 }
    if (!visit(record, cursor, start)) return false
    if (index % RECORDS_A_LOOK === 0 && turns.isOver) await turns.yield()
  }
  if (recordCount > 0 && cursor.hasMore) {
    throw new InvalidRecord(`A record batch has bytes after the ${recordCount} records it counts.`)
  }
  return true
}

/** The records of a batch of which `keep` says so. */
export async function filtered(
  batch: BatchView,
  turns: Turns,
  keep: (record: SeenRecord) => boolean,
): Promise<Kept> {
  const plain = await inflated(batch, turns)
  const { baseTimestamp } = batch
  const stretches: number[] = []
  let count = 0
  let hasTombstones = false
  let maxTimestamp = -1
  await eachRecord(batch, plain, turns, (record, cursor, start) => {
    if (!keep(record)) return true
    count++
    hasTombstones ||= record.isTombstone
    maxTimestamp = Math.max(maxTimestamp, baseTimestamp + cursor.timestampDelta)
    const end = cursor.reader.position
    if (stretches.at(-1) === start) stretches[stretches.length - 1] = end
    else stretches.push(start, end)
    return true
  })
  const all = count === batch.recordCount
  return { plain, stretches, count, all, hasTombstones, maxTimestamp }
}

/** The batch with the records that stay; `deleteHorizon`: one that it is to have from now on. */
export async function rewritten(
  batch: BatchView,
  kept: Kept,
  deleteHorizon: number | undefined,
  turns: Turns,
): Promise<Buffer> {
  const records =
    deleteHorizon === undefined ? joined(kept) : retimed(kept, batch.baseTimestamp - deleteHorizon)
  const compressed = await deflateLater(batch.compression, records, undefined, () => turns.yield())
  const bytes = Buffer.concat([batch.bytes.subarray(0, HEADER_SIZE), compressed])
  if (deleteHorizon !== undefined) {
    bytes.writeInt16BE(batch.attributes | DELETE_HORIZON_FLAG, ATTRIBUTES)
    writeInt64(bytes, BASE_TIMESTAMP, deleteHorizon)
  }
  if (batch.timestampType === 'CreateTime') writeInt64(bytes, MAX_TIMESTAMP, kept.maxTimestamp)
  bytes.writeInt32BE(kept.count, RECORD_COUNT)
  sealBatch(bytes)
  return bytes
}

/** The batch without records: it stands for its offsets, and for what its producer has sent. */
export function emptied(batch: BatchView): Buffer {
  const { baseOffset, lastOffsetDelta, timestampType, maxTimestamp } = batch
  const { producerId, producerEpoch, baseSequence } = batch
  return buildBatch([], {
    baseOffset,
    lastOffsetDelta,
    leaderEpoch: batch.partitionLeaderEpoch,
    producerId,
    producerEpoch,
    baseSequence,
    transactional: batch.isTransactional,
    control: batch.isControl,
    timestampType,
    maxTimestamp,
  }).bytes
}

function joined({ plain, stretches }: Kept): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i < stretches.length; i += 2) {
    parts.push(plain.subarray(stretches[i]!, stretches[i + 1]!))
  }
  return Buffer.concat(parts)
}

/** The records with their timestamp deltas moved by so much: they are relative to another base. */
function retimed(kept: Kept, byMs: number): Buffer {
  const records = joined(kept)
  const cursor = new RecordCursor(records)
  const parts: Buffer[] = []
  for (let index = 0; index < kept.count; index++) {
    cursor.next()
    const end = cursor.reader.position
    const bodyStart = end - cursor.bodyLength
    const reader = new VarintReader(records, bodyStart + 1, end)
    const delta = reader.varlong() + byMs
    const size = 1 + varintSize(delta) + end - reader.position
    const head = Buffer.allocUnsafe(varintSize(size) + 1 + varintSize(delta))
    const at = writeVarint(head, 0, size)
    head[at] = records[bodyStart]!
    writeVarint(head, at + 1, delta)
    parts.push(head, records.subarray(reader.position, end))
  }
  return Buffer.concat(parts)
}
