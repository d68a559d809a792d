/** A folder's lock in the hands of its holder, who beats it, and notices when it is lost. */

import * as fs from 'node:fs'
import type { Clock, Timer } from '../../clock.ts'
import { systemRandom } from '../../random.ts'
import { type DiskLock, isNotFound } from './disk.ts'
import type { LockFile } from './lock-file.ts'
import type { Holder } from './lock-holder.ts'

export const BEAT_MS = 500
/** Silent for so long the holder has to find out whether the folder is still its own before it does anything there. Less than others wait. */
const LATE_MS = 5_000

export class HeldLock implements DiskLock {
  private readonly file: LockFile
  private readonly holder: Holder
  private readonly clock: Clock
  private readonly onLost: (reason: string) => void
  private readonly onReleased: () => void
  private readonly timer: Timer
  private content: string
  /** Monotonic time before the last beat that found the lock to be ours. */
  private beatAt: number
  private isBeating = false
  private isReleased = false
  private isLost = false

  constructor(
    file: LockFile,
    holder: Holder,
    clock: Clock,
    onLost: (reason: string) => void,
    onReleased: () => void,
  ) {
    this.file = file
    this.holder = holder
    this.content = contentOf(holder)
    this.clock = clock
    this.onLost = onLost
    this.onReleased = onReleased
    this.beatAt = clock.monotonic()
    this.timer = clock.every(BEAT_MS, () => {
      if (!this.isBeating && this.isHeld()) void this.beat()
    })
  }

  isHeld(): boolean {
    if (this.isLost || this.isReleased) return false
    return this.clock.monotonic() - this.beatAt <= LATE_MS || this.renew()
  }

  release(): void {
    if (this.isReleased) return
    if (this.isHeld() && this.file.read() === this.content) this.file.remove()
    this.isReleased = true
    this.timer.cancel()
    this.onReleased()
  }

  /** Writing a byte that is there sets the file's time by the file system's own clock. */
  private async beat(): Promise<void> {
    this.isBeating = true
    const begun = this.clock.monotonic()
    const { content } = this
    try {
      const file = await fs.promises.open(this.file.path, 'r+')
      try {
        const found = await file.readFile('utf8')
        if (found === content) await file.write(content.slice(0, 1), 0)
        if (content === this.content) {
          if (found === content) this.beatAt = begun
          else this.lose('Another process has taken its lock.')
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      // A disk that fails leaves the question open, until it is too late for that.
      if (isNotFound(error) && content === this.content) this.lose('Its lock is gone.')
    } finally {
      this.isBeating = false
    }
  }

  /**
   * After a long silence, as of a process that was stopped: others may have taken the lock, or be about to. Whoever takes
   * over from the lock as it was is the one; if that is this process itself, nobody else has, and nobody can any more.
   */
  private renew(): boolean {
    const begun = this.clock.monotonic()
    const before = this.content
    this.holder.token = systemRandom.uuid()
    const content = contentOf(this.holder)
    try {
      if (this.file.succeed([before], this.file.touched(), content)) {
        this.content = content
        this.beatAt = begun
        return true
      }
    } catch (error) {
      // The file system takes no new files, from others no more than from this process.
      if (this.file.read() === before) {
        this.beatAt = begun
        return true
      }
      this.lose(`Its lock could not be renewed: ${String(error)}.`)
      return false
    }
    this.lose('Another process has taken its lock, while this one was silent.')
    return false
  }

  private lose(reason: string): void {
    if (this.isLost || this.isReleased) return
    this.isLost = true
    this.timer.cancel()
    this.onLost(reason)
  }
}

export function contentOf(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`
}
