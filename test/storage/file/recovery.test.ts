import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/random.ts'
import type { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { DIRECTORY, LOG, Store } from '../store.ts'

const SEGMENT = '00000000000000000000.log'
const INDEX = '00000000000000000000.index'
const TIME_INDEX = '00000000000000000000.timeindex'

const FOLDER = `${DIRECTORY}/store-0`
const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1)

/** Starts on this store's folder, and dies in the sync of a path. */
async function dieInSync(store: Store, path: string): Promise<void> {
  const { disk } = store
  let survivor: MemoryDisk | undefined
  disk.fault = (verb, at) => {
    if (verb !== 'sync' || at !== path) return undefined
    survivor ??= disk.kill()
    return 'EIO'
  }
  await expect(store.open()).rejects.toThrow('EIO')
  disk.fault = undefined
  store.disk = survivor!
}

describe('recovery', () => {
  it('cuts a torn tail, whatever part of the last batch was written', async () => {
    const store = await new Store().open()
    await store.append('first')
    const whole = store.file(SEGMENT).length
    await store.append('second')
    const bytes = store.file(SEGMENT)
    for (let size = whole; size < bytes.length; size++) {
      store.disk = store.disk.kill()
      store.overwrite(SEGMENT, bytes.subarray(0, size))
      await store.open()
      expect(await store.values()).toEqual(['first'])
      expect(store.file(SEGMENT).length).toBe(whole)
    }
    expect(await store.append('third')).toMatchObject({ baseOffset: 1 })
  })

  it('cuts from the first batch with a wrong byte on', async () => {
    const store = await new Store().open()
    for (const value of ['a', 'b', 'c']) await store.append(value)
    const bytes = store.file(SEGMENT)
    const size = bytes.length / 3
    for (let at = size; at < 2 * size; at++) {
      // Base offset and leader epoch are not in the checksum, but say where a batch belongs.
      if (at >= size + 12 && at < size + 16) continue
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= 0x81
      store.disk = store.disk.kill()
      store.overwrite(SEGMENT, damaged)
      await store.open()
      const values = await store.values()
      expect(values[0]).toBe('a')
      // A changed base offset is a gap, as compaction leaves them.
      if (at >= size + 8) expect(values).toEqual(['a'])
    }
  })

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['random', () => Buffer.from('no index is like this one, and of no whole length')],
    ['zero, as Kafka preallocates it', () => Buffer.alloc(1024)],
    [
      'pointing elsewhere',
      () => Buffer.from('0000000100000001000000020000000300000009000000ff', 'hex'),
    ],
  ])(
    'does without indexes that are %s, after a kill and after a clean stop',
    async (_name, make) => {
      const config = { indexIntervalBytes: 1, segmentBytes: 2000 }
      const store = await new Store().open(config)
      const values = Array.from({ length: 40 }, (_, i) => `value ${i}`)
      for (const value of values) await store.append(value)
      for (const isClean of [true, false]) {
        if (isClean) await store.engine.close()
        else store.disk = store.disk.kill()
        store.overwrite(INDEX, make())
        store.overwrite(TIME_INDEX, make())
        await store.open(config)
        expect(await store.values()).toEqual(values)
        expect((await store.engine.offsetForTimestamp(LOG, 1000))?.offset).toBe(0)
      }
    },
  )

  it('does without checkpoints, snapshots, indexes and metadata', async () => {
    const store = await new Store().open()
    for (const value of ['a', 'b']) await store.append(value)
    await store.engine.close()
    for (const { name } of store.disk.list(DIRECTORY)!) {
      if (name.endsWith('checkpoint')) store.disk.remove(`${DIRECTORY}/${name}`)
    }
    for (const { name } of store.disk.list(`${DIRECTORY}/store-0`)!) {
      if (!name.endsWith('.log')) store.disk.remove(`${DIRECTORY}/store-0/${name}`)
    }
    await store.open()
    expect(await store.values()).toEqual(['a', 'b'])
  })

  it('reads no log after a clean stop', async () => {
    const store = await new Store().open()
    for (let i = 0; i < 50; i++) await store.append('x'.repeat(10_000))
    await store.engine.close()
    const read: string[] = []
    const watch = (): void => {
      store.disk.fault = (verb, path) => {
        if (verb === 'open' && path.endsWith('.log')) read.push(path)
        return undefined
      }
    }
    watch()
    await store.open()
    expect(read).toEqual([])
    await store.engine.close()
  })

  it('removes what is left of deleted logs', async () => {
    const store = await new Store().open()
    await store.append('a')
    await store.engine.delete(LOG)
    await store.kill()
    await store.engine.close()
    const names = store.disk.list(DIRECTORY)!.map(({ name }) => name)
    expect(names.filter((name) => name.endsWith('-delete'))).toEqual([])
  })
})

describe('what a start cuts off', () => {
  const rest = '.'.repeat(100)

  it('does not come back between later records when it died before that was durable', async () => {
    for (const seed of SEEDS) {
      const store = await new Store().open()
      await store.append('first')
      await store.append(`old${rest}`)
      const torn = store.file(SEGMENT).subarray(0, -rest.length)
      store.disk = store.disk.kill()
      store.overwrite(SEGMENT, torn)
      for (const name of [SEGMENT, 'partition.metadata']) {
        await store.disk.open(`${FOLDER}/${name}`).sync()
      }
      for (const path of [FOLDER, DIRECTORY, '/']) await store.disk.syncDirectory(path)
      await dieInSync(store, `${FOLDER}/${SEGMENT}`)
      await store.open()
      const values = ['first', `new${rest}`, 'last']
      for (const value of values.slice(1)) await store.append(value)
      store.disk = store.disk.powerCut(seededRandom(seed))
      await store.open()
      const found = await store.values()
      expect(found, `seed ${seed}`).toEqual(values.slice(0, found.length))
    }
  })

  it('does not come back behind later records when it died before the names were durable', async () => {
    for (const seed of SEEDS) {
      const store = await new Store().open({ segmentBytes: 200 })
      for (const value of ['first', 'second', `old${rest}`]) await store.append(value)
      await store.engine.flush(LOG)
      const torn = store.file(SEGMENT).subarray(0, -1)
      store.disk = store.disk.kill()
      store.overwrite(SEGMENT, torn)
      await store.disk.open(`${FOLDER}/${SEGMENT}`).sync()
      // Where a start removes one, it makes that durable, and with it all that was done before.
      for (const { name } of store.disk.list(FOLDER)!) {
        if (name.endsWith('.snapshot')) store.disk.remove(`${FOLDER}/${name}`)
      }
      await store.disk.syncDirectory(FOLDER)
      await dieInSync(store, FOLDER)
      await store.open()
      const values = ['first', 'new']
      await store.append('new')
      store.disk = store.disk.powerCut(seededRandom(seed))
      await store.open()
      const found = await store.values()
      expect(found, `seed ${seed}`).toEqual(values.slice(0, found.length))
    }
  })
})
