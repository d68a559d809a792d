import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/random.ts'
import type { LogConfig } from '../../../src/storage/engine.ts'
import { batchOf, DIRECTORY, LOG, specOf, Store, turns } from '../store.ts'

const DAY_MS = 86_400_000
const CONFIG: Partial<LogConfig> = {
  segmentBytes: 500,
  retentionMs: DAY_MS,
  fileDeleteDelayMs: 60_000,
}

function files(store: Store, ending = '.log'): string[] {
  const names = store.disk.list(`${DIRECTORY}/store-0`)?.map(({ name }) => name) ?? []
  return names.filter((name) => name.endsWith(ending)).toSorted()
}

async function append(store: Store, value: string, timestamp = store.clock.now()) {
  const [outcome] = await store.engine.append([{ log: LOG, batch: batchOf(value, timestamp) }])
  return outcome!
}

/** Three segments and more, stamped a minute apart. */
async function filled(config: Partial<LogConfig> = {}): Promise<Store> {
  const store = await new Store().open({ ...CONFIG, ...config })
  for (let i = 0; i < 20; i++) {
    await append(store, `value ${i}`.padEnd(60, '.'))
    await store.clock.advance(60_000)
  }
  expect(files(store).length).toBeGreaterThan(3)
  return store
}

const start = (store: Store): number => store.engine.offsets(LOG)!.logStartOffset
const apply = (store: Store, now = store.clock.now()): Promise<void> =>
  store.engine.applyRetention(LOG, now)

describe('retention of a log', () => {
  it('drops segments when their newest record is too old, whole ones only, and the last one too', async () => {
    const store = await filled()
    const [, second] = files(store)
    const first = store.clock.now() - 20 * 60_000
    await apply(store, first + DAY_MS)
    expect(start(store)).toBe(0)
    const perSegment = Number(second!.slice(0, 20))
    await apply(store, first + DAY_MS + perSegment * 60_000)
    expect(start(store)).toBe(perSegment)
    await apply(store, store.clock.now() + 2 * DAY_MS)
    expect(start(store)).toBe(20)
    expect(store.engine.size(LOG)).toBe(0)
    expect(await append(store, 'next')).toMatchObject({ baseOffset: 20, logStartOffset: 20 })
    expect(await store.values()).toEqual(['next'])
    await store.kill(CONFIG)
    expect(start(store)).toBe(20)
    expect(await store.values()).toEqual(['next'])
  })

  it.each(['close', 'kill', 'power cut'])(
    'of all records leaves where the log goes on, through a %s',
    async (how) => {
      const store = await filled()
      await apply(store, store.clock.now() + 2 * DAY_MS)
      if (how === 'close') await store.engine.close()
      if (how === 'kill') store.disk = store.disk.kill()
      if (how === 'power cut') store.disk = store.disk.powerCut(seededRandom(1))
      await store.open(CONFIG)
      expect(start(store)).toBe(20)
      expect(await append(store, 'next')).toMatchObject({ baseOffset: 20 })
    },
  )

  it('goes by when the file was written where records have no timestamp', async () => {
    const store = await new Store().open(CONFIG)
    await append(store, 'a', -1)
    await apply(store, store.clock.now() + DAY_MS)
    expect(start(store)).toBe(0)
    await store.kill(CONFIG)
    await apply(store, store.clock.now() + DAY_MS)
    expect(start(store)).toBe(0)
    await apply(store, store.clock.now() + DAY_MS + 1)
    expect(start(store)).toBe(1)
  })

  it('waits at records that are stamped in the future, and says so once', async () => {
    const store = await new Store().open({ ...CONFIG, segmentMs: Number.MAX_SAFE_INTEGER })
    for (let i = 0; i < 5; i++) await append(store, `old ${i}`.padEnd(60, '.'))
    await append(store, 'later'.padEnd(60, '.'), store.clock.now() + 30 * DAY_MS)
    for (let i = 0; i < 10; i++) await append(store, `old ${i}`.padEnd(60, '.'))
    await store.clock.advance(2 * DAY_MS)
    await apply(store)
    await apply(store)
    const kept = start(store)
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThanOrEqual(5)
    expect(store.lines.filter((line) => line.includes('future'))).toHaveLength(1)
    await store.clock.advance(30 * DAY_MS)
    await apply(store)
    expect(start(store)).toBe(16)
  })

  it('does not take what is not acknowledged', async () => {
    const store = await new Store().open({ ...CONFIG, flushMessages: 1 })
    await append(store, 'a')
    let isHeld = true
    const held: (() => void)[] = []
    store.disk.syncTurn = () =>
      isHeld ? new Promise((resolve) => void held.push(resolve)) : Promise.resolve()
    const appended = append(store, 'b'.padEnd(400, '.'))
    await turns(5)
    expect(files(store)).toHaveLength(2)
    const applied = apply(store, store.clock.now() + 2 * DAY_MS)
    isHeld = false
    for (const resolve of held) resolve()
    await Promise.all([applied, appended])
    expect(start(store)).toBe(1)
    expect(await store.values()).toEqual(['b'.padEnd(400, '.')])
  })

  it.each(['deleted', 'closed'])(
    'ends without a word where the log is %s meanwhile',
    async (how) => {
      const store = await filled()
      const later = store.clock.now() + 2 * DAY_MS
      const applied = apply(store, later)
      const ended = how === 'deleted' ? store.engine.delete(LOG) : store.engine.close()
      await expect(applied).resolves.toBeUndefined()
      await ended
      expect(files(store).length > 0).toBe(how === 'closed')
    },
  )

  it('goes by a new config at once', async () => {
    const store = await filled({ retentionMs: -1 })
    await apply(store, store.clock.now() + 100 * DAY_MS)
    expect(start(store)).toBe(0)
    const size = store.engine.size(LOG)
    await store.engine.configure(LOG, {
      ...specOf(0, CONFIG).config,
      retentionMs: -1,
      retentionBytes: 1000,
    })
    await apply(store)
    expect(start(store)).toBeGreaterThan(0)
    expect(store.engine.size(LOG)).toBeLessThan(size)
    expect(store.engine.size(LOG)).toBeGreaterThanOrEqual(1000)
  })

  it.each([
    ['some', DAY_MS - 5 * 60_000],
    ['all', 2 * DAY_MS],
  ])(
    'of %s records never brings the start back, at whatever moment the end comes',
    async (_name, later) => {
      for (let moment = 0; moment < 40; moment++) {
        for (const isKill of [true, false]) {
          const store = await filled()
          const applied = apply(store, store.clock.now() + later)
          await turns(moment)
          const seen = start(store)
          const dead = store.disk
          store.disk = isKill ? dead.kill() : dead.powerCut(seededRandom(moment))
          await applied.catch(() => undefined)
          await store.open(CONFIG)
          expect(start(store)).toBeGreaterThanOrEqual(seen)
          const { logEndOffset } = store.engine.offsets(LOG)!
          if (isKill || seen > 0) expect(logEndOffset).toBe(20)
        }
      }
    },
  )
})

describe('files of deleted segments', () => {
  it('are renamed, stay for file.delete.delay.ms, and go', async () => {
    const store = await filled()
    const names = files(store)
    await apply(store, store.clock.now() + DAY_MS - 5 * 60_000)
    const deleted = files(store, '.log.deleted')
    expect(deleted).toEqual(names.slice(0, deleted.length).map((name) => `${name}.deleted`))
    expect(deleted.length).toBeGreaterThan(0)
    await store.clock.advance(59_999)
    expect(files(store, '.log.deleted')).toEqual(deleted)
    await store.clock.advance(1)
    await turns(20)
    expect(files(store, '.deleted')).toEqual([])
    expect(files(store)).toEqual(names.slice(deleted.length))
  })

  it('are removed by the next start, and what nobody here has named is left alone', async () => {
    const store = await filled()
    await apply(store, store.clock.now() + DAY_MS - 5 * 60_000)
    await store.engine.close()
    expect(files(store, '.deleted').length).toBeGreaterThan(0)
    for (const name of ['notes.deleted', 'mine.tmp', '0.log.deleted']) {
      store.overwrite(name, Buffer.from('mine'))
    }
    await store.open(CONFIG)
    expect(files(store, '.deleted')).toEqual(['0.log.deleted', 'notes.deleted'])
    expect(files(store, '.tmp')).toEqual(['mine.tmp'])
  })

  it('do not disturb who reads them: buffers that were lent, and reads under way', async () => {
    for (let moment = 0; moment < 8; moment++) {
      const store = await new Store({ tailCacheBytes: 0 }).open(CONFIG)
      const values = Array.from({ length: 20 }, (_, i) => `value ${i}`.padEnd(60, '.'))
      for (const value of values) await append(store, value)
      await store.engine.close()
      await store.open({ ...CONFIG, fileDeleteDelayMs: 0 })
      const reading = store.engine.read([{ log: LOG, offset: 0, maxBytes: 1 << 20 }], {
        maxBytes: 1 << 20,
        firstWhole: true,
      })
      await turns(moment)
      await apply(store, store.clock.now() + 2 * DAY_MS)
      await turns(10)
      const result = await reading
      const [read] = result.reads
      if (read!.error === undefined) {
        expect(String(read!.buffers[0]!)).toContain('value 0')
      } else {
        expect(read!.error).toBe('OFFSET_OUT_OF_RANGE')
      }
      result.release()
      expect(store.lines.filter((line) => line.includes('could not be read'))).toEqual([])
    }
  })
})

describe('folders of deleted logs', () => {
  const folders = (store: Store): string[] =>
    store.disk
      .list(DIRECTORY)!
      .filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name)

  it('are renamed as Kafka names them, stay for file.delete.delay.ms, and go', async () => {
    const store = await filled()
    await store.engine.delete(LOG)
    expect(folders(store)).toEqual([expect.stringMatching(/^store-0\.[0-9a-f]{32}-delete$/)])
    await store.clock.advance(59_999)
    expect(folders(store)).toHaveLength(1)
    await store.clock.advance(1)
    await turns(5)
    expect(folders(store)).toEqual([])
  })

  it('are out of the way of a log of the same name at once', async () => {
    const store = await filled()
    await store.engine.delete(LOG)
    await store.engine.create([specOf(0, CONFIG)])
    expect(await append(store, 'new')).toMatchObject({ baseOffset: 0 })
    await store.clock.advance(60_000)
    await turns(5)
    expect(folders(store)).toEqual(['store-0'])
    expect(await store.values()).toEqual(['new'])
    await store.kill(CONFIG)
    expect(await store.values()).toEqual(['new'])
  })

  it('are removed by the next start, and those that nobody here has named are left alone', async () => {
    const store = await filled()
    await store.engine.delete(LOG)
    await store.engine.close()
    store.disk.makeDirectory(`${DIRECTORY}/backup-delete`)
    await store.open(CONFIG)
    await turns(5)
    expect(folders(store)).toEqual(['backup-delete', 'store-0'])
  })
})
