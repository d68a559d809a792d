import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { lockFolder } from '../../../src/storage/file/folder-lock.ts'

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

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'odradek-lock-'))
})

afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
  rmSync(directory, { recursive: true })
})

/** What this process writes into a lock. */
async function template(): Promise<Record<string, string | number>> {
  const lock = await lockFolder(directory, clock)
  const holder = JSON.parse(readFileSync(join(directory, '.lock'), 'utf8'))
  lock.release()
  return holder
}

function leave(holder: Record<string, string | number>): void {
  writeFileSync(join(directory, '.lock'), JSON.stringify(holder))
}

describe('the lock of a folder', () => {
  it('is held until it is released', async () => {
    const lock = await lockFolder(directory, clock)
    await expect(lockFolder(directory, clock)).rejects.toThrow(`process ${process.pid} on`)
    lock.release()
    const next = await lockFolder(directory, clock)
    next.release()
  })

  it.skipIf(process.platform !== 'linux')(
    'is that of another living process, and nobody’s when it is killed',
    async () => {
      writeFileSync(join(directory, '.lock.template'), JSON.stringify(await template()))
      child = spawn(process.execPath, ['-e', HOLDER, join(directory, '.lock')])
      await once(child.stdout!, 'data')
      await expect(lockFolder(directory, clock)).rejects.toThrow(`process ${child.pid} on`)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const lock = await lockFolder(directory, clock)
      lock.release()
    },
  )

  it.skipIf(process.platform !== 'linux')(
    'is nobody’s when the pid lives on as another process, as pid 1 of a container does',
    async () => {
      leave({ ...(await template()), started: '1' })
      const lock = await lockFolder(directory, clock)
      lock.release()
    },
  )

  it.each([
    ['the machine was started anew', 'boot'],
    ['the holder is in another container', 'pidNamespace'],
  ])(
    'is held for as long as it beats where the holder cannot be seen: %s',
    async (_name, field) => {
      leave({ ...(await template()), [field]: 'another' })
      const taken = lockFolder(directory, clock)
      await clock.advance(2000)
      const lock = await taken
      lock.release()
      leave({ ...(await template()), [field]: 'another' })
      const refused = lockFolder(directory, clock)
      refused.catch(() => undefined)
      await clock.advance(1000)
      // A beat, by a file system that may count in milliseconds.
      const before = readFileSync(join(directory, '.lock'))
      await new Promise((resolve) => clock.soon(() => resolve(undefined)))
      writeFileSync(join(directory, '.lock'), before)
      await clock.advance(1000)
      await expect(refused).rejects.toThrow('in use')
    },
  )

  it('is nobody’s when the file is empty, as Kafka leaves it', async () => {
    writeFileSync(join(directory, '.lock'), '')
    const lock = await lockFolder(directory, clock)
    lock.release()
  })
})
