import { describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import type { BatchView } from '../../../src/protocol/records/batch-view.ts'
import { buildMarker } from '../../../src/protocol/records/control-records.ts'
import { decodeAborted } from '../../../src/storage/aborted-transactions.ts'
import type { LogRead, ReadResult } from '../../../src/storage/engine.ts'
import { DIRECTORY, LOG, Store, turns } from '../store.ts'

const ROUND_MS = 10_000
const SMALL = { segmentBytes: 500 }

function part(baseSequence: number, size = 50): BatchView {
  const options = { producerId: 7, producerEpoch: 0, baseSequence, transactional: true }
  return buildBatch([{ key: null, value: Buffer.alloc(size), timestamp: 1000 }], options)
}

const ABORT = { type: 'ABORT', producerId: 7, producerEpoch: 0, coordinatorEpoch: 0 } as const

class Transactions extends Store {
  private sequence = 0

  /** Two records and their abort, again and again: transactions from 0, 3, 6, ... on. */
  async abort(times: number, size?: number): Promise<this> {
    for (let i = 0; i < times; i++) {
      const batches = [part(this.sequence, size), part(this.sequence + 1, size)]
      batches.push(buildMarker({ ...ABORT, timestamp: 1000 }))
      this.sequence += 2
      await this.engine.append(batches.map((batch) => ({ log: LOG, batch })))
    }
    return this
  }

  async checkpoint(): Promise<void> {
    await this.clock.advance(ROUND_MS)
    await turns(40)
  }

  get lists(): string[] {
    const entries = this.disk.list(`${DIRECTORY}/store-0`) ?? []
    const names = entries.map(({ name }) => name).filter((name) => name.endsWith('.txnindex'))
    return names.map((name) => String(Number(name.slice(0, 20)))).sort((a, b) => +a - +b)
  }

  get snapshots(): number[] {
    const entries = this.disk.list(`${DIRECTORY}/store-0`) ?? []
    const names = entries.map(({ name }) => name).filter((name) => name.endsWith('.snapshot'))
    return names.map((name) => Number(name.slice(0, 20)))
  }

  async committed(offset: number): Promise<LogRead> {
    const want = { log: LOG, offset, maxBytes: 1, committedOnly: true }
    const read = await this.engine.read([want], { maxBytes: 1, firstWhole: true })
    read.release()
    return read.reads[0]!
  }

  /** Where each batch's transaction began that is told of. */
  async firsts(from: number, to: number): Promise<number[]> {
    const firsts: number[] = []
    for (let offset = from; offset < to; offset++) {
      const { error, abortedTransactions } = await this.committed(offset)
      expect(error).toBe(undefined)
      expect(abortedTransactions).toHaveLength(1)
      firsts.push(abortedTransactions[0]!.firstOffset)
    }
    return firsts
  }
}

const nameOf = (base: string | number): string => `${String(base).padStart(20, '0')}.txnindex`
const everyThird = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i - ((from + i) % 3))

describe('the aborted transactions of a log', () => {
  it('stand beside the segment that has their markers, as soon as it is checkpointed, in the order of markers', async () => {
    const store = await new Transactions().open(SMALL)
    await store.abort(10)
    expect(store.lists).toEqual([])
    expect(await store.firsts(0, 30)).toEqual(everyThird(0, 30))
    await store.checkpoint()
    expect(store.lists.length).toBeGreaterThan(3)
    const entries = store.lists.flatMap((base) => decodeAborted(store.file(nameOf(base))))
    expect(entries).toEqual(
      Array.from({ length: 10 }, (_, i) => ({
        producerId: 7,
        firstOffset: 3 * i,
        lastOffset: 3 * i + 2,
        lastStableOffset: 3 * i + 3,
      })),
    )
    for (const base of store.lists) {
      expect(decodeAborted(store.file(nameOf(base)))[0]!.lastOffset).toBeGreaterThanOrEqual(+base)
    }
    expect(await store.firsts(0, 30)).toEqual(everyThird(0, 30))
  })

  it('go with their segments', async () => {
    const store = await new Transactions().open(SMALL)
    await store.abort(10)
    await store.checkpoint()
    const before = store.lists
    await store.engine.truncateBefore(LOG, 20)
    expect(store.lists.length).toBeLessThan(before.length)
    expect(await store.firsts(20, 30)).toEqual(everyThird(20, 30))
    await store.engine.close()
    await store.open(SMALL)
    expect(await store.firsts(20, 30)).toEqual(everyThird(20, 30))
  })

  it('are listed anew where a list is damaged, when a start after a crash finds it', async () => {
    const store = await new Transactions().open(SMALL)
    await store.abort(10)
    await store.checkpoint()
    const name = nameOf(store.lists[1]!)
    const good = Buffer.from(store.file(name))
    const bad = Buffer.from(good)
    bad.writeInt16BE(9, 0)
    store.overwrite(name, bad)
    await store.kill(SMALL)
    expect(store.lines).toContain('A list of aborted transactions is damaged, and is made anew.')
    expect(await store.firsts(0, 30)).toEqual(everyThird(0, 30))
    await store.abort(1)
    await store.checkpoint()
    expect(store.file(name).equals(good)).toBe(true)
  })

  it('are not told of by half: a read that needs a damaged list fails, others do not', async () => {
    const store = await new Transactions().open(SMALL)
    await store.abort(10)
    await store.engine.close()
    const name = nameOf(store.lists[1]!)
    const { firstOffset } = decodeAborted(store.file(name))[0]!
    store.overwrite(name, Buffer.alloc(store.file(name).length))
    await store.open(SMALL)
    expect((await store.committed(firstOffset)).error).toBe('KAFKA_STORAGE_ERROR')
    expect(await store.firsts(27, 30)).toEqual([27, 27, 27])
    const want = { log: LOG, offset: firstOffset, maxBytes: 1 }
    const { reads } = await store.engine.read([want], { maxBytes: 1, firstWhole: true })
    expect(reads[0]!.error).toBe(undefined)
  })

  it('of a segment that is gone are not taken for those of another', async () => {
    const store = await new Transactions().open(SMALL)
    await store.abort(3)
    await store.checkpoint()
    store.overwrite(nameOf(100), store.file(nameOf(0)))
    await store.kill(SMALL)
    expect(store.lists).not.toContain('100')
  })

  it('are read again with the records when those go while they are read', async () => {
    const store = await new Transactions({ tailCacheBytes: 0 }).open({ segmentBytes: 700_000 })
    await store.abort(4, 150_000)
    await store.abort(1)
    const want = { log: LOG, offset: 0, maxBytes: 1 << 20, committedOnly: true }
    const readings: (ReadResult | Promise<ReadResult>)[] = []
    // The last of these is the last that a truncation does before segments go.
    store.disk.fault = (verb, path) => {
      if (verb !== 'sync' || !(path.endsWith('.timeindex') || path === DIRECTORY)) return undefined
      readings.push(store.engine.read([want], { maxBytes: 1 << 20, firstWhole: true }))
      return undefined
    }
    await store.engine.truncateBefore(LOG, 9)
    store.disk.fault = undefined
    expect(readings.at(-1)).toBeInstanceOf(Promise)
    for (const [i, reading] of readings.entries()) {
      const read = await reading
      const { error, size, abortedTransactions } = read.reads[0]!
      const isLast = i === readings.length - 1
      expect([error, size > 0]).toEqual(isLast ? ['OFFSET_OUT_OF_RANGE', false] : [undefined, true])
      if (!isLast) expect(abortedTransactions.map((one) => one.firstOffset)).toEqual([0, 3])
      read.release()
    }
    expect((await store.committed(9)).abortedTransactions).toEqual([
      { producerId: 7, firstOffset: 9 },
    ])
  })

  it('hold a snapshot of producers back until they are on stable storage', async () => {
    const store = await new Transactions().open(SMALL)
    await store.abort(10)
    expect(store.snapshots).toEqual([])
    store.disk.fault = (verb, path) =>
      verb === 'sync' && path.endsWith('.txnindex') ? 'EIO' : undefined
    await store.checkpoint()
    expect(store.snapshots).toEqual([])
    store.disk.fault = undefined
    await store.abort(1)
    await store.checkpoint()
    expect(store.snapshots).toEqual([33])
  })

  it.each([
    ['what is added to their list', '.txnindex', 2],
    ['the name of their list', '/store-0', 1],
  ])(
    'hold back the snapshot of a segment that begins while %s is on its way there',
    async (_name, synced, rounds) => {
      const store = await new Transactions().open({ segmentBytes: 1000 })
      await store.abort(1)
      if (rounds > 1) {
        await store.checkpoint()
        await store.abort(1)
      }
      const before = store.snapshots
      const appended: Promise<unknown>[] = []
      let found: number[] | undefined
      store.disk.fault = (verb, path) => {
        const isIt = verb === 'sync' && path.endsWith(synced) && store.lists.length > 0
        if (!isIt || appended.length > 0) return undefined
        appended.push(store.append('x'.repeat(800)))
        found = store.snapshots
        return undefined
      }
      await store.checkpoint()
      expect(found).toEqual(before)
      const baseOffset = 3 * rounds
      expect(await Promise.all(appended)).toMatchObject([{ baseOffset }])
      const segment = `${String(baseOffset).padStart(20, '0')}.log`
      expect(store.file(segment).length).toBeGreaterThan(800)
      expect(store.snapshots).toEqual([...before, baseOffset])
    },
  )
})
