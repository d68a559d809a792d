/** The volatile half of a shard: rounds under way, and whose silence ends when. */

import type { Clock } from '../../clock.ts'
import { expireRound, expireSession } from './classic/rebalance.ts'
import type { Round } from './classic/round.ts'
import type { ClassicLimits, Moment, RoundChange } from './classic/round-change.ts'
import { Deadline, Deadlines } from './deadlines.ts'

/** What time itself decides about a group; undefined: nothing any more. */
export type TimedDecision = (round: Round) => RoundChange | undefined

interface LiveGroup {
  round: Round
  readonly deadline: Deadline
  /** By member id; the session of a member that has left ends without effect. */
  readonly sessions: Map<string, Deadline>
}

export class LiveGroups {
  private readonly clock: Clock
  private readonly limits: ClassicLimits
  private readonly onDue: (groupId: string, decide: TimedDecision) => void
  /** Groups that have members or expect them. Every other group's round follows from its record. */
  private readonly groups = new Map<string, LiveGroup>()
  private readonly deadlines: Deadlines

  constructor(
    clock: Clock,
    limits: ClassicLimits,
    onDue: (groupId: string, decide: TimedDecision) => void,
  ) {
    this.clock = clock
    this.limits = limits
    this.onDue = onDue
    this.deadlines = new Deadlines(clock)
  }

  moment(): Moment {
    return { now: this.clock.now(), monotonic: this.clock.monotonic(), limits: this.limits }
  }

  round(groupId: string): Round | undefined {
    return this.groups.get(groupId)?.round
  }

  /** What was decided is so. */
  adopt({ round, sessions }: RoundChange): void {
    if (round.isVacant) {
      this.forget(round.groupId)
      return
    }
    const group = this.groups.get(round.groupId) ?? this.add(round)
    group.round = round
    if (round.deadline === null) this.deadlines.cancel(group.deadline)
    else this.deadlines.set(group.deadline, round.deadline)
    for (const { memberId, timeoutMs } of sessions) this.startSession(group, memberId, timeoutMs)
  }

  /** The member's silence is measured anew. */
  keepAlive(groupId: string, memberId: string): void {
    const group = this.groups.get(groupId)
    const member = group?.round.members.get(memberId)
    if (group && member) this.startSession(group, memberId, member.sessionTimeoutMs)
  }

  forget(groupId: string): void {
    const group = this.groups.get(groupId)
    if (!group) return
    this.groups.delete(groupId)
    this.deadlines.cancel(group.deadline)
    for (const session of group.sessions.values()) this.deadlines.cancel(session)
  }

  /** Nothing falls due any more. */
  clear(): void {
    this.deadlines.clear()
    this.groups.clear()
  }

  private add(round: Round): LiveGroup {
    const { groupId } = round
    const deadline = new Deadline(() =>
      this.onDue(groupId, (before) => expireRound(before, this.moment())),
    )
    const group: LiveGroup = { round, deadline, sessions: new Map() }
    this.groups.set(groupId, group)
    return group
  }

  private startSession(group: LiveGroup, memberId: string, timeoutMs: number): void {
    let session = group.sessions.get(memberId)
    if (!session) {
      session = new Deadline(() => {
        group.sessions.delete(memberId)
        this.onDue(group.round.groupId, (before) => expireSession(before, memberId, this.moment()))
      })
      group.sessions.set(memberId, session)
    }
    this.deadlines.set(session, this.clock.monotonic() + timeoutMs)
  }
}
