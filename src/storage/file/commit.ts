/** One call of `append` under way: its outcomes, and how many of them do not hold yet. */

import type { AppendOutcome } from '../engine.ts'
import type { Mark } from './log-writer.ts'

export class Commit {
  readonly outcomes: AppendOutcome[] = []
  private open = 0
  private resolve: ((outcomes: AppendOutcome[]) => void) | undefined

  /** One more outcome waits for its log. */
  wait(): void {
    this.open++
  }

  /** One outcome holds, or has become another. */
  done(): void {
    if (--this.open === 0) this.resolve?.(this.outcomes)
  }

  whenDone(): Promise<AppendOutcome[]> {
    if (this.open === 0) return Promise.resolve(this.outcomes)
    return new Promise((resolve) => {
      this.resolve = resolve
    })
  }
}

/** Logs whose appends become visible together: none passes its own before all are acknowledged. */
export class AtomicGroup {
  private readonly members = new Set<AtomicMember>()
  private open = 0

  add(member: AtomicMember): void {
    this.members.add(member)
    this.open++
  }

  /** A member's appends are acknowledged, or can never be. With the last one all become visible, and only then anybody hears of it. */
  memberDone(): void {
    if (--this.open > 0) return
    for (const member of this.members) member.lift(this)
    for (const member of this.members) member.announce()
  }
}

export interface AtomicMember {
  /** Makes the group's appends visible. */
  lift(group: AtomicGroup): void
  /** Tells those who wait. */
  announce(): void
}

/** What a log has appended for a group, and shows when the group does. */
export interface Barrier {
  group: AtomicGroup
  start: Mark
  end: number
  isDone: boolean
}
