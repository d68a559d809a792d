import { afterEach, expect, test, vi } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { WholeRecords } from '../../../src/protocol/records/whole-records.ts'

const PIECE_BYTES = 1000

afterEach(() => {
  vi.restoreAllMocks()
})

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    yield bytes.subarray(start, start + PIECE_BYTES)
  }
}

test('a record that reaches over many pieces is joined once', () => {
  const sizes = [10, 500_000, 10, 300_000, 999]
  const values = sizes.map((size, i) => Buffer.alloc(size, i + 1))
  const records = values.map((value) => ({ key: null, value, timestamp: 1 }))
  const { recordBytes } = buildBatch(records)
  const concat = vi.spyOn(Buffer, 'concat')
  const walk = new WholeRecords()
  const found: (Buffer | null)[] = []
  for (const piece of piecesOf(recordBytes)) {
    walk.add(piece)
    while (walk.next()) found.push(walk.record.value)
  }
  walk.end()
  expect(walk.next()).toBe(false)
  expect(found).toEqual(values)
  const joined = concat.mock.calls.flatMap(([parts]) => parts.map(({ length }) => length))
  expect(joined.reduce((sum, length) => sum + length, 0)).toBeLessThan(2 * recordBytes.length)
})
