import { describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import { type AppendOutcome, type LogId, logId } from '../../../src/storage/engine.ts'
import { DIRECTORY, LOG, specOf, Store, TOPIC_ID, turns } from '../store.ts'

const OTHER = logId(TOPIC_ID, 1)
const PROBE_MS = 1000

/** From now on nothing can be written in paths that contain this. */
function fill(store: Store, part = DIRECTORY, code = 'ENOSPC'): void {
  store.disk.fault = (verb, path) => {
    const takesRoom = verb === 'write' || verb === 'makeDirectory'
    return takesRoom && path.includes(part) ? code : undefined
  }
}

async function free(store: Store): Promise<void> {
  store.disk.fault = undefined
  await store.clock.advance(PROBE_MS)
  await turns(30)
}

const files = (store: Store): string[] =>
  store.disk.list(`${DIRECTORY}/store-0`)!.map(({ name }) => name)

async function produce(store: Store, sequence: number, log: LogId = LOG): Promise<AppendOutcome> {
  const records = [{ key: null, value: Buffer.from(`p${sequence}`), timestamp: 1000 }]
  const batch = buildBatch(records, { producerId: 7, producerEpoch: 0, baseSequence: sequence })
  const [outcome] = await store.engine.append([{ log, batch }])
  return outcome!
}

describe('a full disk', () => {
  it.each(['ENOSPC', 'EDQUOT'])(
    'refuses appends and serves readers, and takes appends again when there is room (%s)',
    async (code) => {
      const store = await new Store().open({}, 2)
      await store.append('a')
      const epoch = store.engine.offsets(LOG)!.leaderEpoch
      fill(store, DIRECTORY, code)
      expect(await store.append('b')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
      await turns(30)
      expect(await store.values()).toEqual(['a'])
      expect(await store.append('c')).toMatchObject({
        error: 'KAFKA_STORAGE_ERROR',
        message: expect.stringContaining('full'),
      })
      await store.clock.advance(5 * PROBE_MS)
      expect(await store.append('d')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
      await free(store)
      expect(await store.append('e')).toMatchObject({ kind: 'appended', baseOffset: 1 })
      expect(await store.values()).toEqual(['a', 'e'])
      expect(store.engine.offsets(LOG)!.leaderEpoch).toBe(epoch)
      expect(store.lines.filter((line) => line.includes('The disk is full'))).toHaveLength(1)
      expect(store.lines.filter((line) => line.includes('room on the disk again'))).toHaveLength(1)
      expect(files(store).filter((name) => name.endsWith('.cut'))).toEqual([])
      await store.kill()
      expect(await store.values()).toEqual(['a', 'e'])
    },
  )

  it('says so to the log that needs room, and the others go on', async () => {
    const store = await new Store().open({}, 2)
    fill(store, 'store-0')
    await store.append('a')
    expect(await store.append('b', OTHER)).toMatchObject({ kind: 'appended' })
    await free(store)
    expect(await store.append('a')).toMatchObject({ kind: 'appended', baseOffset: 0 })
  })

  it('keeps what producers have in order: what was refused is sent again and is the next', async () => {
    const store = await new Store().open({ segmentBytes: 300 })
    for (let i = 0; i < 6; i++) await produce(store, i)
    fill(store)
    const refused = await Promise.all([6, 7, 8].map((i) => produce(store, i)))
    expect(refused.every(({ kind }) => kind === 'rejected')).toBe(true)
    await free(store)
    expect(await produce(store, 5)).toMatchObject({ kind: 'duplicate', baseOffset: 5 })
    expect(await produce(store, 7)).toMatchObject({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    for (const i of [6, 7, 8]) expect(await produce(store, i)).toMatchObject({ baseOffset: i })
    expect(await store.values()).toEqual(Array.from({ length: 9 }, (_, i) => `p${i}`))
  })

  it('cuts off what a failed write has left, and nothing that was acknowledged', async () => {
    const store = await new Store().open()
    await store.append('a')
    const { length } = store.file('00000000000000000000.log')
    fill(store, '.log')
    await Promise.all([store.append('b'), store.append('c'.repeat(2000))])
    expect(store.file('00000000000000000000.log').length).toBeGreaterThan(length)
    await turns(30)
    expect(store.file('00000000000000000000.log').length).toBe(length)
    await free(store)
    await store.append('d')
    await store.kill()
    expect(await store.values()).toEqual(['a', 'd'])
  })

  it('makes a log that could not be made, when there is room', async () => {
    const store = await new Store().open({}, 0)
    await store.engine.create([{ ...specOf(0), lazy: true }])
    fill(store)
    expect(await store.append('a')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    await turns(30)
    await free(store)
    expect(await store.append('b')).toMatchObject({ kind: 'appended', baseOffset: 0 })
    await store.kill()
    expect(await store.values()).toEqual(['b'])
  })

  it('does not wait to remove what is deleted, and is made room by retention', async () => {
    const store = await new Store().open({ segmentBytes: 400, retentionBytes: 500 }, 2)
    for (let i = 0; i < 20; i++) await store.append(`value ${i}`)
    await store.engine.applyRetention(LOG, store.clock.now())
    expect(files(store).some((name) => name.endsWith('.deleted'))).toBe(true)
    for (let i = 0; i < 20; i++) await store.append(`more ${i}`)
    fill(store)
    await store.append('x')
    await turns(30)
    expect(files(store).filter((name) => name.endsWith('.deleted'))).toEqual([])
    const { logStartOffset } = store.engine.offsets(LOG)!
    await store.engine.applyRetention(LOG, store.clock.now())
    await turns(30)
    const moved = store.engine.offsets(LOG)!.logStartOffset
    expect(moved).toBeGreaterThan(logStartOffset)
    expect(files(store).filter((name) => name.endsWith('.deleted'))).toEqual([])
    store.disk = store.disk.powerCut(seededRandom(1))
    await store.open({ segmentBytes: 400, retentionBytes: 500 })
    expect(store.engine.offsets(LOG)!.logStartOffset).toBe(moved)
  })

  it('loses neither start nor end of a log whose records all go, at whatever moment the power is cut', async () => {
    for (let moment = 0; moment < 24; moment++) {
      for (let seed = 0; seed < 24; seed++) {
        // Of one segment, or of several.
        const count = seed % 4 > 0 ? 3 : 20
        const config = { segmentBytes: 400, retentionMs: 1 }
        const store = await new Store().open(config)
        for (let i = 0; i < count; i++) await store.append(`value ${i}`)
        // A checkpoint has synced the folder as it was before.
        await store.clock.advance(11_000)
        await turns(30)
        await store.append('last')
        await store.engine.flush(LOG)
        fill(store)
        const applied = store.engine.applyRetention(LOG, store.clock.now())
        await turns(moment)
        store.disk = store.disk.powerCut(seededRandom(100 * moment + seed))
        await applied.catch(() => undefined)
        await store.open(config)
        const { logStartOffset, logEndOffset } = store.engine.offsets(LOG)!
        expect(logEndOffset).toBe(count + 1)
        if (moment === 23) expect(logStartOffset).toBe(count + 1)
      }
    }
  })

  it('leaves a log offline that cannot be opened again for another reason, and the others come back', async () => {
    const store = await new Store().open({}, 2)
    await store.append('a')
    await store.append('a', OTHER)
    fill(store)
    const { fault } = store.disk
    store.disk.fault = (verb, path) =>
      verb === 'read' && path.includes('store-0') ? 'EIO' : fault?.(verb, path)
    await Promise.all([store.append('b'), store.append('b', OTHER)])
    await turns(30)
    await free(store)
    expect(await store.append('c')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    expect(await store.append('c', OTHER)).toMatchObject({ kind: 'appended', baseOffset: 1 })
    expect(store.lines.filter((line) => line.includes('stays offline'))).toHaveLength(1)
    expect(store.lines.filter((line) => line.includes('room on the disk again'))).toHaveLength(1)
  })

  it('that a sync finds is another matter: the log stays offline', async () => {
    const store = await new Store().open({ flushMessages: 1 })
    await store.append('a')
    store.disk.fault = (verb, path) =>
      verb === 'sync' && path.endsWith('.log') ? 'ENOSPC' : undefined
    await store.append('b')
    store.disk.fault = undefined
    await free(store)
    expect(await store.append('c')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    await expect(store.engine.own(LOG)).rejects.toThrow('new start')
  })

  it('is survived by random workloads, with any writes under way', async () => {
    for (let seed = 0; seed < 40; seed++) await new Workload(seed).go()
  })
})

/** Producers of three logs that send again what was refused, until it is taken. */
class Workload {
  private readonly random: Random
  private readonly store: Store
  private readonly logs = [0, 1, 2].map((i) => logId(TOPIC_ID, i))
  private readonly next = new Map<LogId, number>()

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.store = new Store({ syncWriteBytes: [0, 300, 1_000_000][seed % 3]! })
  }

  async go(): Promise<void> {
    const { store, random } = this
    const config = { segmentBytes: 1000, flushMessages: [1, 3, 1e9][random.below(3)]! }
    await store.open(config, 3)
    for (let round = 0; round < 12; round++) {
      if (random.below(3) === 0) fill(store, ['.log', DIRECTORY, 'store-1'][random.below(3)])
      const sending = this.logs.map((log) => this.send(log))
      await turns(random.below(12))
      if (random.below(2) === 0) store.disk.fault = undefined
      await Promise.all(sending)
      if (random.below(2) === 0) await free(store)
    }
    await free(store)
    await turns(30)
    for (const log of this.logs) await this.send(log)
    await this.check()
    store.disk = store.disk.kill()
    await store.open(config, 3)
    await this.check()
  }

  /** A few records in a row; the first that is refused ends it, and is the first of the next time. */
  private async send(log: LogId): Promise<void> {
    const first = this.next.get(log) ?? 0
    const count = 1 + this.random.below(6)
    const sent = Array.from({ length: count }, (_, i) => produce(this.store, first + i, log))
    let taken = 0
    for (const [i, outcome] of (await Promise.all(sent)).entries()) {
      if (outcome.kind === 'rejected') continue
      expect(outcome).toMatchObject({ baseOffset: first + i })
      expect(taken).toBe(i)
      taken++
    }
    this.next.set(log, first + taken)
  }

  private async check(): Promise<void> {
    for (const log of this.logs) {
      const values = await this.store.values(log)
      // One that was written and refused for a later one's sake may be there.
      expect(values.length).toBeGreaterThanOrEqual(this.next.get(log)!)
      expect(values).toEqual(values.map((_, i) => `p${i}`))
    }
  }
}
