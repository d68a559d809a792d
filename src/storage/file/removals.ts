/** Files and folders that were renamed to be removed, and are, after a while: whoever still reads them is done by then. What is left at the end goes at the next start. */

import type { Clock, Timer } from '../../clock.ts'
import { type Disk, isNotFound } from './disk.ts'
import type { EngineLog } from './engine-shares.ts'

interface Waiting {
  paths: readonly string[]
  timer: Timer | undefined
}

export class Removals {
  private readonly disk: Disk
  private readonly clock: Clock
  private readonly log: EngineLog
  /** Whether what is deleted stays for as long as its log says. */
  private readonly isDelayed: boolean
  private readonly waiting = new Set<Waiting>()
  private working: Promise<void> = Promise.resolve()
  private isHurried = false
  private isClosed = false

  constructor(disk: Disk, clock: Clock, log: EngineLog, isDelayed: boolean) {
    this.disk = disk
    this.clock = clock
    this.log = log
    this.isDelayed = isDelayed
  }

  files(paths: readonly string[], delayMs: number): void {
    if (paths.length > 0) this.later(paths, delayMs)
  }

  folder(path: string, delayMs: number): void {
    this.later([path], delayMs)
  }

  /** While the disk is full nothing waits. */
  hurry(isFull: boolean): void {
    this.isHurried = isFull
    if (!isFull) return
    for (const removal of this.waiting) {
      removal.timer?.cancel()
      this.begin(removal)
    }
  }

  /** Resolved: nothing is being removed any more. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const { timer } of this.waiting) timer?.cancel()
    this.waiting.clear()
    await this.working
  }

  private later(paths: readonly string[], delayMs: number): void {
    if (this.isClosed) return
    const removal: Waiting = { paths, timer: undefined }
    this.waiting.add(removal)
    if (!this.isDelayed || this.isHurried || delayMs <= 0) this.begin(removal)
    else removal.timer = this.clock.after(delayMs, () => this.begin(removal))
  }

  /** One after the other: a folder may hold much. */
  private begin(removal: Waiting): void {
    this.waiting.delete(removal)
    this.working = this.working.then(() => this.remove(removal))
  }

  private async remove({ paths }: Waiting): Promise<void> {
    for (const path of paths) {
      if (this.isClosed) return
      try {
        // Of files, too: giving back the space of a large one takes a tenth of a second.
        await this.disk.removeDirectory(path)
      } catch (error) {
        // Its folder was deleted, or another took the name.
        if (isNotFound(error)) continue
        this.log.warn({ err: error, path }, 'What was deleted could not be removed.')
      }
    }
  }
}
