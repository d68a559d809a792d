/** A client that reads on where it has read to: no batch is read from the file twice. */

import { expect, it } from 'vitest'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import type { DiskFile } from '../../../src/storage/file/disk.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { LOG, Store } from '../store.ts'

const BATCHES = 8
/** Larger than what is indexed at a time, so that each has an entry. */
const VALUE_BYTES = 40_000
const MAX_BYTES = 50_000

/** Counts what is read of the files of records. */
class CountingDisk extends MemoryDisk {
  bytesRead = 0

  override open(path: string, options?: { create?: boolean }): DiskFile {
    const file = super.open(path, options)
    if (!path.endsWith('.log')) return file
    const count = (bytes: number): number => {
      this.bytesRead += bytes
      return bytes
    }
    // The memory disk's `read` goes by way of it too.
    const readSync = file.readSync.bind(file)
    file.readSync = (target, position) => count(readSync(target, position))
    return file
  }
}

async function filled(): Promise<{ store: Store; disk: CountingDisk }> {
  const store = new Store({ tailCacheBytes: 0 })
  const disk = new CountingDisk({ clock: store.clock })
  store.disk = disk
  await store.open()
  for (let i = 0; i < BATCHES; i++) await store.append(String(i).repeat(VALUE_BYTES))
  disk.bytesRead = 0
  return { store, disk }
}

/** The base offsets that come of one read. */
async function readFrom(store: Store, offset: number): Promise<number[]> {
  const want = { log: LOG, offset, maxBytes: MAX_BYTES }
  const result = await store.engine.read([want], { maxBytes: MAX_BYTES, firstWhole: true })
  const [read] = result.reads
  const found = [...batchesIn(Buffer.concat(read!.buffers))].map(({ baseOffset }) => baseOffset)
  result.release()
  return found
}

it('each batch is read once by who reads on', async () => {
  const { store, disk } = await filled()
  const found: number[] = []
  for (let offset = 0; offset < BATCHES; offset++) found.push(...(await readFrom(store, offset)))
  expect(found).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  // What is asked for beyond a whole batch is the only waste.
  expect(disk.bytesRead).toBeLessThan(BATCHES * (MAX_BYTES + 8192))
  await store.engine.close()
})

it('readers at many places find what they ask for', async () => {
  const { store } = await filled()
  for (const offset of [5, 2, 6, 3, 7, 0, 4, 1, 5, 2]) {
    expect(await readFrom(store, offset)).toEqual([offset])
  }
  await store.engine.close()
})
