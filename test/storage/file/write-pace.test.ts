import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { WritePace } from '../../../src/storage/file/write-pace.ts'
import { batchOf, LOG, Store } from '../store.ts'

const LIMITS = { syncWriteBytes: 1000, dirtyLimitBytes: 5000 }

/** A clock whose monotonic time a test sets. */
class StillClock extends ManualClock {
  at = 0

  override monotonic(): number {
    return this.at
  }
}

describe('the pace of writes', () => {
  it('lets the loop write up to a limit, and nothing while much is dirty', () => {
    const pace = new WritePace(LIMITS, new ManualClock())
    expect(pace.most).toBe(1000)
    pace.dirtyBytes = 5000
    expect(pace.most).toBe(0)
    pace.dirtyBytes = 4999
    expect(pace.most).toBe(1000)
  })

  it('has so many bytes for a turn', () => {
    const pace = new WritePace(LIMITS, new ManualClock())
    const { left } = pace
    pace.write(600, () => undefined)
    pace.write(300, () => undefined)
    expect(pace.left).toBe(left - 900)
    pace.beginTurn()
    expect(pace.left).toBe(left)
  })

  it('leaves a disk that has stalled to the threads, for the longer the longer it did', () => {
    const clock = new StillClock()
    const pace = new WritePace(LIMITS, clock)
    const write = (ms: number): void => {
      pace.write(1, () => {
        clock.at += ms
      })
    }
    write(40)
    expect(pace.most).toBe(1000)
    write(100)
    clock.at += 1999
    expect(pace.most).toBe(0)
    clock.at += 1
    expect(pace.most).toBe(1000)
  })
})

describe('a writer', () => {
  it('acknowledges large batches as they are written, a few in a turn, whole ones', async () => {
    const large = Array.from({ length: 6 }, (_, i) => `${i}`.repeat(20_000))
    const size = batchOf(large[0]!).sizeInBytes
    const store = await new Store({ syncWriteBytes: 2 * size }).open()
    const marks: number[] = []
    store.engine.watch(LOG, () => {
      marks.push(store.engine.offsets(LOG)!.highWatermark)
    })
    await Promise.all(large.map((value) => store.append(value)))
    expect(marks).toEqual([2, 4, 6])
    await store.kill()
    expect(await store.values()).toEqual(large)
  })
})
