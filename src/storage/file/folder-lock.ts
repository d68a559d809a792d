/**
 * One broker per folder: `.lock` names its holder, and a dead holder does not block the next.
 *
 * Node has no lock of the operating system. Whether the holder lives is found out by the first of these that can tell:
 *
 *   its start time     where we see the same processes (same boot, same pid namespace): exact, at once
 *   its presence       a socket in the folder, where the machine and the mounted file system are the same: exact, at once, and
 *                      across containers; a holder that is paused is there
 *   Kafka's lock       which is the system's own, on the same file; Linux tells of it (kafka-lock.ts)
 *   its beat           else (another machine, a file system without sockets): the holder touches the lock twice a second,
 *                      and is taken for dead when we have watched it for ten seconds in vain
 *
 * A paused holder may be wrong about its own life, so it never trusts a lock that it has not beaten for five seconds: only one
 * process can succeed to a lock, and the holder has to be that one itself before it writes another byte.
 */

import { type Clock, keepingAlive } from '../../clock.ts'
import { type DiskLock, FolderHeld } from './disk.ts'
import type { EngineLog } from './engine-shares.ts'
import { BEAT_MS, contentOf, HeldLock } from './held-lock.ts'
import { kafkaLockOf } from './kafka-lock.ts'
import { LockFile } from './lock-file.ts'
import { describeSelf, type Holder, isKnownAlive, parseHolder } from './lock-holder.ts'
import type { Presence } from './presence.ts'

const OBSERVE_MS = 10_000
/** A lock that has not been touched for this long is not watched any more: its holder is gone. */
const STALE_MS = 15_000
const ATTEMPTS = 5

export interface LockSettings {
  clock: Clock
  presence?: Presence | undefined
  log?: EngineLog | undefined
  /** Called once, when the folder turns out to be another's while it is held. */
  onLost?: (reason: string) => void
}

export async function lockFolder(directory: string, settings: LockSettings): Promise<DiskLock> {
  const pid = kafkaLockOf(`${directory}/.lock`)
  if (pid !== undefined) {
    throw new FolderHeld(
      `${directory} is in use by process ${pid}, which holds its lock as Kafka does.`,
    )
  }
  const self = describeSelf(directory, settings.clock)
  const name = `.lock.${self.token}.socket`
  const shown = await settings.presence?.show(`${directory}/${name}`)
  if (shown) self.presence = name
  try {
    return await new Taking(directory, self, settings).take(() => shown?.close())
  } catch (error) {
    shown?.close()
    throw error
  }
}

class Taking {
  private readonly directory: string
  private readonly self: Holder
  private readonly settings: LockSettings
  private readonly file: LockFile

  constructor(directory: string, self: Holder, settings: LockSettings) {
    this.directory = directory
    this.self = self
    this.settings = settings
    this.file = new LockFile(directory)
  }

  async take(released: () => void): Promise<DiskLock> {
    const { file, self, settings } = this
    const content = contentOf(self)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (file.claim(content) || (await this.succeed(content))) {
        return new HeldLock(file, self, settings.clock, settings.onLost ?? (() => {}), released)
      }
    }
    throw new FolderHeld(`${this.directory} is being taken by other processes at the same time.`)
  }

  /** Takes a dead holder's lock; false when it has changed meanwhile. Rejects when the holder lives. */
  private async succeed(content: string): Promise<boolean> {
    const { file, directory } = this
    const found = file.read()
    if (found === undefined) return false
    const line = file.line(found)
    const touched = file.touched()
    const holder = parseHolder(line.at(-1)!)
    if (holder && (await this.isAlive(holder, touched))) {
      if (file.read() !== found) return false
      throw new FolderHeld(
        `${directory} is in use by process ${holder.pid} on ${holder.host}, since ${holder.since}.`,
      )
    }
    if (!file.succeed(line, touched, content)) return false
    for (const dead of line) file.removePresence(parseHolder(dead))
    return true
  }

  private async isAlive(holder: Holder, touched: number | undefined): Promise<boolean> {
    const { self, directory, settings, file } = this
    const isKnown = await isKnownAlive(holder, self, directory, settings.presence)
    if (isKnown !== undefined) return isKnown
    const silentMs = file.silentFor(contentOf(self))
    if (touched === undefined || silentMs > STALE_MS) return false
    settings.log?.warn(
      { folder: directory, pid: holder.pid, host: holder.host },
      `Waiting up to ${OBSERVE_MS / 1000} s to see whether process ${holder.pid} on ${holder.host}, which had ${directory}, is alive.`,
    )
    return keepingAlive(() => this.beats(touched))
  }

  private async beats(touched: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < OBSERVE_MS; waitedMs += BEAT_MS) {
      await new Promise<void>((resolve) => this.settings.clock.after(BEAT_MS, resolve))
      const now = this.file.touched()
      if (now !== touched) return now !== undefined
    }
    return false
  }
}
