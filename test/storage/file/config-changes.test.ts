import { describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import type { LogConfig } from '../../../src/storage/engine.ts'
import { batchOf, DIRECTORY, LOG, specOf, Store, turns } from '../store.ts'

async function configure(store: Store, config: Partial<LogConfig>): Promise<void> {
  await store.engine.configure(LOG, specOf(0, config).config)
}

async function send(store: Store, timestamp = 1000): Promise<void> {
  await store.engine.append([{ log: LOG, batch: batchOf('value', timestamp) }])
}

const files = (store: Store, ending: string): string[] =>
  store.disk
    .list(`${DIRECTORY}/store-0`)!
    .map(({ name }) => name)
    .filter((name) => name.endsWith(ending))

describe('a running log goes by a changed', () => {
  it('segment.bytes, segment.ms and segment.index.bytes, with its next batch', async () => {
    const size = batchOf('value').sizeInBytes
    const store = await new Store().open()
    for (let i = 0; i < 4; i++) await send(store)
    expect(files(store, '.log')).toHaveLength(1)
    await configure(store, { segmentBytes: 4 * size })
    await send(store)
    expect(files(store, '.log')).toHaveLength(2)
    await configure(store, { segmentMs: 500 })
    await send(store, 1501)
    expect(files(store, '.log')).toHaveLength(3)
    await configure(store, { indexIntervalBytes: 0, segmentIndexBytes: 8 })
    await send(store, 1501)
    expect(files(store, '.log')).toHaveLength(4)
  })

  it('index.interval.bytes', async () => {
    const store = await new Store().open()
    for (let i = 0; i < 10; i++) await send(store)
    await configure(store, { indexIntervalBytes: 0 })
    for (let i = 0; i < 10; i++) await send(store)
    await store.engine.close()
    expect(store.file('00000000000000000000.index').length).toBe(8 * 10)
  })

  it('producer.id.expiration.ms', async () => {
    const store = await new Store().open()
    const records = [{ key: null, value: Buffer.from('a'), timestamp: 1000 }]
    const batch = buildBatch(records, { producerId: 7, producerEpoch: 0, baseSequence: 0 })
    await store.engine.append([{ log: LOG, batch }])
    await store.clock.advance(600_000)
    await turns(10)
    expect(store.engine.producers(LOG)).toHaveLength(1)
    await configure(store, { producerIdExpirationMs: 1000 })
    await store.clock.advance(600_000)
    await turns(10)
    expect(store.engine.producers(LOG)).toEqual([])
  })

  it('file.delete.delay.ms', async () => {
    const store = await new Store().open()
    await send(store)
    await configure(store, { fileDeleteDelayMs: 0, retentionMs: 1 })
    await store.engine.applyRetention(LOG, store.clock.now())
    await turns(10)
    expect(files(store, '.deleted')).toEqual([])
    expect(files(store, '.log')).toEqual(['00000000000000000001.log'])
  })

  it('config also where it is given anew by whoever opens the log again', async () => {
    const store = await new Store().open()
    await store.engine.create([specOf(0, { retentionMs: 5 })])
    const [spec] = await store.engine.list()
    expect(spec!.config.retentionMs).toBe(5)
  })
})
