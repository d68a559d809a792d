/** Every byte of a batch made another: found by the checksum, or under a right checksum read or refused, and never more memory than allowed. */

import { describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import {
  ATTRIBUTES,
  type BatchView,
  batchesIn,
  BATCH_LENGTH,
  hasRightChecksum,
  HEADER_SIZE,
  MAGIC_OFFSET,
  PARTITION_LEADER_EPOCH,
  sealBatch,
} from '../../../src/protocol/records/batch-view.ts'
import { buildMarker, markerOf } from '../../../src/protocol/records/control-records.ts'
import { InvalidRecord } from '../../../src/protocol/records/invalid-record.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const isLong = process.env.ODRADEK_LONG !== undefined
/** What a damaged batch may inflate to. */
const LIMIT = 64 * 1024

const records = [
  { key: Buffer.from('a key'), value: Buffer.from('x'.repeat(60)), timestamp: 1_700_000_000_000 },
  {
    key: null,
    value: Buffer.from('a value, a value, a value'),
    timestamp: 1_700_000_000_005,
    headers: [
      { key: 'trace', value: Buffer.from([1, 2, 3]) },
      { key: 'none', value: null },
    ],
  },
  { key: Buffer.alloc(0), value: null, timestamp: 1_700_000_001_000 },
]

function* damages(bytes: Buffer, every: boolean): Generator<{ at: number; bytes: Buffer }> {
  for (let at = 0; at < bytes.length; at++) {
    const turned = every
      ? Array.from({ length: 255 }, (_, i) => i + 1)
      : [0xff, 0x80, 1 << (at % 8)]
    for (const bits of turned) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= bits
      yield { at, bytes: damaged }
    }
  }
}

/** The batches; undefined where it is InvalidRecord, and any other error fails the test. */
function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof InvalidRecord) return undefined
    throw error
  }
}

/** How many bytes of records a batch gives. */
function sizeOf(batch: BatchView): number {
  let size = 0
  let count = 0
  for (const { key, value, headers } of iterateRecords(batch, LIMIT)) {
    size += (key?.length ?? 0) + (value?.length ?? 0)
    for (const header of headers) size += header.key.length + (header.value?.length ?? 0)
    count++
  }
  expect(count).toBe(batch.recordCount)
  return size
}

/** Neither of these is under the checksum. */
function isUnchecked(at: number): boolean {
  return at < BATCH_LENGTH || (at >= PARTITION_LEADER_EPOCH && at < MAGIC_OFFSET)
}

describe.each(codecs)('a batch with a byte changed, codec %s', (compression) => {
  const options = { compression, producerId: 7, producerEpoch: 1, baseSequence: 3 }
  const whole = buildBatch(records, options).bytes

  it('is found by length, magic or checksum, unless it is base offset or leader epoch', () => {
    for (const { at, bytes } of damages(whole, true)) {
      const [batch] = attempt(() => [...batchesIn(bytes)]) ?? []
      const looksRight = batch?.sizeInBytes === whole.length && hasRightChecksum(batch.bytes)
      if (looksRight !== isUnchecked(at)) throw new Error(`byte ${at}: ${bytes[at]}`)
    }
  })

  it('is read or refused under a right checksum, and takes no more than it may', () => {
    let read = 0
    let refused = 0
    for (const { bytes } of damages(whole, isLong || compression === 'none')) {
      sealBatch(bytes)
      const [batch] = attempt(() => [...batchesIn(bytes)]) ?? []
      const size = batch && attempt(() => sizeOf(batch))
      if (size === undefined) refused++
      else read++
      expect(size ?? 0).toBeLessThanOrEqual(LIMIT)
    }
    expect(read).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
  })

  it('is no whole batch when it is cut short', () => {
    for (let length = 0; length < whole.length; length++) {
      expect([...batchesIn(whole.subarray(0, length))]).toEqual([])
    }
  })

  it('is refused when its records are cut short under a right checksum', () => {
    for (let length = HEADER_SIZE; length < whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length))
      sealBatch(cut)
      const [batch] = batchesIn(cut)
      const size = attempt(() => sizeOf(batch!))
      // What ends an lz4 frame adds no records.
      if (compression !== 'lz4' || length < whole.length - 4) expect(size).toBeUndefined()
    }
  })
})

describe('a transaction marker with a byte changed', () => {
  const whole = buildMarker({
    type: 'COMMIT',
    coordinatorEpoch: 5,
    producerId: 7,
    producerEpoch: 1,
    timestamp: 1_700_000_000_000,
  }).bytes

  it('is a marker, none, or refused', () => {
    const seen = new Set<string | undefined>()
    for (const { at, bytes } of damages(whole, true)) {
      if (at >= BATCH_LENGTH && at < ATTRIBUTES) continue
      sealBatch(bytes)
      const [batch] = batchesIn(bytes)
      seen.add(attempt(() => markerOf(batch!))?.type)
    }
    expect(seen).toEqual(new Set(['COMMIT', 'ABORT', undefined]))
  })
})
