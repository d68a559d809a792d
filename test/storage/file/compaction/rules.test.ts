import { describe, expect, it } from 'vitest'
import { LOG, Store } from '../../store.ts'
import { batchesOf, keyed, put, recordsOf, roll, SMALL, textOf } from './keyed-log.ts'

const NOW = 10_000

async function dirty(config = {}): Promise<Store> {
  return new Store().open({ ...SMALL, ...config })
}

describe('compaction keeps what Kafka keeps', () => {
  it('the last value of each key, at its offset, and all that is not yet to be cleaned', async () => {
    const { engine } = await dirty()
    await put(
      engine,
      keyed([
        ['a', '1'],
        ['b', '1'],
        ['a', '2'],
      ]),
      keyed([
        ['c', '1'],
        ['b', '2'],
      ]),
    )
    await roll(engine)
    await put(engine, keyed([['c', '2']]))
    const done = await engine.compact(LOG, NOW)
    expect(await textOf(engine)).toEqual(['2:a=2', '3:c=1', '4:b=2', '7:c=2'])
    expect(done).toMatchObject({ cleanedFrom: 0, cleanedTo: 6, recordsBefore: 6, recordsAfter: 4 })
    expect(done!.bytesAfter).toBeLessThan(done!.bytesBefore)
    // Nothing is dirty any more.
    expect(await engine.compact(LOG, NOW)).toBe(undefined)
  })

  it('records without a key go', async () => {
    const store = await dirty()
    const { engine } = store
    await put(
      engine,
      keyed([
        [null, 'lost'],
        ['a', '1'],
      ]),
    )
    await roll(engine)
    await engine.compact(LOG, NOW)
    expect(await textOf(engine)).toEqual(['1:a=1'])
    expect(store.lines).toContain('Records without a key were dropped from a compacted log.')
  })

  it('a tombstone takes what was before it at once, and goes when it was clean for delete.retention.ms', async () => {
    const { engine } = await dirty()
    await put(engine, keyed([['a', '1']]), keyed([['a', null]]))
    await roll(engine)
    await engine.compact(LOG, NOW)
    expect(await textOf(engine)).toEqual(['1:a=∅'])
    const [tombstone] = await batchesOf(engine)
    expect(tombstone).toMatchObject({ hasDeleteHorizon: true, baseTimestamp: NOW + 1000 })
    expect((await recordsOf(engine))[0]).toMatchObject({ offset: 1, timestamp: 1000 })

    await roll(engine)
    await engine.compact(LOG, NOW + 999)
    expect(await textOf(engine)).toEqual(['1:a=∅'])
    await roll(engine)
    await engine.compact(LOG, NOW + 1000)
    expect(await textOf(engine)).toEqual([])
  })

  it('a producer is known by its last batch, which stays without records', async () => {
    const store = await dirty()
    const { engine } = store
    const producer = { producerId: 5, producerEpoch: 0 }
    await put(
      engine,
      keyed([['a', '1']], { ...producer, baseSequence: 0 }),
      keyed([['a', '2']], { ...producer, baseSequence: 1 }),
      keyed([['a', '3']]),
    )
    await roll(engine)
    await engine.compact(LOG, NOW)
    expect(await textOf(engine)).toEqual(['2:a=3'])
    const [first] = await batchesOf(engine)
    expect(first).toMatchObject({ baseOffset: 1, recordCount: 0, producerId: 5, baseSequence: 1 })
    const again = keyed([['a', '2']], { ...producer, baseSequence: 1 })
    expect(await engine.append([{ log: LOG, batch: again }])).toMatchObject([
      { kind: 'duplicate', baseOffset: 1 },
    ])
    // From the batches alone.
    await store.kill(SMALL)
    const next = keyed([['a', '4']], { ...producer, baseSequence: 2 })
    expect(await store.engine.append([{ log: LOG, batch: next }])).toMatchObject([
      { kind: 'appended' },
    ])
  })

  it('the last batch of a round stays without records, so that nobody waits for its offset', async () => {
    const { engine } = await dirty()
    await put(engine, keyed([['a', '1']]), keyed([['filler', 'x'.repeat(450)]]))
    await put(engine, keyed([[null, 'y'.repeat(450)]]))
    await put(engine, keyed([['b', 'z'.repeat(450)]]))
    await engine.compact(LOG, NOW)
    const batches = await batchesOf(engine)
    expect(batches.map(({ baseOffset, recordCount }) => [baseOffset, recordCount])).toEqual([
      [0, 1],
      [1, 1],
      [2, 0],
      [3, 1],
    ])
  })

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'a batch of codec %s stays in it, and is copied where it loses nothing',
    async (compression) => {
      const { engine } = await dirty()
      const whole = keyed([['whole', 'w'.repeat(50)]], { compression })
      await put(
        engine,
        keyed(
          [
            ['a', '1'],
            ['b', '1'.repeat(50)],
          ],
          { compression },
        ),
        whole,
        keyed([['a', '2']], { compression }),
      )
      await roll(engine)
      await engine.compact(LOG, NOW)
      expect((await textOf(engine)).map((text) => text.slice(0, 6))).toEqual([
        '1:b=11',
        '2:whol',
        '3:a=2',
      ])
      const [first, second] = await batchesOf(engine)
      expect(first).toMatchObject({ compression, baseOffset: 0, lastOffset: 1, recordCount: 1 })
      expect(second!.bytes.subarray(17)).toEqual(whole.bytes.subarray(17))
    },
  )

  it('small segments become one, as far as they fit', async () => {
    const store = await dirty()
    const { engine } = store
    for (let i = 0; i < 20; i++) await put(engine, keyed([['k', `${i}`.padEnd(100, '.')]]))
    const logs = (): string[] =>
      store.disk
        .list('/data/store-0')!
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.log'))
        .sort()
    expect(logs().length).toBe(7)
    await engine.compact(LOG, NOW)
    // Two of what they were before do not fit into one.
    expect(logs().length).toBe(7)
    await roll(engine)
    await engine.compact(LOG, NOW)
    expect(logs().length).toBe(3)
    expect((await recordsOf(engine)).filter(({ key }) => key === 'k')).toHaveLength(1)
  })

  it('what min.compaction.lag.ms keeps is not cleaned, and nothing is overdue before max.compaction.lag.ms', async () => {
    const { engine } = await dirty({ minCompactionLagMs: 5000, maxCompactionLagMs: 8000 })
    await put(engine, keyed([['a', '1']]), keyed([['a', '2']]))
    await roll(engine)
    expect(await engine.compact(LOG, 5000)).toBe(undefined)
    expect(engine.dirtiness(LOG, 5000)).toMatchObject({ cleanableBytes: 0, isDue: false })
    expect(engine.dirtiness(LOG, 6001)).toMatchObject({ ratio: 1, isDue: true })
    await engine.compact(LOG, 6001)
    expect(await textOf(engine)).toEqual(['1:a=2'])
    await roll(engine)
    const { cleanBytes, cleanableBytes, isDue } = engine.dirtiness(LOG, 7000)!
    expect([cleanBytes > 0, cleanableBytes > 0, isDue]).toEqual([true, true, true])
  })

  it('is due by its ratio, or by records that are too old', async () => {
    const config = { minCleanableDirtyRatio: 1, maxCompactionLagMs: 8000 }
    const { engine } = await dirty(config)
    await put(engine, keyed([['a', '1']]))
    await roll(engine)
    expect(engine.dirtiness(LOG, 9000)).toMatchObject({ ratio: 1, isDue: false })
    expect(engine.dirtiness(LOG, 9001)).toMatchObject({ ratio: 1, isDue: true })
  })

  it('a log without compaction in its policy is left alone', async () => {
    const { engine } = await dirty({ cleanupPolicy: { delete: true, compact: false } })
    await put(engine, keyed([['a', '1']]), keyed([['a', '2']]))
    await roll(engine)
    expect(engine.dirtiness(LOG, NOW)).toBe(undefined)
    expect(await engine.compact(LOG, NOW)).toBe(undefined)
    expect(await textOf(engine)).toEqual(['0:a=1', '1:a=2'])
  })

  it('with memory for few keys goes on where the last round ended', async () => {
    const { engine } = await dirty()
    for (let i = 0; i < 40; i++) await put(engine, keyed([[`k${i % 15}`, `${i}`]]))
    await roll(engine)
    const limits = { dedupeBytes: 24 * 10, loadFactor: 0.9 }
    const first = await engine.compact(LOG, NOW, limits)
    expect(first).toMatchObject({ cleanedFrom: 0, cleanedTo: 9 })
    expect(first!.mapBytes).toBeLessThanOrEqual(240)
    let rounds = 1
    while (await engine.compact(LOG, NOW, limits)) rounds++
    expect(rounds).toBe(5)
    const kept = (await recordsOf(engine)).filter(({ key }) => key !== 'filler')
    expect(kept.map(({ value }) => Number(value))).toEqual(
      Array.from({ length: 15 }, (_, i) => i + 25),
    )
  })

  it('keys of a batch for which there is no room at all are an error, and the log is as it was', async () => {
    const { engine } = await dirty()
    await put(engine, keyed(Array.from({ length: 5 }, (_, i) => [`k${i}`, 'v'] as const)))
    await roll(engine)
    const before = await recordsOf(engine)
    await expect(engine.compact(LOG, NOW, { dedupeBytes: 48 })).rejects.toThrow(
      /log\.cleaner\.dedupe\.buffer\.size/,
    )
    expect(await recordsOf(engine)).toEqual(before)
  })
})
