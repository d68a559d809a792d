import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/random.ts'
import type { LogConfig } from '../../../src/storage/engine.ts'
import { openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { batchOf, DIRECTORY, LOG, specOf, Store } from '../store.ts'

const HOUR_MS = 3_600_000

class Rolling extends Store {
  readonly random = seededRandom(3)

  override async open(config: Partial<LogConfig> = {}): Promise<this> {
    const { disk, clock, random } = this
    this.engine = await openFileEngine({ disk, directory: DIRECTORY, clock, random })
    await this.engine.create([specOf(0, config)])
    return this
  }

  async send(timestamp: number, value = 'a'): Promise<void> {
    await this.engine.append([{ log: LOG, batch: batchOf(value, timestamp) }])
  }

  get bases(): number[] {
    const names = this.disk.list(`${DIRECTORY}/store-0`)!.map(({ name }) => name)
    return names.filter((name) => name.endsWith('.log')).map((name) => Number(name.slice(0, 20)))
  }
}

describe('a segment ends', () => {
  it('when a batch would make it larger than segment.bytes', async () => {
    const size = batchOf('a').sizeInBytes
    const store = await new Rolling().open({ segmentBytes: 3 * size })
    for (let i = 0; i < 7; i++) await store.send(1000)
    expect(store.bases).toEqual([0, 3, 6])
  })

  it('by the timestamps of its first batch and the new one, not by when they came', async () => {
    const store = await new Rolling().open({ segmentMs: HOUR_MS })
    await store.send(1000)
    await store.clock.advance(5 * HOUR_MS)
    await store.send(1000 + HOUR_MS)
    expect(store.bases).toEqual([0])
    await store.send(1001 + HOUR_MS)
    expect(store.bases).toEqual([0, 2])
    await store.kill({ segmentMs: HOUR_MS })
    await store.send(1001 + 2 * HOUR_MS)
    await store.send(1002 + 2 * HOUR_MS)
    expect(store.bases).toEqual([0, 2, 4])
  })

  it('by the time since it was made where its first batch has no timestamp', async () => {
    const store = await new Rolling().open({ segmentMs: HOUR_MS })
    await store.send(-1)
    await store.clock.advance(HOUR_MS)
    await store.send(-1)
    expect(store.bases).toEqual([0])
    await store.clock.advance(1)
    await store.send(-1)
    expect(store.bases).toEqual([0, 2])
  })

  it('not by itself: an idle log keeps it', async () => {
    const store = await new Rolling().open({ segmentMs: HOUR_MS })
    await store.send(store.clock.now())
    await store.clock.advance(100 * HOUR_MS)
    expect(store.bases).toEqual([0])
  })

  it('earlier by a jitter of its own, below segment.jitter.ms', async () => {
    const store = await new Rolling().open({ segmentMs: HOUR_MS, segmentJitterMs: HOUR_MS / 2 })
    for (let minute = 0; minute < 600; minute++) await store.send(minute * 60_000)
    const spans = store.bases.slice(1).map((base, i) => base - store.bases[i]!)
    expect(new Set(spans).size).toBeGreaterThan(1)
    for (const span of spans) {
      expect(span).toBeGreaterThan(30)
      expect(span).toBeLessThanOrEqual(61)
    }
  })

  it('in a compacted log after max.compaction.lag.ms, which only closed segments can keep', async () => {
    const cleanupPolicy = { delete: false, compact: true }
    const store = await new Rolling().open({ cleanupPolicy, maxCompactionLagMs: HOUR_MS })
    for (const hours of [0, 1, 1.5, 3]) await store.send(hours * HOUR_MS)
    expect(store.bases).toEqual([0, 2, 3])
  })

  it('when an index is full, by the count of Kafka: all entries of offsets, and all but one of times', async () => {
    const config = { indexIntervalBytes: 0, segmentIndexBytes: 40 }
    const store = await new Rolling().open(config)
    // The first batch has no entry.
    for (let i = 0; i < 12; i++) await store.send(1000 + i)
    const times = await new Rolling().open({ ...config, segmentIndexBytes: 36 })
    for (let i = 0; i < 12; i++) await times.send(1000)
    expect(store.bases).toEqual([0, 3, 6, 9])
    expect(times.bases).toEqual([0, 5, 10])
  })
})
