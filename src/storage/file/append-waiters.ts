/** The appends of a log that wait to be acknowledged, in the order of offsets. */

import type { AppendOutcome } from '../engine.ts'
import type { Commit } from './commit.ts'

interface Waiter {
  /** Waits until the high watermark is here. */
  end: number
  commit: Commit
  index: number
}

export class AppendWaiters {
  private waiters: Waiter[] = []

  add(end: number, commit: Commit, index: number): void {
    commit.wait()
    this.waiters.push({ end, commit, index })
  }

  /** All before the high watermark is acknowledged. */
  answer(highWatermark: number): void {
    let done = 0
    while (done < this.waiters.length && this.waiters[done]!.end <= highWatermark) done++
    const answered = this.waiters.splice(0, done)
    for (const { commit } of answered) commit.done()
  }

  /** Nothing is acknowledged any more: this is what all get that wait. */
  end(outcome: AppendOutcome): void {
    const { waiters } = this
    this.waiters = []
    for (const { commit, index } of waiters) {
      commit.outcomes[index] = outcome
      commit.done()
    }
  }
}
