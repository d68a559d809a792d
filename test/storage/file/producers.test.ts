import { describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import type { BatchView } from '../../../src/protocol/records/batch-view.ts'
import type { AppendOutcome } from '../../../src/storage/engine.ts'
import {
  encodeInSlices,
  encodeProducerSnapshot,
} from '../../../src/storage/file/producer-snapshot.ts'
import { ProducerStates } from '../../../src/storage/producer-state.ts'
import { LOG, specOf, Store, turns } from '../store.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const CHECK_MS = 600_000
const ROUND_MS = 10_000
const MANY = 5000

function produced(producerId: number, baseSequence: number, timestamp: number): BatchView {
  const options = { producerId, producerEpoch: 0, baseSequence }
  return buildBatch([{ key: null, value: null, timestamp }], options)
}

class Producers extends Store {
  async produce(
    producerId: number,
    baseSequence = 0,
    timestamp = this.clock.now(),
  ): Promise<AppendOutcome> {
    const batch = produced(producerId, baseSequence, timestamp)
    const [outcome] = await this.engine.append([{ log: LOG, batch }])
    return outcome!
  }

  /** Producers 0 to `MANY` have each a batch in the log. */
  async produceMany(): Promise<void> {
    const now = this.clock.now()
    await this.engine.append(
      Array.from({ length: MANY }, (_, id) => ({ log: LOG, batch: produced(id, 0, now) })),
    )
  }

  get known(): number[] {
    return this.engine.producers(LOG).map(({ producerId }) => producerId)
  }

  /** Counts the snapshots written from now on. */
  watchSnapshots(): string[] {
    const written = new Set<string>()
    const names: string[] = []
    this.disk.fault = (verb, path) => {
      if (verb === 'write' && path.endsWith('.snapshot') && !written.has(path)) {
        written.add(path)
        names.push(path)
      }
      return undefined
    }
    return names
  }

  /** Time goes by, and what it sets off comes to its end. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await turns(30)
  }
}

describe('a silent producer', () => {
  it('is forgotten after a day, one that still produces is not', async () => {
    const store = new Producers()
    await store.open()
    await store.produce(1)
    await store.produce(2)
    await store.pass(DAY_MS - HOUR_MS)
    await store.produce(2, 1)
    expect(store.known).toEqual([1, 2])
    await store.pass(HOUR_MS + CHECK_MS)
    expect(store.known).toEqual([2])
    expect(await store.produce(1, 7)).toMatchObject({ kind: 'appended' })
    expect(await store.produce(2, 1)).toMatchObject({ kind: 'duplicate' })
  })

  it('is forgotten after as long as the log is configured to remember it', async () => {
    const store = new Producers()
    await store.open({ producerIdExpirationMs: HOUR_MS })
    await store.produce(1)
    await store.pass(2 * HOUR_MS)
    expect(store.known).toEqual([])
    await store.produce(2)
    await store.engine.configure(LOG, specOf(0).config)
    await store.pass(2 * HOUR_MS)
    expect(store.known).toEqual([2])
  })

  it('is not forgotten because the wall clock jumps, or because its records are old', async () => {
    const store = new Producers()
    await store.open()
    await store.produce(1)
    await store.produce(2, 0, store.clock.now() - 30 * DAY_MS)
    store.clock.setWall(store.clock.now() + 365 * DAY_MS)
    await store.pass(2 * CHECK_MS)
    expect(store.known).toEqual([1, 2])
    await store.pass(DAY_MS)
    expect(store.known).toEqual([])
  })

  it.each(['close', 'kill'])(
    'is forgotten soon after a start that finds it old, by %s',
    async (how) => {
      const store = new Producers()
      await store.open()
      await store.produce(1, 0, store.clock.now() - 2 * DAY_MS)
      await store.produce(2)
      await store.pass(ROUND_MS)
      if (how === 'close') await store.engine.close()
      else store.disk = store.disk.kill()
      await store.open()
      expect(store.known).toEqual([1, 2])
      await store.pass(2 * CHECK_MS)
      expect(store.known).toEqual([2])
    },
  )

  it('is looked for a few thousand at a time, while others are heard of', () => {
    const states = new ProducerStates()
    for (let id = 0; id < 25_000; id++) states.appended(produced(id, 0, 0), id, id)
    const slices = states.forget(20_000)
    expect(slices.next().done).toBe(false)
    states.appended(produced(15_000, 1, 0), 30_000, 30_000)
    for (const _ of slices) expect(states.size).toBeGreaterThan(0)
    expect(states.size).toBe(4999 + 1)
  })
})

describe('a snapshot of producers', () => {
  it('of many is written again when one of them has changed, not when others append', async () => {
    const store = new Producers()
    await store.open()
    await store.produceMany()
    const written = store.watchSnapshots()
    await store.pass(ROUND_MS)
    expect(written).toHaveLength(1)
    await store.append('not of a producer')
    await store.pass(ROUND_MS)
    expect(written).toHaveLength(1)
    await store.produce(7, 1)
    await store.pass(ROUND_MS)
    expect(written).toHaveLength(2)
  })

  it('is there at the end of the log after a clean stop, so that no log is read', async () => {
    const store = new Producers()
    await store.open()
    await store.produceMany()
    await store.pass(ROUND_MS)
    await store.append('not of a producer')
    await store.pass(ROUND_MS)
    await store.engine.close()
    const read: string[] = []
    store.disk.fault = (verb, path) => {
      if (verb === 'open' && path.endsWith('.log')) read.push(path)
      return undefined
    }
    await store.open()
    expect(store.known).toHaveLength(MANY)
    expect(read).toEqual([])
  })

  it('tells what was at its offset, whatever is appended while it is encoded and written', async () => {
    const store = new Producers()
    await store.open()
    await store.produceMany()
    await store.clock.advance(ROUND_MS)
    for (let sequence = 1; sequence <= 8; sequence++) {
      await store.produce(0, sequence)
      await store.produce(MANY - 1, sequence)
    }
    await turns(30)
    await store.kill()
    for (const id of [0, MANY - 1]) {
      expect(await store.produce(id, 8)).toMatchObject({ kind: 'duplicate' })
      expect(await store.produce(id, 4)).toMatchObject({ kind: 'duplicate' })
      expect(await store.produce(id, 3)).toMatchObject({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    }
  })

  it('is encoded in slices, to the same bytes', () => {
    const states = new ProducerStates()
    for (let id = 0; id < MANY; id++) {
      for (let sequence = 0; sequence < 1 + (id % 6); sequence++) {
        states.appended(produced(id, sequence, id), id * 10 + sequence)
      }
    }
    const slices = encodeInSlices(states.list())
    let pauses = 0
    let next = slices.next()
    for (; !next.done; next = slices.next()) pauses++
    expect(pauses).toBeGreaterThanOrEqual(2)
    expect(next.value.equals(encodeProducerSnapshot(states))).toBe(true)
  })
})
