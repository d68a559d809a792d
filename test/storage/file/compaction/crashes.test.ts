import { describe, expect, it } from 'vitest'
import { defaultLogConfig } from '../../../../src/storage/engine.ts'
import { seededRandom } from '../../../../src/random.ts'
import type { MemoryDisk } from '../../../../src/storage/file/memory-disk.ts'
import { LOG, Store } from '../../store.ts'
import { SMALL, storedOffsets } from './keyed-log.ts'
import { Workload } from './workload.ts'

const seeds = Number(process.env['ODRADEK_COMPACTION_SEEDS'] ?? 1)

const JOINED = { ...SMALL, segmentBytes: 1800 }

type Crash = 'kill' | 'power cut' | 'failure'

/** A log with something to clean, of which a part was cleaned before. */
async function prepared(seed: number): Promise<{ store: Store; workload: Workload }> {
  const store = await new Store({ tailCacheBytes: 0 }).open(SMALL)
  const workload = new Workload(seededRandom(seed))
  await workload.append(store.engine, 14, store.clock.now())
  await store.engine.compact(LOG, store.clock.now())
  await store.clock.advance(2000)
  await workload.append(store.engine, 14, store.clock.now())
  await store.engine.flush(LOG)
  // Segments are joined by this.
  await store.engine.configure(LOG, { ...defaultLogConfig, ...JOINED })
  return { store, workload }
}

/** Compacts, and lets the machine crash at the disk's call of this number. False when there was no such call. */
async function crashAt(store: Store, call: number, crash: Crash, seed: number): Promise<boolean> {
  let calls = 0
  let next: MemoryDisk | undefined
  const { disk } = store
  disk.fault = () => {
    if (++calls !== call) return undefined
    if (crash === 'failure') return 'EIO'
    next = crash === 'kill' ? disk.kill() : disk.powerCut(seededRandom(seed * 1000 + call))
    return 'EIO'
  }
  await store.engine.compact(LOG, store.clock.now()).catch(() => undefined)
  disk.fault = undefined
  store.disk = next ?? disk.powerCut(seededRandom(seed * 1000 + call))
  return calls >= call
}

async function crashEverywhere(seed: number, crash: Crash): Promise<number> {
  for (let call = 1; ; call++) {
    const { store, workload } = await prepared(seed)
    const { logEndOffset } = store.engine.offsets(LOG)!
    const isCrash = await crashAt(store, call, crash, seed)
    await store.open(JOINED)
    expect(store.engine.offsets(LOG)).toMatchObject({ logStartOffset: 0, logEndOffset })
    await workload.check(store.engine)
    const names = store.disk.list('/data/store-0')!.map(({ name }) => name)
    expect(names.filter((name) => /\.(cleaned|swap|deleted)$/.test(name))).toEqual([])
    const stored = storedOffsets(store)
    expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b))
    await workload.append(store.engine, 3, store.clock.now())
    const done = await store.engine.compact(LOG, store.clock.now())
    workload.assertClean(await workload.check(store.engine), done?.cleanedTo ?? 0)
    await workload.checkProducers(store.engine)
    if (!isCrash) return call
  }
}

describe.each(['kill', 'power cut', 'failure'] as const)(
  'a %s at any call of the disk during compaction loses no record and shows none twice',
  (crash) => {
    it.each(Array.from({ length: seeds }, (_, i) => i + 1))(
      'seed %i',
      { timeout: 60_000 },
      async (seed) => {
        expect(await crashEverywhere(seed, crash)).toBeGreaterThan(40)
      },
    )
  },
)

it('segments that are swapped out keep their indexes until it is durable that they are', async () => {
  const { store } = await prepared(1)
  const calls: string[] = []
  store.disk.fault = (verb, path) => {
    calls.push(`${verb} ${path.replace('/data/store-0/', '')}`)
    return undefined
  }
  await store.engine.compact(LOG, store.clock.now())
  const swappedIn = calls.filter((call) => call.endsWith('.log.cleaned'))
  const others = calls.filter(
    (call) => /^rename \d+\.log$/.test(call) && !swappedIn.includes(`${call}.cleaned`),
  )
  expect(others.length).toBeGreaterThan(0)
  for (const call of others) {
    const synced = calls.indexOf('sync /data/store-0', calls.indexOf(call))
    const index = calls.indexOf(call.replace('.log', '.index'))
    expect(index).toBeGreaterThan(synced)
  }
})
