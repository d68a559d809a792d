import { describe, expect, it } from 'vitest'
import { logId } from '../../../src/storage/engine.ts'
import { batchOf, DIRECTORY, LOG, specOf, Store, turns } from '../store.ts'

/** Turns of the event loop after which the second thing is begun, so that it falls into each step of the first. */
const MOMENTS = Array.from({ length: 30 }, (_, i) => i)
const ROUND_MS = 10_000
const OTHER_TOPIC_ID = 'store0000000000000000Q'
const OTHER = logId(OTHER_TOPIC_ID, 0)

function files(store: Store, ending: string): string[] {
  const names = store.disk.list(`${DIRECTORY}/store-0`)!.map(({ name }) => name)
  return names.filter((name) => name.endsWith(ending)).toSorted()
}

/** Deletes the log, and has one of its name made as soon as the folder is free, with a record in it. */
async function replaceLog(store: Store): Promise<void> {
  const deleted = store.engine.delete(LOG)
  while (store.engine.offsets(LOG)) await Promise.resolve()
  await store.engine.create([{ ...specOf(0), topicId: OTHER_TOPIC_ID }])
  await store.append('new', OTHER)
  await deleted
}

describe('a checkpoint', () => {
  it.each(MOMENTS)(
    'loses nothing to a truncation that is under way, %i turns before',
    async (moment) => {
      const store = await new Store().open({ segmentBytes: 500, indexIntervalBytes: 1 })
      for (let i = 0; i < 40; i++) await store.append(`value ${i}`)
      const truncated = store.engine.truncateBefore(LOG, 30)
      await turns(moment)
      await store.append('late')
      const passed = store.clock.advance(ROUND_MS)
      expect(await truncated).toBe(30)
      await passed
      await turns(40)
      expect(store.lines).toEqual([])
      await store.engine.close()
      const segments = files(store, '.log').map((name) => name.slice(0, -'.log'.length))
      for (const ending of ['.index', '.timeindex']) {
        expect(files(store, ending)).toEqual(segments.map((name) => `${name}${ending}`))
      }
    },
  )

  it.each(MOMENTS)(
    'loses nothing to a truncation whose last segment ends meanwhile, %i turns before',
    async (moment) => {
      for (const later of MOMENTS) {
        const store = await new Store().open({ segmentBytes: 500, indexIntervalBytes: 1 })
        for (let i = 0; i < 40; i++) await store.append(`value ${i}`)
        const truncated = store.engine.truncateBefore(LOG, 40)
        await turns(moment)
        const appended = store.append('x'.repeat(400))
        await turns(later)
        const passed = store.clock.advance(ROUND_MS)
        expect(await truncated).toBe(40)
        await Promise.all([passed, appended])
        await turns(20)
        expect(store.lines).toEqual([])
        expect(files(store, '.log')).toContain('00000000000000000040.log')
      }
    },
  )

  it.each(MOMENTS)(
    'of a deleted log leaves the next one of its name alone, %i turns before',
    async (moment) => {
      const store = await new Store().open({ segmentBytes: 500, indexIntervalBytes: 1 })
      for (let i = 0; i < 40; i++) await store.append(`old ${i}`)
      const passed = store.clock.advance(ROUND_MS)
      await turns(moment)
      await replaceLog(store)
      await passed
      await turns(40)
      expect(store.lines).toEqual([])
      expect(files(store, '')).toEqual([
        '00000000000000000000.log',
        'leader-epoch-checkpoint',
        'partition.metadata',
      ])
      store.disk = store.disk.kill()
      await store.open({}, 0)
      await store.engine.create([{ ...specOf(0), topicId: OTHER_TOPIC_ID }])
      expect(await store.values(OTHER)).toEqual(['new'])
    },
  )
})

describe('a write of many segments', () => {
  it.each(MOMENTS.slice(0, 15))(
    'of a deleted log leaves the next one of its name alone, %i turns before',
    async (moment) => {
      const store = await new Store({ syncWriteBytes: 0 }).open({ segmentBytes: 500 })
      const appends = Array.from({ length: 30 }, (_, i) => ({
        log: LOG,
        batch: batchOf(`old ${i}`),
      }))
      const answered = store.engine.append(appends)
      await turns(moment)
      await replaceLog(store)
      await answered
      await turns(40)
      expect(await store.values(OTHER)).toEqual(['new'])
      expect(files(store, '.log')).toEqual(['00000000000000000000.log'])
      await store.engine.close()
      await store.open({}, 0)
      await store.engine.create([{ ...specOf(0), topicId: OTHER_TOPIC_ID }])
      expect(await store.values(OTHER)).toEqual(['new'])
    },
  )
})

describe('a truncation', () => {
  it.each(MOMENTS)(
    'of a deleted log leaves the next one of its name alone, %i turns before',
    async (moment) => {
      const store = await new Store().open({ segmentBytes: 500 })
      for (let i = 0; i < 40; i++) await store.append(`old ${i}`)
      const truncated = store.engine.truncateBefore(LOG, 30).catch((error: Error) => error.name)
      await turns(moment)
      await replaceLog(store)
      expect([30, 'StorageError']).toContain(await truncated)
      await turns(40)
      expect(await store.values(OTHER)).toEqual(['new'])
      await store.engine.close()
      await store.open({}, 0)
      await store.engine.create([{ ...specOf(0), topicId: OTHER_TOPIC_ID }])
      expect(await store.values(OTHER)).toEqual(['new'])
      expect(store.engine.offsets(OTHER)?.logStartOffset).toBe(0)
    },
  )
})

describe('a log that is opened anew', () => {
  it.each(MOMENTS.slice(0, 10))(
    'waits for the write that is still under way, %i turns after the failure',
    async (moment) => {
      const store = await new Store({ syncWriteBytes: 0 }).open({ segmentBytes: 500 })
      await store.append('first')
      const appends = Array.from({ length: 30 }, (_, i) => ({
        log: LOG,
        batch: batchOf(`value ${i}`),
      }))
      const answered = store.engine.append(appends)
      await turns(2)
      store.disk.fault = (verb) => (verb === 'write' ? 'EIO' : undefined)
      // A segment's start writes a snapshot, and fails while the write before is under way.
      await store.engine.append(appends)
      store.disk.fault = undefined
      await turns(moment)
      await store.engine.create([specOf(0, { segmentBytes: 500 })])
      const [outcome] = await store.engine.append([{ log: LOG, batch: batchOf('last') }])
      await answered
      const values = await store.values()
      expect(outcome).toMatchObject({ kind: 'appended', baseOffset: values.length - 1 })
      expect(values[0]).toBe('first')
      expect(values.at(-1)).toBe('last')
    },
  )
})

describe('a stop', () => {
  it('takes what was accepted before it, written or not', async () => {
    const store = await new Store().open()
    await store.append('a')
    const accepted = store.append('b')
    const closed = store.engine.close()
    const refused = store.append('c')
    await closed
    expect(await accepted).toMatchObject({ kind: 'appended', baseOffset: 1 })
    expect(await refused).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    await store.open()
    expect(store.engine.offsets(LOG)?.leaderEpoch).toBe(0)
    expect(await store.values()).toEqual(['a', 'b'])
    expect(await store.append('d')).toMatchObject({ baseOffset: 2 })
  })

  it('takes a large write that is under way', async () => {
    const store = await new Store({ syncWriteBytes: 0 }).open()
    const accepted = store.append('a'.repeat(20_000))
    await turns(1)
    const later = store.append('b')
    await store.engine.close()
    expect(await accepted).toMatchObject({ kind: 'appended' })
    expect(await later).toMatchObject({ kind: 'appended' })
    await store.open()
    expect(await store.values()).toHaveLength(2)
  })

  it('is no clean one when a log could not be checkpointed', async () => {
    const store = await new Store().open()
    await store.append('a')
    store.disk.fault = (verb, path) =>
      verb === 'write' && path.endsWith('.timeindex') ? 'ENOSPC' : undefined
    await store.engine.close()
    store.disk.fault = undefined
    await store.open()
    expect(store.engine.offsets(LOG)?.leaderEpoch).toBe(1)
    expect(await store.values()).toEqual(['a'])
  })
})

describe('after a clean stop', () => {
  const SEGMENT = '00000000000000000000.log'

  it('a log that somebody else has appended to is found whole', async () => {
    const store = await new Store().open()
    await store.append('a')
    await store.engine.close()
    const more = new Store()
    await more.open()
    for (const value of ['a', 'b']) await more.append(value)
    store.overwrite(SEGMENT, more.file(SEGMENT))
    await store.open()
    expect(await store.values()).toEqual(['a', 'b'])
    expect(await store.append('c')).toMatchObject({ baseOffset: 2 })
  })

  it('a log that has lost its end goes on from where it ends', async () => {
    const store = await new Store().open()
    for (const value of ['a', 'b']) await store.append(value)
    await store.engine.close()
    store.overwrite(SEGMENT, store.file(SEGMENT).subarray(0, -1))
    await store.open()
    expect(await store.values()).toEqual(['a'])
    expect(await store.append('c')).toMatchObject({ baseOffset: 1 })
  })
})

describe('a segment', () => {
  it('whose first batch has no timestamp goes on, until it is old', async () => {
    const config = { segmentMs: 60_000 }
    const store = await new Store().open(config)
    const append = async (timestamp: number): Promise<void> => {
      await store.engine.append([{ log: LOG, batch: batchOf('x', timestamp) }])
    }
    for (let i = 0; i < 3; i++) {
      await append(-1)
      await append(store.clock.now())
    }
    expect(files(store, '.log')).toHaveLength(1)
    await store.clock.advance(60_000)
    await append(-1)
    expect(files(store, '.log')).toHaveLength(1)
    await store.clock.advance(1)
    await append(store.clock.now())
    expect(files(store, '.log')).toHaveLength(2)
  })
})
