import { type ChildProcess, spawn } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, ManualClock } from '../../../src/clock.ts'
import { socketPresence } from '../../../src/socket-presence.ts'
import type { DiskLock } from '../../../src/storage/file/disk.ts'
import { openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { lockFolder, type LockSettings } from '../../../src/storage/file/folder-lock.ts'
import { NodeDisk } from '../../../src/storage/file/node-disk.ts'
import { batchOf, LOG, specOf } from '../store.ts'

/** Writes a lock as this process would, in the name of a living child. */
const HOLDER = `
const fs = require('node:fs')
const path = process.argv[1]
const holder = JSON.parse(fs.readFileSync(path + '.template', 'utf8'))
const stat = fs.readFileSync('/proc/self/stat', 'latin1')
holder.pid = process.pid
holder.started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
fs.writeFileSync(path, JSON.stringify(holder))
process.stdout.write('held')
setInterval(() => {}, 1000)
`

const clock = new ManualClock()
let directory: string
let child: ChildProcess | undefined
let lines: string[] = []
const log = { info: say, warn: say, error: say }

function say(_context: object, text: string): void {
  lines.push(text)
}

function lock(settings: Partial<LockSettings> = {}): Promise<DiskLock> {
  return lockFolder(directory, { clock, log, ...settings })
}

beforeEach(() => {
  lines = []
  directory = mkdtempSync(join(tmpdir(), 'odradek-lock-'))
})

afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
  rmSync(directory, { recursive: true })
})

/** Has time go by until the lock is taken, which is ten seconds at least, or refused. */
async function watching(taken: Promise<DiskLock>, meanwhile = (): void => {}): Promise<DiskLock> {
  let isSettled = false
  const settle = (): void => void (isSettled = true)
  taken.then(settle, settle)
  const begun = clock.monotonic()
  while (!isSettled) {
    await clock.advance(500)
    meanwhile()
  }
  const held = await taken
  expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(10_000)
  return held
}

/** What this process writes into a lock. */
async function template(): Promise<Record<string, string | number>> {
  const held = await lock()
  const holder = JSON.parse(readFileSync(join(directory, '.lock'), 'utf8'))
  held.release()
  return holder
}

function leave(holder: Record<string, string | number>): void {
  writeFileSync(join(directory, '.lock'), JSON.stringify(holder))
}

describe('the lock of a folder', () => {
  it('is held until it is released', async () => {
    const held = await lock()
    await expect(lock()).rejects.toThrow(`process ${process.pid} on`)
    held.release()
    const next = await lock()
    next.release()
  })

  it.skipIf(process.platform !== 'linux')(
    'is that of another living process, and nobody’s when it is killed',
    async () => {
      writeFileSync(join(directory, '.lock.template'), JSON.stringify(await template()))
      child = spawn(process.execPath, ['-e', HOLDER, join(directory, '.lock')])
      await once(child.stdout!, 'data')
      await expect(lock()).rejects.toThrow(`process ${child.pid} on`)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const held = await lock()
      held.release()
    },
  )

  it.skipIf(process.platform !== 'linux')(
    'is nobody’s when the pid lives on as another process, as pid 1 of a container does',
    async () => {
      leave({ ...(await template()), started: '1' })
      const held = await lock()
      held.release()
    },
  )

  it.each([
    ['the machine was started anew', 'boot'],
    ['the holder is in another container', 'pidNamespace'],
  ])(
    'is held for as long as it beats where the holder cannot be seen: %s',
    async (_name, field) => {
      leave({ ...(await template()), [field]: 'another' })
      const held = await watching(lock())
      expect(lines).toEqual([expect.stringMatching(/^Waiting up to 10 s to see whether process/)])
      held.release()
      leave({ ...(await template()), [field]: 'another' })
      const beat = (): void => {
        if (lines.length < 2) return
        const later = new Date(Date.now() + 1000)
        utimesSync(join(directory, '.lock'), later, later)
      }
      await expect(watching(lock(), beat)).rejects.toThrow('in use')
    },
  )

  it('is taken at once when it has not been touched for long, by the time of the file system', async () => {
    leave({ ...(await template()), boot: 'another' })
    const then = new Date(statSync(join(directory, '.lock')).mtimeMs - 60_000)
    utimesSync(join(directory, '.lock'), then, then)
    const held = await lock()
    expect(lines).toEqual([])
    held.release()
  })

  it('is nobody’s when the file is empty, as Kafka leaves it', async () => {
    writeFileSync(join(directory, '.lock'), '')
    const held = await lock()
    held.release()
  })
})

/** Listens at a path until it is killed. */
const LISTENER = `
require('node:net').createServer((socket) => socket.destroy()).listen(process.argv[1], () => process.stdout.write('there'))
`

describe.skipIf(process.platform === 'win32')('a presence in the folder', () => {
  async function leaveListener(): Promise<void> {
    const presence = '.lock.listener.socket'
    child = spawn(process.execPath, ['-e', LISTENER, join(directory, presence)])
    await once(child.stdout!, 'data')
    leave({ ...(await template()), token: 'listener', pidNamespace: 'another', presence })
  }

  it('tells at once that the holder lives, in whatever container, also while it is paused', async () => {
    await leaveListener()
    await expect(lock({ presence: socketPresence })).rejects.toThrow('in use')
    child!.kill('SIGSTOP')
    await expect(lock({ presence: socketPresence })).rejects.toThrow('in use')
    expect(lines).toEqual([])
  })

  it('tells at once that the holder is dead, and goes with it', async () => {
    await leaveListener()
    child!.kill('SIGKILL')
    await once(child!, 'exit')
    const held = await lock({ presence: socketPresence })
    expect(lines).toEqual([])
    expect(existsSync(join(directory, '.lock.listener.socket'))).toBe(false)
    held.release()
    expect(readdirSync(directory)).toEqual([])
  })

  it.each([
    ['of another boot', { boot: 'another' }],
    ['of another file system', { device: 'another' }],
    ['that is gone', { presence: '.lock.nowhere.socket' }],
  ])('tells nothing of a holder %s', async (_name, change) => {
    await leaveListener()
    child!.kill('SIGKILL')
    await once(child!, 'exit')
    leave({ ...JSON.parse(readFileSync(join(directory, '.lock'), 'utf8')), ...change })
    const held = await watching(lock({ presence: socketPresence }))
    expect(lines).toHaveLength(1)
    held.release()
  })

  it('shows itself in a folder of a long name, too', async () => {
    const path = join(directory, 'a'.repeat(100))
    mkdirSync(path)
    const held = await lockFolder(path, { clock, presence: socketPresence })
    const { presence } = JSON.parse(readFileSync(join(path, '.lock'), 'utf8'))
    if (process.platform === 'linux') {
      expect(await socketPresence.isThere(join(path, presence))).toBe(true)
    } else {
      expect(presence).toBe('')
    }
    held.release()
    expect(readdirSync(path)).toEqual([])
  })
})

describe('the next holder', () => {
  it('is one, however many try at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      leave({ ...(await template()), started: '1' })
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lock()))
      const held = results.filter((result) => result.status === 'fulfilled')
      expect(held).toHaveLength(1)
      held[0]!.value.release()
      expect(readdirSync(directory)).toEqual([])
    }
  })

  it('is not stopped by another that died on the way', async () => {
    const holder = { ...(await template()), started: '1' }
    leave({ ...holder, token: 'first' })
    writeFileSync(
      join(directory, '.lock.first.next'),
      JSON.stringify({ ...holder, token: 'second' }),
    )
    const held = await lock()
    expect(readdirSync(directory)).toEqual(['.lock'])
    held.release()
  })

  it('waits for another that is about to be', async () => {
    const holder = await template()
    leave({ ...holder, token: 'first', started: '1' })
    writeFileSync(
      join(directory, '.lock.first.next'),
      JSON.stringify({ ...holder, token: 'second' }),
    )
    await expect(lock()).rejects.toThrow('in use')
  })
})

/** A clock of a process that is paused: time goes on, and no timer fires. */
class PausedClock implements Clock {
  elapsed = 0
  now = (): number => this.elapsed
  monotonic = (): number => this.elapsed
  after = (): { cancel(): void } => ({ cancel() {} })
  every = (): { cancel(): void } => ({ cancel() {} })
  soon = (): void => {}
}

describe('a holder that was paused', () => {
  it('goes on when nobody has taken the folder', async () => {
    const paused = new PausedClock()
    const held = await lock({ clock: paused, onLost: say.bind(undefined, {}) })
    for (let i = 0; i < 3; i++) {
      paused.elapsed += 60_000
      expect(held.isHeld()).toBe(true)
      expect(readdirSync(directory)).toEqual(['.lock'])
    }
    expect(lines).toEqual([])
    await expect(lock()).rejects.toThrow('in use')
    held.release()
    expect(readdirSync(directory)).toEqual([])
  })

  it('knows that the folder is another’s before it does anything', async () => {
    const paused = new PausedClock()
    const held = await lock({ clock: paused, onLost: (reason) => lines.push(reason) })
    // Seen from elsewhere: it does not beat.
    const path = join(directory, '.lock')
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"pidNamespace":"[^"]*"/, '"pidNamespace":"x"'),
    )
    const next = await watching(lock())
    lines = []
    paused.elapsed += 10_000
    expect(held.isHeld()).toBe(false)
    expect(lines).toHaveLength(1)
    held.release()
    expect(next.isHeld()).toBe(true)
    expect(existsSync(path)).toBe(true)
    next.release()
  })

  it('gives way to one that is about to take the folder', async () => {
    const paused = new PausedClock()
    const held = await lock({ clock: paused, onLost: (reason) => lines.push(reason) })
    const path = join(directory, '.lock')
    const { token } = JSON.parse(readFileSync(path, 'utf8'))
    linkSync(path, `${path}.${token}.next`)
    expect(held.isHeld()).toBe(true)
    paused.elapsed += 6_000
    expect(held.isHeld()).toBe(false)
    expect(lines).toHaveLength(1)
  })
})

describe('an engine whose folder is taken', () => {
  it('takes nothing more, writes nothing more, and says so', async () => {
    const disk = new NodeDisk(clock, { log })
    let onLost = (_error: Error): void => {}
    const lost = new Promise<Error>((resolve) => {
      onLost = resolve
    })
    const engine = await openFileEngine({ disk, directory, clock, log, onLost })
    await engine.create([specOf(0)])
    expect(await engine.append([{ log: LOG, batch: batchOf('a') }])).toMatchObject([
      { kind: 'appended' },
    ])
    leave({ ...(JSON.parse(readFileSync(join(directory, '.lock'), 'utf8')) as object), token: 'x' })
    await clock.advance(500)
    expect((await lost).message).toContain('Another process has taken its lock.')
    const files = (): [string, number][] =>
      readdirSync(directory, { recursive: true }).map((name) => {
        const { mtimeMs } = statSync(join(directory, String(name)))
        return [String(name), mtimeMs]
      })
    const before = files()
    expect(await engine.append([{ log: LOG, batch: batchOf('b') }])).toMatchObject([
      { kind: 'rejected', error: 'KAFKA_STORAGE_ERROR' },
    ])
    await expect(engine.create([specOf(1)])).rejects.toThrow('no longer')
    const want = { log: LOG, offset: 0, maxBytes: 100 }
    const { reads } = await engine.read([want], { maxBytes: 100, firstWhole: true })
    expect(reads[0]!.error).toBe('KAFKA_STORAGE_ERROR')
    expect(() => disk.writeFile(join(directory, 'x'), Buffer.alloc(1))).toThrow('another process')
    await engine.close()
    expect(files()).toEqual(before)
    expect(lines.filter((line) => line.includes('no longer'))).toHaveLength(1)
  })

  it('refuses an append that was under way when it woke', async () => {
    const paused = new PausedClock()
    paused.soon = (callback?: () => void): void => void setImmediate(callback!)
    const engine = await openFileEngine({ disk: new NodeDisk(paused), directory, clock: paused })
    await engine.create([specOf(0)])
    await engine.append([{ log: LOG, batch: batchOf('a') }])
    const size = statSync(join(directory, 'store-0', '00000000000000000000.log')).size
    const append = engine.append([{ log: LOG, batch: batchOf('b') }])
    leave({ ...(JSON.parse(readFileSync(join(directory, '.lock'), 'utf8')) as object), token: 'x' })
    paused.elapsed += 10_000
    expect(await append).toMatchObject([{ kind: 'rejected', error: 'KAFKA_STORAGE_ERROR' }])
    expect(statSync(join(directory, 'store-0', '00000000000000000000.log')).size).toBe(size)
    await engine.close()
  })
})
