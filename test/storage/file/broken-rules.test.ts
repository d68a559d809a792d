import { describe, expect, it } from 'vitest'
import type { Disk } from '../../../src/storage/file/disk.ts'
import type { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { CrashRun } from '../crash-machine/crash-run.ts'

type Break = (disk: MemoryDisk) => Partial<Disk>

/** A rule that the engine keeps is broken between it and its disk: crash runs have to notice. */
const breaks: [what: string, change: Break][] = [
  [
    'segments are not synced',
    (disk) => ({
      open: (path, options) => {
        const file = disk.open(path, options)
        if (path.endsWith('.log')) file.sync = async () => {}
        return file
      },
    }),
  ],
  ['names are not synced', () => ({ syncDirectory: async () => {} })],
  [
    'checkpoints are written without a sync',
    (disk) => ({
      replaceFile: async (path, bytes) => disk.writeFile(path, bytes),
    }),
  ],
  [
    'the log start is not written down before files go',
    (disk) => ({
      replaceFile: async (path, bytes) => {
        if (!path.endsWith('log-start-offset-checkpoint')) await disk.replaceFile(path, bytes)
      },
    }),
  ],
  [
    'a clean stop is told before it is one',
    (disk) => ({
      remove: (path) => {
        if (!path.endsWith('.kafka_cleanshutdown')) disk.remove(path)
      },
    }),
  ],
  [
    'snapshots of producers are lost',
    (disk) => ({
      readFile: (path) => (path.endsWith('.snapshot') ? undefined : disk.readFile(path)),
    }),
  ],
  [
    'torn ends are not cut off',
    (disk) => ({
      open: (path, options) => {
        const file = disk.open(path, options)
        if (path.endsWith('.log')) file.truncate = () => {}
        return file
      },
    }),
  ],
]

function brokenDisk(disk: MemoryDisk, change: Break): Disk {
  const changed = change(disk)
  return new Proxy<Disk>(disk, {
    get(target, name) {
      const own = changed[name as keyof Disk] as unknown
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const SEEDS = 60
const STEPS = 60

describe('crash runs find a rule that is broken:', () => {
  it.each(breaks)('%s', { timeout: 120_000 }, async (_what, change) => {
    let found: unknown
    for (let seed = 1; seed <= SEEDS && found === undefined; seed++) {
      const run = new CrashRun(seed, { wrap: (disk) => brokenDisk(disk, change) })
      found = await run.go(STEPS).catch((error: unknown) => error)
    }
    expect(found).toBeInstanceOf(Error)
    expect(String(found)).toMatch(/Assertion|StorageError|Truncated|Retention/)
  })
})
