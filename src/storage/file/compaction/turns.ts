/** How compaction gives way: it works for a moment, then lets others have theirs, and reads and writes no faster than it may. */

import type { Clock } from '../../../clock.ts'

/** Longest stretch of work while others wait. */
const SLICE_MS = 1.5
/** What others have done meanwhile, from which on compaction rests as long again. */
const BUSY_MS = 0.5
const LONGEST_REST_MS = 10

export class Turns {
  private readonly clock: Clock
  private readonly bytesPerSecond: number
  private readonly whyNot: () => Error | undefined
  private sliceEnd: number
  private readonly startedAt: number
  private bytes = 0

  /** `whyNot`: why the work has become needless; undefined while it has not. */
  constructor(clock: Clock, bytesPerSecond: number, whyNot: () => Error | undefined) {
    this.clock = clock
    this.bytesPerSecond = bytesPerSecond
    this.whyNot = whyNot
    this.startedAt = clock.monotonic()
    this.sliceEnd = this.startedAt + SLICE_MS
  }

  get isNeeded(): boolean {
    return this.whyNot() === undefined
  }

  /** Throws when the work has become needless. */
  assertNeeded(): void {
    const reason = this.whyNot()
    if (reason) throw reason
  }

  /** Whether others are to have their turn. */
  get isOver(): boolean {
    return this.clock.monotonic() >= this.sliceEnd
  }

  /** Resolves when it is compaction's turn again. */
  async yield(): Promise<void> {
    const before = this.clock.monotonic()
    await new Promise<void>((resolve) => this.clock.soon(resolve))
    const busyMs = this.clock.monotonic() - before
    if (busyMs > BUSY_MS) await this.rest(Math.min(busyMs, LONGEST_REST_MS))
    this.assertNeeded()
    this.sliceEnd = this.clock.monotonic() + SLICE_MS
  }

  /** Counts bytes that were read or written, and resolves when more may be. */
  async spend(bytes: number): Promise<void> {
    this.bytes += bytes
    const dueMs = (this.bytes / this.bytesPerSecond) * 1000
    const early = dueMs - (this.clock.monotonic() - this.startedAt)
    if (early >= 1) await this.rest(early)
    this.assertNeeded()
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve))
  }
}
