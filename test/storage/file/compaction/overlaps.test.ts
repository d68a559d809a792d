import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../src/random.ts'
import { defaultLogConfig } from '../../../../src/storage/engine.ts'
import { LOG, specOf, Store, turns } from '../../store.ts'
import { batchesOf, SMALL, storedOffsets } from './keyed-log.ts'
import { Workload } from './workload.ts'

const JOINED = { ...SMALL, segmentBytes: 1800 }
const TURNS = Array.from({ length: 40 }, (_, i) => 4 * i)

interface Scene {
  store: Store
  workload: Workload
}

async function scene(seed: number): Promise<Scene> {
  const store = await new Store({ tailCacheBytes: 0 }).open(SMALL)
  const workload = new Workload(seededRandom(seed))
  await workload.append(store.engine, 14, store.clock.now())
  await store.engine.compact(LOG, store.clock.now())
  await workload.append(store.engine, 14, store.clock.now())
  await store.engine.configure(LOG, { ...defaultLogConfig, ...JOINED })
  return { store, workload }
}

/** Leftovers would be in the way of the next round, or of a start. */
async function assertTidy(store: Store): Promise<void> {
  const stored = storedOffsets(store)
  expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b))
  await store.engine.close()
  await store.open(JOINED)
  const names = store.disk.list('/data/store-0')!.map(({ name }) => name)
  expect(names.filter((name) => /\.(cleaned|swap|deleted)$/.test(name))).toEqual([])
}

describe('compaction goes along with what happens to its log meanwhile', () => {
  it.each(TURNS)('a start that moves up, %i turns after it began', async (count) => {
    const { store, workload } = await scene(1 + count)
    const { engine } = store
    const compacting = engine.compact(LOG, store.clock.now())
    await turns(count)
    const start = 10 + (count % 40)
    expect(await engine.truncateBefore(LOG, start)).toBe(start)
    await compacting
    expect(engine.offsets(LOG)!.logStartOffset).toBe(start)
    workload.beginAt(start)
    await workload.check(engine)
    await workload.append(engine, 5, store.clock.now())
    await engine.compact(LOG, store.clock.now())
    await workload.check(engine)
    await assertTidy(store)
    await workload.check(store.engine)
    expect(store.engine.offsets(LOG)!.logStartOffset).toBe(start)
  })

  it.each(TURNS)('appends and reads, %i turns after it began', async (count) => {
    const { store, workload } = await scene(2 + count)
    const compacting = store.engine.compact(LOG, store.clock.now())
    await turns(count)
    const reading = batchesOf(store.engine, 300)
    await workload.append(store.engine, 6, store.clock.now())
    expect((await reading).length).toBeGreaterThan(5)
    await compacting
    await workload.check(store.engine)
    await assertTidy(store)
    await workload.check(store.engine)
  })

  it.each(TURNS)('a clean stop, %i turns after it began', async (count) => {
    const { store, workload } = await scene(3 + count)
    const compacting = store.engine.compact(LOG, store.clock.now())
    await turns(count)
    await store.engine.close()
    await compacting
    await store.open(JOINED)
    await workload.check(store.engine)
    await assertTidy(store)
  })

  it.each(TURNS)(
    'its deletion, and another log of its name, %i turns after it began',
    async (count) => {
      const { store } = await scene(4 + count)
      const compacting = store.engine.compact(LOG, store.clock.now())
      await turns(count)
      await store.engine.delete(LOG)
      await store.engine.create([specOf(0, JOINED)])
      const workload = new Workload(seededRandom(count))
      await workload.append(store.engine, 4, store.clock.now())
      await compacting
      await workload.check(store.engine)
      await assertTidy(store)
      await workload.check(store.engine)
    },
  )
})
