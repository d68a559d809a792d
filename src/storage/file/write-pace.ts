/**
 * Which writes are done at once, on the loop, and which by a thread of the pool: on a machine with few cores a thread comes to
 * its turn milliseconds after a write of the same bytes would have ended. What the loop may lose by that is bounded: the bytes
 * of a turn, the bytes that the machine holds unsynced, and how often a disk may be waited for that has come to a stall.
 */

import type { Clock } from '../../clock.ts'

/** Largest number of bytes written in one turn of the loop. */
const TURN_BYTES = 4 * 1024 * 1024
/** A write that took longer has waited for the disk, not only for its turn on a busy machine, and the next ones shall not. */
const SLOW_WRITE_MS = 40
/** For how many times as long as the slow write took. */
const SLOW_FACTOR = 20

export interface PaceLimits {
  /** Largest write that is done at once. */
  readonly syncWriteBytes: number
  /** With more than this not synced, no write is done at once. */
  readonly dirtyLimitBytes: number
}

export class WritePace {
  /** Bytes written and not synced, of all logs. */
  dirtyBytes = 0
  /** Bytes written in this life, of all logs. */
  writtenBytes = 0
  private readonly limits: PaceLimits
  private readonly clock: Clock
  private turnBytes = 0
  private slowUntil = -Infinity

  constructor(limits: PaceLimits, clock: Clock) {
    this.limits = limits
    this.clock = clock
  }

  /** The loop has turned since the last write. */
  beginTurn(): void {
    this.turnBytes = 0
  }

  /** Bytes that one writer may write at once, in any turn; none while the disk is to be left alone. */
  get most(): number {
    const isDirty = this.dirtyBytes >= this.limits.dirtyLimitBytes
    if (isDirty || this.clock.monotonic() < this.slowUntil) return 0
    return this.limits.syncWriteBytes
  }

  /** Bytes that are left of this turn. */
  get left(): number {
    return TURN_BYTES - this.turnBytes
  }

  /** Does a write of so many bytes at once. */
  write(bytes: number, work: () => void): void {
    const before = this.clock.monotonic()
    work()
    const after = this.clock.monotonic()
    this.turnBytes += bytes
    if (after - before > SLOW_WRITE_MS) this.slowUntil = after + (after - before) * SLOW_FACTOR
  }
}
