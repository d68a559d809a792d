import { describe, expect, it } from 'vitest'
import { batchesIn, hasRightChecksum } from '../../../src/protocol/records/batch-view.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import { type FileEngine, openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { DIRECTORY, LOG, specOf, Store } from '../store.ts'

const SEGMENT = '00000000000000000000.log'
const SIZES = [0, 10, 500, 3000, 9000, 40_000]
/** More than any read of these logs has use for. */
const MOST_READS = 60

/** A log whose reads go to the files, because nothing is kept in memory. */
async function written(random: Random): Promise<{ store: Store; sent: Buffer[] }> {
  const store = new Store()
  await reopen(store)
  const sent: Buffer[] = []
  for (let i = 0; i < 60; i++) {
    const value = Buffer.alloc(SIZES[random.below(SIZES.length)]!, i)
    const batch = buildBatch([{ key: null, value, timestamp: i }])
    sent.push(batch.bytes.subarray(21))
    await store.engine.append([{ log: LOG, batch }])
  }
  return { store, sent }
}

async function reopen(store: Store): Promise<void> {
  const { disk, clock } = store
  const add = (_context: object, text: string): void => void store.lines.push(text)
  store.engine = await openFileEngine({
    disk,
    clock,
    directory: DIRECTORY,
    log: { info: add, warn: add, error: add },
    options: { tailCacheBytes: 0 },
  })
  await store.engine.create([specOf(0, { segmentBytes: 200_000, indexIntervalBytes: 4096 })])
}

/** Reads everything from each offset on, with limits by chance; whatever comes is whole batches, of which those with a right checksum are what was sent. */
async function readAll(engine: FileEngine, sent: Buffer[], random: Random): Promise<number> {
  let errors = 0
  for (let offset = 0; offset < sent.length; ) {
    const maxBytes = [0, 100, 5000, 60_000, 1 << 20][random.below(5)]!
    const want = { log: LOG, offset, maxBytes }
    const result = await engine.read([want], { maxBytes, firstWhole: true })
    const [{ buffers, error, size }] = result.reads as [(typeof result.reads)[0]]
    if (error) {
      expect(error).toBe('KAFKA_STORAGE_ERROR')
      errors++
      offset++
      continue
    }
    const bytes = Buffer.concat(buffers)
    expect(bytes.length).toBe(size)
    let end = 0
    for (const batch of batchesIn(bytes)) {
      if (hasRightChecksum(batch.bytes) && sent[batch.baseOffset]) {
        const isSent = sent.some((other) => other.equals(batch.bytes.subarray(21)))
        expect(isSent).toBe(true)
      }
      end += batch.sizeInBytes
      offset = Math.max(offset + 1, batch.nextOffset)
    }
    expect(end).toBe(size)
    if (size === 0) offset++
    result.release()
  }
  return errors
}

function countReads(store: Store): { most: () => number; begin: () => void } {
  let count = 0
  let most = 0
  store.disk.fault = (verb) => {
    if (verb !== 'read') return undefined
    most = Math.max(most, ++count)
    return count > 100 * MOST_READS ? 'EIO' : undefined
  }
  return { most: () => most, begin: () => void (count = 0) }
}

describe('a segment file that is damaged under a running engine', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'gives data or an error, within bounded work: one wrong byte, seed %i',
    async (seed) => {
      const random = seededRandom(seed)
      const { store, sent } = await written(random)
      const names = store.disk.list(`${DIRECTORY}/store-0`)!.map(({ name }) => name)
      const segments = names.filter((name) => name.endsWith('.log'))
      const reads = countReads(store)
      for (let i = 0; i < 150; i++) {
        const name = segments[random.below(segments.length)]!
        const bytes = store.file(name)
        // Every other time in a header, which is where it matters.
        const starts: number[] = []
        let at = 0
        for (const batch of batchesIn(bytes)) {
          starts.push(at)
          at += batch.sizeInBytes
        }
        const position =
          i % 2 === 0
            ? random.below(bytes.length)
            : starts[random.below(starts.length)]! + random.below(61)
        const damaged = Buffer.from(bytes)
        damaged[position]! ^= 1 << random.below(8)
        store.overwrite(name, damaged)
        reads.begin()
        await readAll(store.engine, sent, random)
        store.overwrite(name, bytes)
      }
      expect(reads.most()).toBeLessThan(sent.length * MOST_READS)
      expect(await readAll(store.engine, sent, random)).toBe(0)
    },
  )

  it('gives data or an error, within bounded work: cut off anywhere', async () => {
    const random = seededRandom(9)
    const { store, sent } = await written(random)
    const bytes = store.file(SEGMENT)
    const reads = countReads(store)
    for (let size = 0; size < bytes.length; size += random.below(2000)) {
      store.overwrite(SEGMENT, bytes.subarray(0, size))
      reads.begin()
      expect(await readAll(store.engine, sent, random)).toBeGreaterThan(0)
    }
    expect(reads.most()).toBeLessThan(sent.length * MOST_READS)
  })

  it('says once what it is, and goes on serving what is good before it', async () => {
    const { store, sent } = await written(seededRandom(5))
    const bytes = store.file(SEGMENT)
    const starts = [...batchesIn(bytes)].map(({ baseOffset }) => baseOffset)
    const bad = starts.at(-3)!
    let at = 0
    for (const batch of batchesIn(bytes)) {
      if (batch.baseOffset === bad) break
      at += batch.sizeInBytes
    }
    const damaged = Buffer.from(bytes)
    damaged.writeInt32BE(0x7000_0000, at + 8)
    store.overwrite(SEGMENT, damaged)
    for (let i = 0; i < 3; i++) {
      const want = { log: LOG, offset: bad, maxBytes: 100 }
      const { reads } = await store.engine.read([want], { maxBytes: 100, firstWhole: true })
      expect(reads[0]).toMatchObject({ error: 'KAFKA_STORAGE_ERROR', size: 0, highWatermark: 60 })
    }
    expect(store.lines).toEqual(['A log could not be read.'])
    const want = { log: LOG, offset: bad - 1, maxBytes: 1 << 20 }
    const { reads } = await store.engine.read([want], { maxBytes: 1 << 20, firstWhole: true })
    const [before] = batchesIn(Buffer.concat(reads[0]!.buffers))
    expect(before!.bytes.subarray(21)).toEqual(sent[bad - 1])
  })
})
