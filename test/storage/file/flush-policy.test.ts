import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/random.ts'
import type { LogConfig } from '../../../src/storage/engine.ts'
import { LOG, specOf, Store, turns } from '../store.ts'

const SEGMENT = '00000000000000000000.log'

async function configure(store: Store, config: Partial<LogConfig>): Promise<void> {
  await store.engine.configure(LOG, specOf(0, config).config)
}

/** How often the log's file was synced from now on. */
function syncsOf(store: Store): () => number {
  let count = 0
  store.disk.fault = (verb, path) => {
    if (verb === 'sync' && path.endsWith(SEGMENT)) count++
    return undefined
  }
  return () => count
}

async function send(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await store.append(`${i}`)
  await turns(10)
}

describe('flush.messages', () => {
  it('has a log synced each so many records', async () => {
    const store = await new Store().open({ flushMessages: 5 })
    const syncs = syncsOf(store)
    await send(store, 4)
    expect(syncs()).toBe(0)
    await send(store, 1)
    expect(syncs()).toBe(1)
    await send(store, 9)
    expect(syncs()).toBe(2)
  })

  it('of 1 lets one sync answer the appends of a hundred producers', async () => {
    const store = await new Store().open({ flushMessages: 1 })
    await send(store, 1)
    const syncs = syncsOf(store)
    const produce = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) expect((await store.append('a')).kind).toBe('appended')
    }
    await Promise.all(Array.from({ length: 100 }, produce))
    expect(store.engine.offsets(LOG)?.highWatermark).toBe(2001)
    expect(syncs()).toBeGreaterThan(0)
    expect(syncs()).toBeLessThanOrEqual(2 * 20)
  })

  it('bounds what a power cut may take of acknowledged records', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const flushMessages = 1 + (seed % 6)
      const store = await new Store().open({ flushMessages })
      await store.engine.flush(LOG)
      let acknowledged = 0
      for (let i = 0; i < 20; i++) {
        void store.append(`${i}`).then(({ kind }) => {
          if (kind === 'appended') acknowledged++
        })
        await turns(seededRandom(seed + i).below(4))
      }
      const before = acknowledged
      store.disk = store.disk.powerCut(seededRandom(seed))
      await store.open({ flushMessages })
      expect((await store.values()).length).toBeGreaterThan(before - flushMessages)
    }
  })
})

describe('flush.ms', () => {
  it('has a log synced so long after a record', async () => {
    const store = await new Store().open({ flushMs: 500 })
    const syncs = syncsOf(store)
    await send(store, 3)
    await store.clock.advance(499)
    expect(syncs()).toBe(0)
    await store.clock.advance(1)
    await turns(10)
    expect(syncs()).toBe(1)
    await store.clock.advance(5000)
    expect(syncs()).toBe(1)
  })
})

describe('a changed flush policy', () => {
  it('arms, and disarms, the timer', async () => {
    const store = await new Store().open()
    const syncs = syncsOf(store)
    await send(store, 3)
    await configure(store, { flushMs: 500 })
    await configure(store, { flushMs: 5_000 })
    await store.clock.advance(500)
    await turns(10)
    expect(syncs()).toBe(0)
    await configure(store, { flushMs: 100 })
    await store.clock.advance(100)
    await turns(10)
    expect(syncs()).toBe(1)
    await send(store, 1)
    await configure(store, {})
    await store.clock.advance(5_000)
    expect(syncs()).toBe(1)
  })

  it('syncs what is more than it allows', async () => {
    const store = await new Store().open()
    const syncs = syncsOf(store)
    await send(store, 3)
    await configure(store, { flushMessages: 4 })
    await turns(10)
    expect(syncs()).toBe(0)
    await configure(store, { flushMessages: 3 })
    await turns(10)
    expect(syncs()).toBe(1)
  })

  it('answers who waited for a sync that is no longer asked for, and takes back nothing that was seen', async () => {
    const store = await new Store().open({ flushMessages: 1 })
    const held: (() => void)[] = []
    store.disk.syncTurn = () => new Promise((resolve) => void held.push(resolve))
    const waiting = store.append('a')
    await turns(5)
    expect(store.engine.offsets(LOG)?.highWatermark).toBe(0)
    await configure(store, {})
    expect(await waiting).toMatchObject({ kind: 'appended' })
    await configure(store, { flushMessages: 1 })
    expect(store.engine.offsets(LOG)?.highWatermark).toBe(1)
    for (const resolve of held) resolve()
  })
})
