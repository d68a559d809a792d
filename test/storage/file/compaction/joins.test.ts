import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../src/random.ts'
import { defaultLogConfig } from '../../../../src/storage/engine.ts'
import { LOG, Store, turns } from '../../store.ts'
import { batchesOf, SMALL, storedOffsets } from './keyed-log.ts'
import { Workload } from './workload.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]

async function scene(seed: number): Promise<{ store: Store; workload: Workload }> {
  const store = await new Store({ tailCacheBytes: 0 }).open(SMALL)
  const workload = new Workload(seededRandom(seed))
  await workload.append(store.engine, 14, store.clock.now())
  return { store, workload }
}

const names = (store: Store): string[] => store.disk.list('/data/store-0')!.map(({ name }) => name)

describe('compaction, and what others do meanwhile', () => {
  it.each(SEEDS)(
    'cleans nothing behind the recovery point, where a kill would take a gap for a loss: seed %i',
    async (seed) => {
      const { store, workload } = await scene(seed)
      const { engine, clock } = store
      let isDone = false
      const compacting = engine.compact(LOG, clock.now()).then(() => void (isDone = true))
      // A busy log rolls on while what it had is made to last.
      for (let i = 0; i < 400 && !isDone; i++) {
        await workload.append(engine, 1, clock.now())
        await turns(1)
      }
      await compacting
      const { logEndOffset } = engine.offsets(LOG)!
      await store.kill(SMALL)
      expect(store.lines.filter((line) => line.includes('kept in files'))).toEqual([])
      expect(store.engine.offsets(LOG)).toMatchObject({ logEndOffset })
      await workload.check(store.engine)
    },
  )

  it('stops when its topic is to keep all from now on', async () => {
    const { store, workload } = await scene(1)
    await workload.append(store.engine, 40, store.clock.now())
    const compacting = store.engine.compact(LOG, store.clock.now())
    await turns(2)
    const before = storedOffsets(store)
    const config = { ...defaultLogConfig, ...SMALL, retentionMs: -1 }
    const cleanupPolicy = { delete: true, compact: false }
    await store.engine.configure(LOG, { ...config, cleanupPolicy })
    expect(await compacting).toBe(undefined)
    expect(storedOffsets(store)).toEqual(before)
    expect(names(store).filter((name) => /\.(cleaned|swap)$/.test(name))).toEqual([])
    await store.engine.configure(LOG, config)
    expect(await store.engine.compact(LOG, store.clock.now())).toMatchObject({ cleanedFrom: 0 })
    await workload.check(store.engine)
  })

  it('gives up on a full disk, and is taken up again when there is room', async () => {
    const { store, workload } = await scene(1)
    const { clock } = store
    let room = 0
    // Each time there is room for one write more, up to the last one, after which all is clean.
    for (; store.engine.dirtiness(LOG, clock.now())!.cleanableBytes > 0 && room < 100; room++) {
      let left = room
      store.disk.fault = (verb) => (verb === 'write' && left-- <= 0 ? 'ENOSPC' : undefined)
      expect(await store.engine.compact(LOG, clock.now())).toBe(undefined)
      store.disk.fault = undefined
      await clock.advance(1000)
      await turns(30)
      await workload.check(store.engine)
    }
    expect(room).toBeGreaterThan(5)
    expect(room).toBeLessThan(100)
    await workload.append(store.engine, 3, clock.now())
    await store.kill(SMALL)
    await workload.check(store.engine)
  })

  it.each(Array.from({ length: 20 }, (_, i) => i * 9))(
    'tells nothing of a log that was deleted to the next one of its name, %i turns after it began',
    async (count) => {
      const { store } = await scene(4)
      const compacting = store.engine.compact(LOG, store.clock.now())
      await turns(count)
      await store.engine.delete(LOG)
      await compacting
      await turns(20)
      await store.engine.close()
      expect(String(store.disk.readFile('/data/cleaner-offset-checkpoint') ?? '')).not.toContain(
        'store 0',
      )
    },
  )

  it('is remembered before it takes anything, so that a kill does not make losses of its gaps', async () => {
    for (let call = 1; ; call++) {
      const { store, workload } = await scene(3)
      let calls = 0
      let killed = store.disk
      store.disk.fault = () => {
        if (++calls === call) killed = store.disk.kill()
        return calls >= call ? 'EIO' : undefined
      }
      await store.engine.compact(LOG, store.clock.now()).catch(() => undefined)
      if (calls < call) return
      store.disk = killed
      // Its topic is not compacted any more.
      await store.open({ ...SMALL, cleanupPolicy: { delete: true, compact: false } })
      expect(store.lines.filter((line) => line.includes('gone'))).toEqual([])
      await workload.check(store.engine)
    }
  })

  it('never lets a start go back that only the names of segments tell, on a full disk', {
    timeout: 60_000,
  }, async () => {
    const both = { ...SMALL, retentionBytes: 1200, cleanupPolicy: { delete: true, compact: true } }
    for (let call = 1; ; call++) {
      const store = await new Store({ tailCacheBytes: 0 }).open(both)
      const workload = new Workload(seededRandom(1))
      await workload.append(store.engine, 20, store.clock.now())
      const { engine, clock } = store
      await engine.configure(LOG, { ...defaultLogConfig, ...both, segmentBytes: 1800 })
      let calls = 0
      let retention: Promise<unknown> = Promise.resolve()
      store.disk.fault = (verb, path) => {
        if (verb === 'write' && path.includes('log-start')) return 'ENOSPC'
        if (++calls === call) {
          retention = turns(0).then(() => engine.applyRetention(LOG, clock.now()).catch(() => 0))
        }
        return undefined
      }
      await engine.compact(LOG, clock.now())
      await retention
      store.disk.fault = undefined
      const { logStartOffset } = engine.offsets(LOG)!
      await store.kill(both)
      const after = store.engine.offsets(LOG)!.logStartOffset
      expect(after, `call ${call}`).toBeGreaterThanOrEqual(logStartOffset)
      if (calls < call) return
    }
  })

  it.each([
    ['is empty', () => Buffer.alloc(0)],
    ['is no log at all', () => Buffer.from('nothing of ours, '.repeat(20))],
    ['is torn', (log: Buffer) => log.subarray(0, log.length - 1)],
  ])('leaves a segment in its place where what was to take it %s', async (_, make) => {
    const { store, workload } = await scene(1)
    const name = '00000000000000000000.log'
    const swap = make(store.file(name))
    store.overwrite(`${name}.swap`, swap)
    store.disk.makeDirectory('/data/store-0/00000000000000000005.log')
    await store.kill(SMALL)
    await workload.check(store.engine)
    expect(store.file(`${name}.0.cut`)).toEqual(swap)
    expect(names(store)).not.toContain(`${name}.swap`)
    expect(store.lines.join()).toContain('the segment stays')
  })

  it.each([0, 1, 2, 5, 9])(
    'lets an owner replay what is compacted and cut meanwhile, after %i batches',
    async (count) => {
      const { store, workload } = await scene(1)
      await workload.append(store.engine, 20, store.clock.now())
      const config = { ...defaultLogConfig, ...SMALL, fileDeleteDelayMs: 0 }
      await store.engine.configure(LOG, config)
      const { replay } = await store.engine.own(LOG)
      const before = await batchesOf(store.engine)
      const replayed: number[] = []
      const take = async (): Promise<void> => {
        await store.engine.compact(LOG, store.clock.now())
        await store.engine.truncateBefore(LOG, before[3]!.baseOffset)
        await turns(40)
      }
      if (count === 0) await take()
      for await (const batch of replay()) {
        if (replayed.push(batch.baseOffset) === count) await take()
      }
      // Each once and in order, and nothing lacks that is still there.
      expect(replayed).toEqual([...new Set(replayed)].sort((a, b) => a - b))
      for (const { baseOffset } of await batchesOf(store.engine)) {
        expect(replayed).toContain(baseOffset)
      }
    },
  )
})
