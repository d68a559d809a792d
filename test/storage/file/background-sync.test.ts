/** What the background syncs when much is dirty: of a log with little behind its checkpoint the records alone. */

import { expect, it } from 'vitest'
import { logId } from '../../../src/storage/engine.ts'
import type { DiskFile } from '../../../src/storage/file/disk.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { batchOf, Store, TOPIC_ID } from '../store.ts'

const BATCH = batchOf('v'.repeat(1_000_000))
/** From here on the background begins. */
const BEHIND_BYTES = 64 * 1024 * 1024

/** Remembers which files were synced. */
class WatchedDisk extends MemoryDisk {
  readonly synced: string[] = []

  override open(path: string, options?: { create?: boolean }): DiskFile {
    const file = super.open(path, options)
    const sync = file.sync.bind(file)
    file.sync = () => {
      this.synced.push(path)
      return sync()
    }
    return file
  }
}

/** Appends one batch after the other, going round so many logs, until the background has had reason to begin. */
async function fill(partitions: number): Promise<{ store: Store; synced: string[] }> {
  const store = new Store()
  const disk = new WatchedDisk({ clock: store.clock })
  store.disk = disk
  await store.open({}, partitions)
  disk.synced.length = 0
  for (let i = 0; i * BATCH.sizeInBytes <= BEHIND_BYTES + BATCH.sizeInBytes; i++) {
    await store.engine.append([{ log: logId(TOPIC_ID, i % partitions), batch: BATCH }])
  }
  // Long enough for what has begun, and no regular round.
  for (let i = 0; i < 50; i++) await store.clock.advance(1)
  const synced = [...disk.synced]
  await store.engine.close()
  return { store, synced }
}

const endingIn = (names: readonly string[], ending: string): string[] =>
  names.filter((name) => name.endsWith(ending))

it('many small logs have their records synced, and not their indexes', async () => {
  const { synced } = await fill(40)
  expect(endingIn(synced, '.log').length).toBeGreaterThan(0)
  expect(endingIn(synced, '.index')).toEqual([])
})

it('a large log has a checkpoint, indexes and all', async () => {
  const { synced } = await fill(1)
  expect(endingIn(synced, '.log').length).toBeGreaterThan(0)
  expect(endingIn(synced, '.index').length).toBeGreaterThan(0)
})
