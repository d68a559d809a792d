import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { BatchView, batchesIn, hasRightChecksum } from '../../../src/protocol/records/batch-view.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { seededRandom } from '../../../src/random.ts'
import { type Slab, SlabPool } from '../../../src/slab-pool.ts'
import type { ReadResult, StorageEngine } from '../../../src/storage/engine.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'
import { LOG, specOf } from '../store.ts'

/** A producer's frame in a slab, and the batch in it, of one record whose bytes all tell its number. */
function produced(slabs: SlabPool, number: number, size: number): { batch: BatchView; slab: Slab } {
  const value = Buffer.alloc(size, number)
  const { bytes } = buildBatch([{ key: null, value, timestamp: number }])
  const slab = slabs.take(bytes.length)
  bytes.copy(slab.bytes)
  return { batch: new BatchView(slab.bytes.subarray(0, bytes.length)), slab }
}

function expectWhole({ reads }: ReadResult, from: number): number {
  let next = from
  for (const batch of batchesIn(Buffer.concat(reads[0]!.buffers))) {
    expect(hasRightChecksum(batch.bytes)).toBe(true)
    const [record] = [...iterateRecords(batch)]
    expect(record!.offset).toBe(next)
    expect(record!.value!.every((byte) => byte === next % 256)).toBe(true)
    next++
  }
  return next
}

async function read(engine: StorageEngine, offset: number): Promise<ReadResult> {
  const want = { log: LOG, offset, maxBytes: 200_000 }
  return engine.read([want], { maxBytes: 200_000, firstWhole: true })
}

describe('memory that is used again', () => {
  it('is never used while a read lends it, the cache keeps it, or a write is under way', async () => {
    const slabs = new SlabPool()
    const options = { tailCacheBytes: 300_000, syncWriteBytes: 100_000 }
    const engine = await openMemoryEngine({ clock: systemClock, slabs, options })
    await engine.create([specOf(0)])
    const random = seededRandom(11)
    const lent: { result: ReadResult; offset: number }[] = []
    let number = 0
    for (let round = 0; round < 60; round++) {
      const appends: Promise<unknown>[] = []
      for (let i = 0; i < 8; i++) {
        const { batch, slab } = produced(slabs, number++, random.below(60_000))
        appends.push(engine.append([{ log: LOG, batch }]).then(() => slab.release()))
      }
      await Promise.all(appends)
      const offset = random.below(number)
      lent.push({ result: await read(engine, offset), offset })
      if (lent.length > 5) {
        const { result, offset: first } = lent.splice(random.below(lent.length), 1)[0]!
        expectWhole(result, first)
        result.release()
      }
    }
    for (let at = 0; at < number; ) {
      const result = await read(engine, at)
      at = expectWhole(result, at)
      result.release()
    }
    for (const { result, offset } of lent) expectWhole(result, offset)
    await engine.close()
  })

  it('goes round: a cache of four megabytes has use for few slabs of one', async () => {
    const slabs = new SlabPool()
    const options = { tailCacheBytes: 4_000_000 }
    const engine = await openMemoryEngine({ clock: systemClock, slabs, options })
    await engine.create([specOf(0)])
    const used = new Set<Slab>()
    for (let number = 0; number < 50; number++) {
      const { batch, slab } = produced(slabs, number, 1_000_000)
      used.add(slab)
      await engine.append([{ log: LOG, batch }])
      slab.release()
    }
    expect(used.size).toBeLessThanOrEqual(6)
    await engine.close()
  })

  it('an append that comes while the store closes is refused, and leaves nothing', async () => {
    const engine = await openMemoryEngine({ clock: systemClock })
    await engine.create([specOf(0)])
    const slabs = new SlabPool()
    await engine.append([{ log: LOG, batch: produced(slabs, 0, 10).batch }])
    const closing = engine.close()
    const late = engine.append([{ log: LOG, batch: produced(slabs, 1, 10).batch }])
    expect(await late).toMatchObject([{ kind: 'rejected', error: 'KAFKA_STORAGE_ERROR' }])
    await closing
  })
})
