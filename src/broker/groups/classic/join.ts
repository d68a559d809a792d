/** JoinGroup: how a member comes into a classic group, or comes back. */

import type { ErrorName } from '../../../protocol/errors.ts'
import { sameProtocols, type Protocol } from './protocol-vote.ts'
import { completeIfAllJoined, prepare, rebalance } from './rebalance.ts'
import { type Member, NO_BYTES, type Round, type Ticket } from './round.ts'
import {
  type JoinReply,
  joinRefusal,
  type Moment,
  RoundChange,
  syncRefusal,
} from './round-change.ts'

/** How long a new member's JoinGroup may stay parked: it cannot heartbeat yet, and may be gone. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000

export interface JoinRequest {
  groupId: string
  /** Empty where the member has none yet. */
  memberId: string
  groupInstanceId: string | null
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocolType: string
  /** Owned by whoever gets the request. */
  protocols: readonly Protocol[]
  clientId: string
  clientHost: string
  /** KIP-394: a dynamic member first learns its id, and joins with it. */
  requiresKnownMemberId: boolean
  /** KIP-814: the client knows of `skipAssignment`. */
  canSkipAssignment: boolean
}

interface Join {
  request: JoinRequest
  ticket: Ticket
  change: RoundChange
}

/** Decides on a JoinGroup, which `ticket` stands for while it is parked. `newMemberId` is given to a member without id. */
export function join(
  before: Round,
  request: JoinRequest,
  ticket: Ticket,
  newMemberId: string,
  moment: Moment,
): RoundChange {
  const change = new RoundChange(before, moment)
  const refuse = (errorCode: ErrorName, memberId = request.memberId): void =>
    change.answerJoin(ticket, joinRefusal(errorCode, memberId))
  if (!hasRoom(change, request.memberId)) {
    kickOut(change, request.memberId)
    refuse('GROUP_MAX_SIZE_REACHED', '')
  } else if (!change.round.supports(request.protocolType, request.protocols)) {
    refuse('INCONSISTENT_GROUP_PROTOCOL')
  } else if (request.memberId === '') {
    joinAnew({ request, ticket, change }, newMemberId)
  } else if (change.round.pending.has(request.memberId) && request.groupInstanceId === null) {
    add({ request, ticket, change }, request.memberId)
  } else {
    const error = change.round.check(request.memberId, request.groupInstanceId)
    if (error === 'NONE') rejoin({ request, ticket, change })
    else refuse(error)
  }
  return change
}

/** `group.max.size`; while a round gathers, only those who have joined count, so that the last to come are left out. */
function hasRoom({ round, moment }: RoundChange, memberId: string): boolean {
  const { maxSize } = moment.limits
  const member = round.members.get(memberId)
  if (round.phase === 'Empty') return true
  if (round.phase === 'PreparingRebalance') {
    return (member !== undefined && member.join !== null) || round.joinedCount < maxSize
  }
  return member !== undefined || round.members.size < maxSize
}

function kickOut(change: RoundChange, memberId: string): void {
  const member = change.round.members.get(memberId)
  if (member) change.drop(member, 'GROUP_MAX_SIZE_REACHED')
  else change.round.pending.delete(memberId)
  completeIfAllJoined(change)
}

/** Without a member id: a static member may have a place already; a dynamic one is new. */
function joinAnew(joining: Join, newMemberId: string): void {
  const { request, ticket, change } = joining
  if (request.groupInstanceId !== null) {
    const holder = change.round.memberIdOf(request.groupInstanceId)
    if (holder === undefined) add(joining, newMemberId)
    else takeOver(joining, holder, newMemberId)
  } else if (request.requiresKnownMemberId) {
    change.round.pending.add(newMemberId)
    change.sessions.push({ memberId: newMemberId, timeoutMs: request.sessionTimeoutMs })
    change.answerJoin(ticket, joinRefusal('MEMBER_ID_REQUIRED', newMemberId))
  } else {
    add(joining, newMemberId)
  }
}

function add({ request, ticket, change }: Join, memberId: string): void {
  const { round } = change
  const member: Member = {
    memberId,
    groupInstanceId: request.groupInstanceId,
    ...terms(request),
    assignment: NO_BYTES,
    isNew: true,
    join: ticket,
    sync: null,
  }
  if (round.members.size === 0) round.protocolType = request.protocolType
  if (round.initial) round.initial = { ...round.initial, hasNewMember: true }
  round.put(member)
  change.keepAlive(member, NEW_MEMBER_JOIN_TIMEOUT_MS)
  rebalance(change)
}

/** A known member: it starts a round when it leads or has something new to say, else it hears of the generation again. */
function rejoin({ request, ticket, change }: Join): void {
  const { round } = change
  const member = round.members.get(request.memberId)!
  const isUnchanged = sameProtocols(member.protocols, request.protocols)
  const staysInGeneration =
    round.phase === 'CompletingRebalance'
      ? isUnchanged
      : round.phase === 'Stable' && isUnchanged && round.leader !== member.memberId
  if (staysInGeneration) {
    change.answerJoin(ticket, change.joinReply(member))
    return
  }
  supersede(change, member)
  round.put({ ...member, ...terms(request), join: ticket })
  rebalance(change)
}

/** A static member comes back under another member id: the place is the same, and the member before it is fenced. */
function takeOver({ request, ticket, change }: Join, holder: string, newMemberId: string): void {
  const { round } = change
  const before = round.members.get(holder)!
  const formerLeader = round.leader ?? ''
  if (before.join !== null) {
    change.answerJoin(before.join, joinRefusal('FENCED_INSTANCE_ID', holder))
  }
  if (before.sync !== null) {
    change.answerSync(before.sync, syncRefusal('FENCED_INSTANCE_ID'))
  }
  const wasUnsynced = round.unsynced.has(holder)
  const isStable = round.phase === 'Stable'
  const successor: Member = {
    ...before,
    ...terms(request),
    memberId: newMemberId,
    isNew: false,
    join: ticket,
    sync: null,
  }
  round.rename(holder, successor)
  change.keepAlive(successor)
  if (!isStable) {
    // A leader that assigns now would still name the old member id.
    if (round.phase === 'CompletingRebalance') prepare(change)
    else completeIfAllJoined(change)
  } else if (round.chooseProtocol() !== round.protocol) {
    prepare(change)
  } else {
    const settled = { ...successor, join: null }
    round.put(settled)
    if (wasUnsynced) round.unsynced.add(newMemberId)
    change.commit()
    change.answerJoin(ticket, settledReply(change, settled, request, formerLeader))
  }
}

/** A client that does not know `skipAssignment` must not take itself for the leader, or it would assign anew. */
function settledReply(
  change: RoundChange,
  member: Member,
  request: JoinRequest,
  formerLeader: string,
): JoinReply {
  if (request.canSkipAssignment) return change.joinReply(member, { skipAssignment: true })
  return { ...change.joinReply(member), leader: formerLeader, members: [] }
}

/** The same member asks again, on another connection: whoever still waits for its earlier requests need not. */
function supersede(change: RoundChange, member: Member): void {
  if (member.join !== null) {
    change.answerJoin(member.join, joinRefusal('REBALANCE_IN_PROGRESS', member.memberId))
  }
}

function terms(
  request: JoinRequest,
): Pick<
  Member,
  'clientId' | 'clientHost' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'protocols'
> {
  const { clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request
  return { clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols }
}
