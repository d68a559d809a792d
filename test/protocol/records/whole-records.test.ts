import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { WholeRecords } from '../../../src/protocol/records/whole-records.ts'
import { noise } from './codec-inputs.ts'

const values = [Buffer.from('first'), noise(64_000), Buffer.from('last')]
const bytes = buildBatch(values.map((value) => ({ key: null, value, timestamp: 1 }))).recordBytes

function walked(pieceBytes: number, length = bytes.length): Buffer[] {
  const walk = new WholeRecords()
  const found: Buffer[] = []
  const drain = (): void => {
    while (walk.next()) found.push(Buffer.from(walk.record.value!))
  }
  for (let start = 0; start < length; start += pieceBytes) {
    walk.add(bytes.subarray(start, Math.min(length, start + pieceBytes)))
    drain()
  }
  walk.end()
  drain()
  return found
}

describe('records that are whole when they are stepped to', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('come wherever the pieces end', () => {
    for (const pieceBytes of [1, 7, 1000, 64_000, bytes.length]) {
      expect(walked(pieceBytes)).toEqual(values)
    }
  })

  it('are joined once, however many pieces they have', () => {
    const joins = vi.spyOn(Buffer, 'concat')
    expect(walked(64)).toHaveLength(3)
    expect(joins.mock.calls.length).toBeLessThanOrEqual(2 * values.length)
  })

  it('are refused where they end early', () => {
    for (const cut of [1, 4, 10, 60_000]) {
      expect(() => walked(500, bytes.length - cut)).toThrow(
        expect.objectContaining({ name: 'InvalidRecord' }),
      )
    }
  })
})
