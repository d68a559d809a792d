/**
 * Wall time that is never ahead of what has passed: the earlier of the wall clock, and the wall clock at the start plus
 * the monotonic time since. A clock that is set forward makes nothing older than it is, one that is set back only makes things last longer.
 * Where the clock was wrong at the start and was set right since, a restart takes the right time.
 */

import type { Clock } from '../clock.ts'

export class TrustedTime {
  private readonly clock: Clock
  private readonly wallAtStart: number
  private readonly monotonicAtStart: number

  constructor(clock: Clock) {
    this.clock = clock
    this.wallAtStart = clock.now()
    this.monotonicAtStart = clock.monotonic()
  }

  now(): number {
    return Math.min(this.clock.now(), this.elapsed)
  }

  /** How far the wall clock is ahead of what has passed; 0 when it is not. */
  get aheadMs(): number {
    return Math.max(0, this.clock.now() - this.elapsed)
  }

  private get elapsed(): number {
    return this.wallAtStart + Math.floor(this.clock.monotonic() - this.monotonicAtStart)
  }
}
