import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { InvalidRecord } from '../../../src/protocol/records/invalid-record.ts'
import { RecordCursor } from '../../../src/protocol/records/record-cursor.ts'
import { RecordPieces } from '../../../src/protocol/records/record-pieces.ts'

interface Seen {
  bodyLength: number
  timestampDelta: number
  offsetDelta: number
  keyLength: number
}

function seen({ bodyLength, timestampDelta, offsetDelta, keyLength }: Seen): Seen {
  return { bodyLength, timestampDelta, offsetDelta, keyLength }
}

function walked(bytes: Buffer): Seen[] {
  const cursor = new RecordCursor(bytes)
  const found: Seen[] = []
  while (cursor.hasMore) {
    cursor.next()
    found.push(seen(cursor))
  }
  return found
}

function walkedInPieces(bytes: Buffer, sizes: number[], count: number): Seen[] {
  const walk = new RecordPieces()
  const found: Seen[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    walk.add(bytes.subarray(at, at + size))
    at += size
    while (found.length < count && walk.next()) found.push(seen(walk.record))
  }
  walk.end()
  while (found.length < count && walk.next()) found.push(seen(walk.record))
  return found
}

const bytesOf = (maxLength: number) =>
  fc.option(fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes)))

const someRecords = fc
  .array(
    fc.record({
      key: bytesOf(20),
      value: bytesOf(300),
      timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
      headers: fc.array(fc.record({ key: fc.string({ maxLength: 5 }), value: bytesOf(20) }), {
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((records) => buildBatch(records).recordBytes)

const someSizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 })

describe('records that come in pieces', () => {
  it('are the same wherever they are cut', () => {
    fc.assert(
      fc.property(someRecords, someSizes, (bytes, sizes) => {
        const whole = walked(bytes)
        expect(walkedInPieces(bytes, sizes, whole.length)).toEqual(whole)
      }),
    )
  })

  it('are refused where they are refused in one piece', () => {
    fc.assert(
      fc.property(
        someRecords,
        someSizes,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (bytes, sizes, changes) => {
          const damaged = Buffer.from(bytes)
          for (const [at, value] of changes) damaged[at % damaged.length] = value
          let whole: Seen[] | undefined
          try {
            whole = walked(damaged)
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidRecord)
          }
          const inPieces = () => walkedInPieces(damaged, sizes, whole?.length ?? Infinity)
          if (whole) expect(inPieces()).toEqual(whole)
          else expect(inPieces).toThrow(InvalidRecord)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('end only when all that was counted has come', () => {
    const bytes = buildBatch([{ key: null, value: Buffer.alloc(1000), timestamp: 0 }]).recordBytes
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length)
      expect(() => walkedInPieces(cut, [7], 1)).toThrow(InvalidRecord)
    }
  })

  it('keep nothing of a record that is longer than a piece', () => {
    const value = Buffer.alloc(1_000_000)
    const bytes = buildBatch([{ key: value, value, timestamp: 0 }]).recordBytes
    const walk = new RecordPieces()
    for (let at = 0; at < bytes.length; at += 1000) {
      walk.add(bytes.subarray(at, at + 1000))
      expect(walk.record.reader.bytes.length).toBeLessThan(1020)
      expect(walk.next()).toBe(false)
    }
    walk.end()
    expect(walk.next()).toBe(true)
    expect(walk.record).toMatchObject({ keyLength: 1_000_000, valueLength: 1_000_000 })
  })
})
