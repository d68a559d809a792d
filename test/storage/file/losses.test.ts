import { describe, expect, it } from 'vitest'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import type { LogConfig } from '../../../src/storage/engine.ts'
import { openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { batchOf, DIRECTORY, LOG, specOf, Store } from '../store.ts'

const FIRST = '00000000000000000000.log'

interface Line {
  level: 'info' | 'warn' | 'error'
  text: string
  context: Record<string, unknown>
}

/** A store that tells at which level it logs. */
class Told extends Store {
  readonly told: Line[] = []

  override async open(config: Partial<LogConfig> = {}): Promise<this> {
    this.told.length = 0
    const at =
      (level: Line['level']) =>
      (context: object, text: string): void =>
        void this.told.push({ level, text, context: context as Line['context'] })
    this.engine = await openFileEngine({
      disk: this.disk,
      directory: DIRECTORY,
      clock: this.clock,
      log: { info: at('info'), warn: at('warn'), error: at('error') },
      options: { tailCacheBytes: 0 },
    })
    await this.engine.create([specOf(0, config)])
    return this
  }

  get errors(): string[] {
    return this.told.filter(({ level }) => level === 'error').map(({ text }) => text)
  }

  async fill(count: number): Promise<string[]> {
    const values = Array.from({ length: count }, (_, i) => `value ${i}`.padEnd(100, '.'))
    for (const value of values) await this.append(value)
    return values
  }

  names(): string[] {
    return this.disk.list(`${DIRECTORY}/store-0`)!.map(({ name }) => name)
  }

  segments(): string[] {
    return this.names()
      .filter((name) => name.endsWith('.log'))
      .sort()
  }

  removeFolder(): void {
    this.disk.rename(`${DIRECTORY}/store-0`, '/elsewhere')
  }
}

function startOf(bytes: Buffer, index: number): number {
  let at = 0
  let i = 0
  for (const batch of batchesIn(bytes)) {
    if (i++ === index) return at
    at += batch.sizeInBytes
  }
  throw new Error(`no batch ${index}`)
}

describe('after a kill', () => {
  it('what good batches stand behind a wrong byte are counted, and kept aside', async () => {
    const store = await new Told().open()
    const values = await store.fill(30)
    const bytes = store.file(FIRST)
    const start = startOf(bytes, 10)
    const damaged = Buffer.from(bytes)
    damaged[start + 70]! ^= 1
    store.disk = store.disk.kill()
    store.overwrite(FIRST, damaged)
    await store.open()
    expect(await store.values()).toEqual(values.slice(0, 10))
    const kept = `${FIRST}.10.cut`
    expect(store.file(kept)).toEqual(damaged.subarray(start))
    expect(store.told).toMatchObject([
      {
        level: 'error',
        context: {
          cutBytes: bytes.length - start,
          batches: 19,
          records: 19,
          logEndOffset: 10,
          kept: `${DIRECTORY}/store-0/${kept}`,
        },
      },
    ])
  })

  it.each([
    ['too long', 0x7000_0000],
    ['beyond the next batch', 5000],
    ['none', 0],
    ['negative', -1],
  ])('they are found where the wrong batch claims a length that is %s', async (_name, length) => {
    const store = await new Told().open()
    await store.fill(30)
    const bytes = Buffer.from(store.file(FIRST))
    bytes.writeInt32BE(length, startOf(bytes, 10) + 8)
    store.disk = store.disk.kill()
    store.overwrite(FIRST, bytes)
    await store.open()
    expect(store.told).toMatchObject([{ level: 'error', context: { batches: 19 } }])
  })

  it('a second cut at the same place keeps the first', async () => {
    const store = await new Told().open()
    for (let round = 0; round < 2; round++) {
      await store.fill(5 - 2 * round)
      const bytes = Buffer.from(store.file(FIRST))
      bytes[startOf(bytes, 2) + 70]! ^= 1
      store.disk = store.disk.kill()
      store.overwrite(FIRST, bytes)
      await store.open()
    }
    expect(store.names().filter((name) => name.endsWith('.cut'))).toEqual([
      `${FIRST}.2.cut`,
      `${FIRST}.2.2.cut`,
    ])
  })

  it('a torn end is a warning, and nothing is kept of it', async () => {
    const store = await new Told().open()
    await store.fill(10)
    const bytes = store.file(FIRST)
    store.disk = store.disk.kill()
    store.overwrite(FIRST, bytes.subarray(0, -50))
    await store.open()
    expect(store.told).toMatchObject([{ level: 'warn' }])
    expect(store.names().filter((name) => name.endsWith('.cut'))).toEqual([])
  })

  it('whole segments behind a damaged one are kept aside', async () => {
    const config = { segmentBytes: 1000 }
    const store = await new Told().open(config)
    const values = await store.fill(30)
    const [first, second, third] = store.segments() as [string, string, string]
    const bytes = Buffer.from(store.file(first))
    const whole = store.file(third)
    bytes[startOf(bytes, 2) + 70]! ^= 1
    store.disk = store.disk.kill()
    store.overwrite(first, bytes)
    await store.open(config)
    expect(await store.values()).toEqual(values.slice(0, 2))
    expect(store.segments()).toEqual([first])
    expect(store.file(`${third}.2.cut`)).toEqual(whole)
    expect(store.names()).toContain(`${second}.2.cut`)
    expect(store.told.map(({ level }) => level)).toEqual(['error', 'error'])
    expect(
      Number(store.told[0]!.context['records']) + Number(store.told[1]!.context['records']),
    ).toBe(27)
    // What is kept stays out of the way.
    expect(await store.append('next')).toMatchObject({ baseOffset: 2 })
    await store.kill(config)
    expect(await store.values()).toEqual([...values.slice(0, 2), 'next'])
  })
})

describe('after a clean stop', () => {
  it('a log that was cut short is recovered, and says what it had', async () => {
    const store = await new Told().open()
    const values = await store.fill(30)
    await store.engine.close()
    store.overwrite(FIRST, store.file(FIRST).subarray(0, -100))
    const epoch = store.engine.offsets(LOG)?.leaderEpoch
    await store.open()
    expect(await store.values()).toEqual(values.slice(0, 29))
    expect(store.errors).toHaveLength(2)
    expect(store.errors[1]).toBe('store-0 had records up to 30; it now ends at 29.')
    expect(store.engine.offsets(LOG)!.leaderEpoch).toBeGreaterThan(epoch ?? 0)
    expect(await store.append('next')).toMatchObject({ baseOffset: 29 })
    await store.engine.close()
    await store.open()
    expect(store.told).toEqual([])
  })

  it('records that take the offsets of lost ones are not believed unread', async () => {
    const store = await new Told().open()
    await store.fill(30)
    await store.engine.close()
    store.overwrite(FIRST, store.file(FIRST).subarray(0, -1000))
    await store.open()
    const { length } = store.file(FIRST)
    await store.append('next')
    const bytes = store.file(FIRST)
    bytes[length + 70]! ^= 1
    store.disk = store.disk.kill()
    store.overwrite(FIRST, bytes)
    await store.open()
    expect((await store.values()).at(-1)).not.toBe('next')
  })

  it('a log whose folder is gone is empty, and says once what it had', async () => {
    const store = await new Told().open()
    await store.fill(30)
    await store.engine.close()
    store.removeFolder()
    await store.open()
    expect(await store.values()).toEqual([])
    expect(store.errors).toEqual(['store-0 had records up to 30; its folder is gone.'])
    await store.append('new')
    await store.kill()
    expect(store.errors).toEqual([])
    expect(await store.values()).toEqual(['new'])
  })

  it('a log in the place of one that is gone is not known as cleaned', async () => {
    const store = await new Told().open()
    await store.fill(30)
    await store.engine.close()
    const cleanedTo = `${DIRECTORY}/cleaner-offset-checkpoint`
    store.disk.writeFile(cleanedTo, Buffer.from('0\n2\nother 0 5\nstore 0 20\n'))
    store.disk.makeDirectory(`${DIRECTORY}/other-0`)
    store.removeFolder()
    await store.open()
    expect(String(store.disk.readFile(cleanedTo))).toBe('0\n1\nother 0 5\n')
  })

  it('nothing is said of a log that was deleted, at whatever moment the end came', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const store = await new Told().open()
      await store.fill(3)
      await store.engine.close()
      await store.open()
      const deleted = store.engine.delete(LOG)
      for (let i = 0; i < turns; i++) await store.disk.turn()
      store.disk = store.disk.kill()
      await deleted.catch(() => undefined)
      const before = store.disk.list(DIRECTORY)!.some(({ name }) => name === 'store-0')
      await store.open()
      if (!before) expect(store.errors).toEqual([])
    }
  })

  it.each([
    ['first', 0, 'store-0 had records before'],
    ['middle', 2, 'Records are gone from the middle of a log: 10 to 14.'],
    ['last', -1, 'store-0 had records up to 40; it now ends at 35.'],
  ])(
    'a log whose %s segment is gone serves the others, and says so',
    async (_name, index, text) => {
      const config = { segmentBytes: 900 }
      const store = await new Told().open(config)
      const values = await store.fill(40)
      await store.engine.close()
      const name = store.segments().at(index)!
      const lost = [...batchesIn(store.file(name))].map(({ baseOffset }) => values[baseOffset])
      store.disk.remove(`${DIRECTORY}/store-0/${name}`)
      await store.open(config)
      expect(store.errors).toHaveLength(1)
      expect(store.errors[0]).toContain(text)
      expect(await store.values()).toEqual(values.filter((value) => !lost.includes(value)))
    },
  )

  it.each([
    ['short', (bytes: Buffer) => bytes.subarray(0, -100)],
    ['empty', () => Buffer.alloc(0)],
  ])('a closed segment that is %s loses its torn end, and readers go on', async (_name, cut) => {
    const config = { segmentBytes: 900 }
    const store = await new Told().open(config)
    const values = await store.fill(40)
    await store.engine.close()
    const name = store.segments()[2]!
    const bytes = cut(store.file(name))
    store.overwrite(name, bytes)
    await store.open(config)
    const found = await store.values()
    const left = [...batchesIn(bytes)].length
    expect(found).toEqual([...values.slice(0, 10 + left), ...values.slice(15)])
    expect(store.errors.at(-1)).toBe(
      `Records are gone from the middle of a log: ${10 + left} to 14.`,
    )
    expect(await store.append('next')).toMatchObject({ baseOffset: 40 })
  })

  it('nothing is said where nothing is missing, with and without a log start', async () => {
    const config = { segmentBytes: 900 }
    const store = await new Told().open(config)
    await store.fill(40)
    for (const offset of [0, 13, 27, 40]) {
      await store.engine.truncateBefore(LOG, offset)
      await store.engine.close()
      await store.open(config)
      expect(store.told).toEqual([])
      await store.kill(config)
      expect(store.told).toEqual([])
    }
    await store.engine.append([{ log: LOG, batch: batchOf('end') }])
  })
})

describe('a replay', () => {
  it.each([
    ['in its records', 70, (byte: number) => byte ^ 1],
    ['in its length', 8, () => 0x70],
  ])('passes over a batch that is damaged %s, and says so', async (_name, at, change) => {
    const store = await new Told().open()
    const values = await store.fill(30)
    await store.engine.close()
    const bytes = Buffer.from(store.file(FIRST))
    const position = startOf(bytes, 10) + at
    bytes[position] = change(bytes[position]!)
    store.overwrite(FIRST, bytes)
    await store.open()
    const { replay } = await store.engine.own(LOG)
    const offsets: number[] = []
    for await (const { baseOffset } of replay()) offsets.push(baseOffset)
    expect(offsets).toEqual(values.map((_, offset) => offset).filter((offset) => offset !== 10))
    expect(store.told).toMatchObject([{ level: 'error', context: { offset: 10 } }])
  })
})
