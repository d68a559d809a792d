import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expiryOf, type RetainedLog } from '../../src/storage/retention.ts'

const NOW = 1_000_000

interface Piece {
  size: number
  timestamp: number
}

/** A log of segments of ten offsets each. */
function logOf(
  pieces: readonly Piece[],
  config: Partial<RetainedLog['config']> = {},
  highWatermark = pieces.length * 10,
): RetainedLog {
  return {
    segments: pieces.map(({ size, timestamp }) => ({ size, newestTimestamp: () => timestamp })),
    endOffsetOf: (index) => (index + 1) * 10,
    highWatermark,
    config: {
      cleanupPolicy: { delete: true, compact: false },
      retentionBytes: -1,
      retentionMs: -1,
      ...config,
    },
  }
}

const aged = (...ages: number[]): Piece[] =>
  ages.map((age) => ({ size: 100, timestamp: NOW - age }))

describe('retention by time', () => {
  const count = (pieces: readonly Piece[], retentionMs: number): number =>
    expiryOf(logOf(pieces, { retentionMs }), NOW).byTime

  it('takes the first segments whose newest record is older, and not one that is as old', () => {
    expect(count(aged(101, 101, 100, 99), 100)).toBe(2)
    expect(count(aged(100), 100)).toBe(0)
    expect(count(aged(101), 100)).toBe(1)
    expect(count(aged(1), 0)).toBe(1)
    expect(count(aged(500, 500), -1)).toBe(0)
  })

  it('stops at a segment that is stamped in the future, and tells which', () => {
    const log = logOf(aged(500, -1, 500), { retentionMs: 100 })
    expect(expiryOf(log, NOW)).toEqual({ bySize: 0, byTime: 1, future: log.segments[1] })
  })

  it('leaves an empty segment at the end', () => {
    const pieces = [...aged(500), { size: 0, timestamp: NOW - 500 }]
    expect(count(pieces, 100)).toBe(1)
    expect(count(pieces.slice(1), 100)).toBe(0)
  })
})

describe('retention by size', () => {
  const count = (sizes: readonly number[], retentionBytes: number): number => {
    const pieces = sizes.map((size) => ({ size, timestamp: NOW }))
    return expiryOf(logOf(pieces, { retentionBytes }), NOW).bySize
  }

  it('takes the first segments without which the log is still as large as it may be', () => {
    expect(count([100, 100, 100], 200)).toBe(1)
    expect(count([100, 100, 100], 201)).toBe(0)
    expect(count([100, 100, 100], 199)).toBe(1)
    expect(count([100, 100, 100], 0)).toBe(3)
    expect(count([100], 1000)).toBe(0)
    expect(count([100, 100], -1)).toBe(0)
  })

  it('comes before time, which goes on from there', () => {
    const log = logOf(aged(1, 500, 500, 1), { retentionBytes: 300, retentionMs: 100 })
    expect(expiryOf(log, NOW)).toEqual({ bySize: 1, byTime: 2, future: undefined })
  })
})

describe('retention', () => {
  it('is not for a log that is only compacted, nor for one without a policy', () => {
    for (const compact of [true, false]) {
      const cleanupPolicy = { delete: false, compact }
      const log = logOf(aged(500, 500), { cleanupPolicy, retentionBytes: 0, retentionMs: 0 })
      expect(expiryOf(log, NOW)).toEqual({ bySize: 0, byTime: 0, future: undefined })
    }
    const cleanupPolicy = { delete: true, compact: true }
    expect(expiryOf(logOf(aged(500), { cleanupPolicy, retentionMs: 0 }), NOW).byTime).toBe(1)
  })

  it('never takes what is not wholly acknowledged, nor what is younger, nor leaves what both limits refuse', () => {
    const piece = fc.record({
      size: fc.nat(100),
      timestamp: fc.integer({ min: NOW - 300, max: NOW + 50 }),
    })
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.integer({ min: -1, max: 400 }),
        fc.integer({ min: -1, max: 300 }),
        fc.nat(80),
        (pieces, retentionBytes, retentionMs, highWatermark) => {
          const log = logOf(pieces, { retentionBytes, retentionMs }, highWatermark)
          const { bySize, byTime } = expiryOf(log, NOW)
          const gone = bySize + byTime
          expect(gone * 10).toBeLessThanOrEqual(Math.max(highWatermark, 0))
          const left = pieces.slice(bySize).reduce((sum, { size }) => sum + size, 0)
          if (bySize > 0) expect(left).toBeGreaterThanOrEqual(retentionBytes)
          for (const { timestamp } of pieces.slice(bySize, gone)) {
            expect(NOW - timestamp).toBeGreaterThan(retentionMs)
          }
          const next = pieces[gone]
          const isOpen = next && (gone + 1) * 10 <= highWatermark
          const isEmptyEnd = next?.size === 0 && gone === pieces.length - 1
          if (isOpen && !isEmptyEnd && retentionMs >= 0) {
            expect(NOW - next.timestamp).toBeLessThanOrEqual(retentionMs)
          }
        },
      ),
    )
  })
})
