/**
 * One broker per folder: `.lock` names its holder, and a dead holder does not block the next.
 *
 * Node has no lock of the operating system, so whether the holder lives is judged by who it said it is. Where it and we see
 * the same processes (same boot of the machine, same pid namespace), it lives if its pid has the start time that it wrote: a
 * reused pid, and pid 1 of a container that was started again, have another. Where we cannot see it (another container,
 * another machine, no /proc), it lives if it beats: the holder touches the file twice a second, and we watch it for two.
 */

import * as fs from 'node:fs'
import { hostname } from 'node:os'
import type { Clock } from '../../clock.ts'
import { systemRandom } from '../../random.ts'
import { type DiskLock, FolderHeld, isNotFound } from './disk.ts'

export const LOCK_FILE = '.lock'
const BEAT_MS = 500
const OBSERVE_MS = 2_000
/** A lock that has not been touched for this long is not watched any more: its holder is gone. */
const STALE_MS = 15_000
const ATTEMPTS = 5

interface Holder {
  token: string
  pid: number
  host: string
  since: string
  /** Which boot of which machine; empty where it cannot be known, like the next two. */
  boot: string
  pidNamespace: string
  started: string
}

export async function lockFolder(directory: string, clock: Clock): Promise<DiskLock> {
  const path = `${directory}/${LOCK_FILE}`
  const self = describeSelf(clock)
  const claim = `${path}.${self.token}`
  const content = `${JSON.stringify(self)}\n`
  fs.writeFileSync(claim, content)
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (claimed(claim, path, content)) return new HeldLock(path, content, clock)
      const found = readLock(path)
      if (found === undefined) continue
      const holder = parse(found)
      if (holder && (await isAlive(holder, self, path, claim, clock))) {
        throw new FolderHeld(
          `${directory} is in use by process ${holder.pid} on ${holder.host}, since ${holder.since}.`,
        )
      }
      setAside(path, found, `${claim}.stale`)
    }
  } finally {
    fs.rmSync(claim, { force: true })
  }
  throw new FolderHeld(`${directory} is being taken by other processes at the same time.`)
}

class HeldLock implements DiskLock {
  private readonly path: string
  private readonly content: string
  private readonly descriptor: number
  private readonly beat: { cancel(): void }
  private beating = false
  private released = false

  constructor(path: string, content: string, clock: Clock) {
    this.path = path
    this.content = content
    this.descriptor = fs.openSync(path, 'r+')
    this.beat = clock.every(BEAT_MS, () => {
      if (this.beating || this.released) return
      this.beating = true
      // Writing a byte that is there sets the file's time by the file system's own clock.
      fs.write(this.descriptor, this.content.slice(0, 1), 0, () => {
        this.beating = false
        if (this.released) fs.closeSync(this.descriptor)
      })
    })
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.beat.cancel()
    if (readLock(this.path) === this.content) fs.rmSync(this.path, { force: true })
    if (!this.beating) fs.closeSync(this.descriptor)
  }
}

/** Makes the lock appear with its content, if there is none: a hard link, or where there are none an exclusive open. */
function claimed(claim: string, path: string, content: string): boolean {
  try {
    fs.linkSync(claim, path)
    return true
  } catch (error) {
    if (isExisting(error)) return false
  }
  try {
    fs.writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (isExisting(error)) return false
    throw error
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

function readLock(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Takes a dead holder's lock away; if another process was quicker and the lock is a new one, puts it back. */
function setAside(path: string, found: string, aside: string): void {
  try {
    fs.renameSync(path, aside)
  } catch (error) {
    if (isNotFound(error)) return
    throw error
  }
  if (readLock(aside) !== found) claimed(aside, path, readLock(aside) ?? '')
  fs.rmSync(aside, { force: true })
}

/** `undefined` for an empty file, as Kafka leaves it, and for a torn one: nobody holds such a lock. */
function parse(content: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(content)
    if (typeof holder !== 'object' || holder === null || !('token' in holder)) return undefined
    return holder as Holder
  } catch {
    return undefined
  }
}

async function isAlive(
  holder: Holder,
  self: Holder,
  path: string,
  claim: string,
  clock: Clock,
): Promise<boolean> {
  const comparable = holder.boot !== '' && holder.started !== ''
  if (comparable && holder.boot === self.boot && holder.pidNamespace === self.pidNamespace) {
    return startTimeOf(holder.pid) === holder.started
  }
  // Both times are the file system's, whatever the clocks of the machines say.
  const touched = touchTime(path)
  if (touched === undefined || (touchTime(claim) ?? 0) - touched > STALE_MS) return false
  await observe(path, clock)
  return touchTime(path) !== touched
}

/** Waits, and keeps the process alive meanwhile, which timers of the clock do not. */
async function observe(path: string, clock: Clock): Promise<void> {
  const watcher = fs.watch(path.slice(0, -LOCK_FILE.length - 1), { persistent: true }, () => {})
  await new Promise<void>((resolve) => clock.after(OBSERVE_MS, resolve))
  watcher.close()
}

function touchTime(path: string): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

function describeSelf(clock: Clock): Holder {
  return {
    token: systemRandom.uuid(),
    pid: process.pid,
    host: hostname(),
    since: isoTime(clock.now()),
    boot: textOf(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: textOf(() => fs.readlinkSync('/proc/self/ns/pid')),
    started: startTimeOf(process.pid) ?? '',
  }
}

function isoTime(ms: number): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }).format(ms)
}

function textOf(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** When a process began, in ticks since the boot; `undefined` when there is none, or only its remains. */
function startTimeOf(pid: number): string | undefined {
  const stat = textOf(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))
  if (stat === '') return undefined
  // Behind the name, which may hold anything: the state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}
