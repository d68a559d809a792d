import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { seededRandom } from '../../../src/random.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { OffsetIndex } from '../../../src/storage/file/offset-index.ts'
import { OpenFiles } from '../../../src/storage/file/open-files.ts'
import { Segment } from '../../../src/storage/file/segment.ts'
import { TimeIndex } from '../../../src/storage/file/time-index.ts'
import { DIRECTORY, Store } from '../store.ts'

const FOLDER = '/data'
const INTERVAL = 4096

function newSegment(): { segment: Segment; files: OpenFiles } {
  const clock = new ManualClock()
  const disk = new MemoryDisk({ clock })
  disk.makeDirectory(FOLDER)
  const files = new OpenFiles(disk, 10)
  const segment = new Segment(100, 0, {
    disk,
    files,
    clock,
    random: seededRandom(1),
    folder: FOLDER,
  })
  return { segment, files }
}

/** Batches of ten records, each of which gets an entry, and of a later time than the one before. */
function add(segment: Segment, count: number): void {
  for (let i = 0; i < count; i++) {
    const lastOffset = 100 + (segment.size / (INTERVAL + 1)) * 10 + 9
    segment.added(INTERVAL + 1, lastOffset, segment.size, INTERVAL)
  }
}

function memoryOf({ offsets, times }: Segment): number {
  return offsets.table.memoryBytes + times.table.memoryBytes
}

describe('the indexes of a segment', () => {
  it('cost no memory but for the last entries once they are synced, and find the same', async () => {
    const { segment } = newSegment()
    const offsets = new OffsetIndex(100)
    const times = new TimeIndex(100)
    const random = seededRandom(2)
    for (let round = 0; round < 40; round++) {
      add(segment, random.below(1500))
      await segment.syncIndexes(round % 2 === 0)
      // 20 bytes an entry, of which 256 are kept.
      expect(memoryOf(segment)).toBeLessThanOrEqual(256 * 20)
    }
    add(segment, 100)
    const batches = segment.size / (INTERVAL + 1)
    for (let i = 2; i < batches; i += 1) {
      offsets.append(100 + i * 10 + 9, i * (INTERVAL + 1))
      times.append(i * (INTERVAL + 1), 100 + i * 10 + 9)
    }
    expect(segment.offsets.table.count).toBe(batches - 1)
    for (let i = 0; i < 2000; i++) {
      const offset = 200 + random.below(batches * 10)
      const position = 30_000 + random.below(segment.size)
      expect(segment.offsets.positionBefore(offset)).toBe(offsets.positionBefore(offset))
      expect(segment.offsets.batchBefore(position)).toBe(offsets.batchBefore(position))
      expect(segment.offsets.batchAfter(position)).toBe(offsets.batchAfter(position))
      expect(segment.times.offsetBefore(position)).toBe(times.offsetBefore(position))
    }
  })

  it('go on behind any entry that they are cut back to, also where memory has it no more', async () => {
    const random = seededRandom(3)
    for (let round = 0; round < 30; round++) {
      const { segment } = newSegment()
      add(segment, 2000)
      await segment.syncIndexes(true)
      add(segment, random.below(600))
      const batches = random.below(segment.size / (INTERVAL + 1))
      segment.restart(batches * (INTERVAL + 1), 100 + batches * 10)
      expect(segment.offsets.table.count).toBe(Math.max(0, batches - 1))
      add(segment, 700)
      await segment.syncIndexes(false)
      expect(memoryOf(segment)).toBe(0)
      for (let i = 2; i < batches + 700; i += 1 + random.below(20)) {
        const position = i * (INTERVAL + 1)
        expect(segment.offsets.positionBefore(100 + i * 10 + 9)).toBeGreaterThan(
          position - 2 * INTERVAL,
        )
        expect(segment.offsets.positionBefore(100 + i * 10 + 9)).toBeLessThanOrEqual(position)
      }
    }
  })

  it('of a file that has lost its end are said to be damaged', async () => {
    const { segment, files } = newSegment()
    add(segment, 2000)
    await segment.syncIndexes()
    files.get(segment.pathOf('index'), false).truncate(8)
    expect(() => segment.offsets.positionBefore(10_000)).toThrow('has lost its end')
  })

  it('of an earlier life are read once, in either way, and are not kept', async () => {
    const store = await new Store({ tailCacheBytes: 0 }).open({ indexIntervalBytes: 0 })
    for (let i = 0; i < 1000; i++) await store.append('x'.repeat(100))
    const name = '00000000000000000000'
    const size = store.file(`${name}.log`).length
    await store.engine.close()
    const files = new OpenFiles(store.disk, 10)
    const opened = (): Segment => {
      const { disk, clock } = store
      const folder = `${DIRECTORY}/store-0`
      return new Segment(0, size, { disk, files, clock, random: seededRandom(1), folder })
    }
    const later = opened()
    expect(later.hasIndexes).toBe(false)
    const loading = Promise.all([later.openIndexes(), later.openIndexes()])
    await store.clock.advance(100)
    await loading
    expect(later.hasIndexes).toBe(true)
    for (const segment of [opened(), later]) {
      expect(segment.offsets.table.count).toBe(999)
      expect(segment.positionBefore(500)).toBe((size / 1000) * 500)
      expect(memoryOf(segment)).toBe(0)
    }
    store.overwrite(`${name}.index`, Buffer.alloc(8000, 1))
    const damaged = opened()
    const rebuilding = damaged.openIndexes()
    await store.clock.advance(100)
    await rebuilding
    const before = damaged.positionBefore(500)
    expect(before).toBeGreaterThan((size / 1000) * 500 - 5000)
    expect(before).toBeLessThanOrEqual((size / 1000) * 500)
  })
})
