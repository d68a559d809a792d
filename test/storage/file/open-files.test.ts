import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { logId } from '../../../src/storage/engine.ts'
import type { DiskFile } from '../../../src/storage/file/disk.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { OpenFiles } from '../../../src/storage/file/open-files.ts'
import { Store, TOPIC_ID } from '../store.ts'

/** Counts what is open, and gives no more descriptors than it has. */
class NarrowDisk extends MemoryDisk {
  openCount = 0
  most = 0
  descriptors = Infinity
  private isBrief = false

  /** Opens and closes a descriptor of its own. */
  override writeFile(path: string, bytes: Buffer): void {
    this.isBrief = true
    super.writeFile(path, bytes)
    this.isBrief = false
  }

  override open(path: string, options?: { create?: boolean }): DiskFile {
    if (this.isBrief || path.endsWith('.tmp')) return super.open(path, options)
    if (this.openCount >= this.descriptors) {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    }
    const file = super.open(path, options)
    const close = file.close.bind(file)
    this.most = Math.max(this.most, ++this.openCount)
    file.close = () => {
      this.openCount--
      close()
    }
    return file
  }
}

class NarrowStore extends Store {
  readonly narrow = new NarrowDisk({ clock: this.clock })
  override disk = this.narrow
}

const LOGS = 300
const logOf = (partitionIndex: number) => logId(TOPIC_ID, partitionIndex)

async function fill(store: Store, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const answers = Array.from({ length: LOGS }, (_, i) => store.append(`${i}.${round}`, logOf(i)))
    for (const { kind } of await Promise.all(answers)) expect(kind).toBe('appended')
    await store.clock.advance(20_000)
  }
}

async function expectAll(store: Store, rounds: number): Promise<void> {
  for (let i = 0; i < LOGS; i++) {
    const values = Array.from({ length: rounds }, (_, round) => `${i}.${round}`)
    expect(await store.values(logOf(i))).toEqual(values)
  }
}

describe('open files', () => {
  it('are never more than the limit, unless all are in use', async () => {
    const disk = new NarrowDisk({ clock: new ManualClock() })
    disk.makeDirectory('/data')
    const files = new OpenFiles(disk, 4)
    for (let i = 0; i < 100; i++) files.get(`/data/${i % 7}`, true)
    expect(disk.most).toBe(4)
    await Promise.all(
      Array.from({ length: 6 }, (_, i) => files.use(`/data/${i}`, true, (file) => file.sync())),
    )
    expect(disk.most).toBe(6)
  })

  it('of hundreds of logs are few, whether they are appended to, synced, read or opened', async () => {
    const store = await new NarrowStore({ openFiles: 16, tailCacheBytes: 0 }).open({}, LOGS)
    await fill(store, 3)
    await expectAll(store, 3)
    await store.engine.close()
    expect(store.narrow.openCount).toBe(0)
    await store.open({}, LOGS)
    await expectAll(store, 3)
    // Beside those of the limit: what a start looks at, four logs at a time, and checkpoints that are written anew.
    expect(store.narrow.most).toBeLessThanOrEqual(16 + 12)
  })

  it('are fewer where the machine gives no more, and no log suffers from it', async () => {
    const store = new NarrowStore({ openFiles: 1000, tailCacheBytes: 0 })
    store.narrow.descriptors = 40
    await store.open({}, LOGS)
    await fill(store, 3)
    await expectAll(store, 3)
    expect(store.lines).toEqual([])
  })
})
