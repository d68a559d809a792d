/**
 * A classic group as it lives: who is in it, who has joined the round under way, and what they wait for.
 *
 * None of this is committed. Empty and Stable rounds follow from the group's record; the two phases between them are lost
 * with the broker, and clients then start the round anew.
 *
 * | phase               | leaves when                                             | to                  |
 * |---------------------|---------------------------------------------------------|---------------------|
 * | Empty               | a member joins                                          | PreparingRebalance  |
 * | PreparingRebalance  | all have joined, or the deadline has passed             | CompletingRebalance |
 * |                     | nobody is left                                          | Empty               |
 * | CompletingRebalance | the leader syncs, with everybody's assignment           | Stable              |
 * |                     | a member joins, leaves, goes silent or never syncs      | PreparingRebalance  |
 * | Stable              | a member joins, leaves, goes silent or changes its mind | PreparingRebalance  |
 */

import type { ErrorName } from '../../../protocol/errors.ts'
import type { Group } from '../group.ts'
import { type Protocol, voteForProtocol } from './protocol-vote.ts'

export type Phase = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** Stands for a parked JoinGroup or SyncGroup request. */
export type Ticket = number

export interface Member {
  readonly memberId: string
  /** Of a static member (KIP-345): it keeps its place when it comes back with another member id. */
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** In the member's order of preference. */
  readonly protocols: readonly Protocol[]
  readonly assignment: Buffer
  /** Has not been through a round yet: it is dropped when silent even while its JoinGroup is parked. */
  readonly isNew: boolean
  /** Its parked JoinGroup: it has joined the round under way. */
  readonly join: Ticket | null
  readonly sync: Ticket | null
}

export const NO_BYTES = Buffer.alloc(0)

export class Round {
  readonly groupId: string
  phase: Phase = 'Empty'
  generationId = 0
  /** Null where no member has ever joined. */
  protocolType: string | null = null
  /** What the members have agreed on for this generation. */
  protocol: string | null = null
  leader: string | null = null
  /** Member ids given out with MEMBER_ID_REQUIRED, whose holders have not come back yet. */
  readonly pending: Set<string>
  /** Who has not sent SyncGroup since the generation began. */
  readonly unsynced: Set<string>
  /** The first round of an empty group waits for more members: how much longer at most, and whether one has come lately. */
  initial: { delayMs: number; remainingMs: number; hasNewMember: boolean } | null = null
  /** When, in monotonic time, those who have not joined (or synced) are no longer waited for. */
  deadline: number | null = null
  private readonly byId: Map<string, Member>
  private readonly byInstance: Map<string, string>
  /** How many members support each protocol. */
  private readonly support: Map<string, number>
  private joined = 0

  constructor(groupId: string, from?: Round) {
    this.groupId = groupId
    this.pending = new Set(from?.pending)
    this.unsynced = new Set(from?.unsynced)
    this.byId = new Map(from?.byId)
    this.byInstance = new Map(from?.byInstance)
    this.support = new Map(from?.support)
    if (!from) return
    this.phase = from.phase
    this.generationId = from.generationId
    this.protocolType = from.protocolType
    this.protocol = from.protocol
    this.leader = from.leader
    this.initial = from.initial
    this.deadline = from.deadline
    this.joined = from.joined
  }

  /** As the group's record tells it: after a start, or between rounds. */
  static of(group: Group): Round {
    const round = new Round(group.groupId)
    round.generationId = group.generationId
    round.protocolType = group.protocolType === '' ? null : group.protocolType
    round.protocol = group.protocol
    for (const { subscription, ...member } of group.members) {
      const protocols =
        group.protocol === null ? [] : [{ name: group.protocol, metadata: subscription }]
      round.put({ ...member, protocols, isNew: false, join: null, sync: null })
    }
    round.leader = group.leader
    if (group.members.length > 0) round.phase = 'Stable'
    return round
  }

  copy(): Round {
    return new Round(this.groupId, this)
  }

  get members(): ReadonlyMap<string, Member> {
    return this.byId
  }

  /** Nobody is in it or expected: all that there is to know stands in the group's record. */
  get isVacant(): boolean {
    return this.phase === 'Empty' && this.pending.size === 0
  }

  get joinedCount(): number {
    return this.joined
  }

  get haveAllJoined(): boolean {
    return this.joined === this.byId.size && this.pending.size === 0
  }

  /** The longest that any member asks for. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.byId.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  memberIdOf(groupInstanceId: string): string | undefined {
    return this.byInstance.get(groupInstanceId)
  }

  /** Whether a member with these protocols could be in the group: an empty one takes any. */
  supports(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (this.phase === 'Empty') return protocolType !== '' && protocols.length > 0
    return (
      this.protocolType === protocolType &&
      protocols.some(({ name }) => (this.support.get(name) ?? 0) === this.byId.size)
    )
  }

  /** NONE when there is such a member and, for a static one, nobody has taken its place. */
  check(memberId: string, groupInstanceId: string | null): ErrorName {
    if (groupInstanceId !== null) {
      const holder = this.byInstance.get(groupInstanceId)
      if (holder === undefined) return 'UNKNOWN_MEMBER_ID'
      if (holder !== memberId) return 'FENCED_INSTANCE_ID'
    }
    return this.byId.has(memberId) ? 'NONE' : 'UNKNOWN_MEMBER_ID'
  }

  /** Adds a member, or replaces the one of the same id. */
  put(member: Member): void {
    const before = this.byId.get(member.memberId)
    if (before) this.count(before, -1)
    this.byId.set(member.memberId, member)
    this.count(member, 1)
    if (member.groupInstanceId !== null)
      this.byInstance.set(member.groupInstanceId, member.memberId)
    this.leader ??= member.memberId
    this.pending.delete(member.memberId)
  }

  remove(memberId: string): void {
    const member = this.byId.get(memberId)
    if (member) {
      this.count(member, -1)
      this.byId.delete(memberId)
      if (member.groupInstanceId !== null) this.byInstance.delete(member.groupInstanceId)
    }
    if (this.leader === memberId) this.leader = this.byId.keys().next().value ?? null
    this.pending.delete(memberId)
    this.unsynced.delete(memberId)
  }

  /** Gives a static member's place to its next incarnation: assignment, leadership and all. */
  rename(memberId: string, successor: Member): void {
    const wasLeader = this.leader === memberId
    this.remove(memberId)
    this.put(successor)
    if (wasLeader) this.leader = successor.memberId
  }

  /** The leader if it has joined, else the first who has. */
  electLeader(): boolean {
    const leader = this.leader === null ? undefined : this.byId.get(this.leader)
    if (leader && leader.join !== null) return true
    for (const member of this.byId.values()) {
      if (member.join === null) continue
      this.leader = member.memberId
      return true
    }
    return false
  }

  /** The protocol with most votes among those that all members support. */
  chooseProtocol(): string {
    return voteForProtocol([...this.byId.values()].map(({ protocols }) => protocols))
  }

  /** Sets what is to be known of every member at once. */
  update(change: (member: Member) => Partial<Member>): void {
    for (const member of this.byId.values()) this.put({ ...member, ...change(member) })
  }

  private count(member: Member, by: 1 | -1): void {
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      const supporters = (this.support.get(name) ?? 0) + by
      if (supporters > 0) this.support.set(name, supporters)
      else this.support.delete(name)
    }
    if (member.join !== null) this.joined += by
  }
}

/** What the member said about itself under the group's protocol. */
export function metadataUnder(member: Member, protocol: string | null): Buffer {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_BYTES
}
