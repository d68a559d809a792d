/** The course of a classic group's round: it is prepared, completed when all have joined, or given up on the silent ones. */

import { NO_BYTES, type Round } from './round.ts'
import { RoundChange, syncRefusal, type Moment } from './round-change.ts'

/** Starts a round, or goes on with the one that gathers members already. */
export function rebalance(change: RoundChange): void {
  if (change.round.phase === 'PreparingRebalance') completeIfAllJoined(change)
  else prepare(change)
}

/** Starts a round: everybody has to join anew. */
export function prepare(change: RoundChange): void {
  const { round, moment } = change
  if (round.phase === 'CompletingRebalance') callOffSync(change)
  round.unsynced.clear()
  round.deadline = null
  const isInitial = round.phase === 'Empty'
  round.phase = 'PreparingRebalance'
  if (isInitial) {
    const delayMs = moment.limits.initialRebalanceDelayMs
    const remainingMs = Math.max(round.rebalanceTimeoutMs - delayMs, 0)
    round.initial = { delayMs, remainingMs, hasNewMember: false }
    if (delayMs > 0) round.deadline = moment.monotonic + delayMs
    else complete(change)
  } else if (round.haveAllJoined) {
    complete(change)
  } else {
    round.deadline = moment.monotonic + round.rebalanceTimeoutMs
  }
}

/** The first round of an empty group is never cut short: it waits for its delay. */
export function completeIfAllJoined(change: RoundChange): void {
  const { round } = change
  if (round.phase === 'PreparingRebalance' && !round.initial && round.haveAllJoined)
    complete(change)
}

/** Ends the gathering: who has not joined is out, but for static members, and the others learn their generation. */
export function complete(change: RoundChange): void {
  const { round, moment } = change
  for (const member of round.members.values()) {
    if (member.join === null && member.groupInstanceId === null) round.remove(member.memberId)
  }
  if (round.members.size > 0 && !round.electLeader()) {
    // Only static members, and none of them has joined: they keep their places until their sessions end.
    round.deadline = moment.monotonic + round.rebalanceTimeoutMs
    return
  }
  round.generationId++
  round.initial = null
  round.deadline = null
  round.unsynced.clear()
  if (round.members.size === 0) {
    round.phase = 'Empty'
    round.protocol = null
    change.commit()
    return
  }
  round.phase = 'CompletingRebalance'
  round.protocol = round.chooseProtocol()
  round.deadline = moment.monotonic + round.rebalanceTimeoutMs
  for (const member of round.members.values()) {
    if (member.join !== null) change.answerJoin(member.join, change.joinReply(member))
    change.keepAlive(member)
    round.unsynced.add(member.memberId)
  }
  round.update(() => ({ join: null, isNew: false }))
}

/** The group is loaded: its members' sessions begin anew, for no heartbeat is ever written. */
export function resume(before: Round, moment: Moment): RoundChange {
  const change = new RoundChange(before, moment)
  for (const member of before.members.values()) change.keepAlive(member)
  // `group.max.size` may have been lowered meanwhile.
  if (before.members.size > moment.limits.maxSize) prepare(change)
  return change
}

/** The round's deadline has come. */
export function expireRound(before: Round, moment: Moment): RoundChange | undefined {
  if (before.deadline === null || moment.monotonic < before.deadline) return undefined
  const change = new RoundChange(before, moment)
  const { round } = change
  round.deadline = null
  if (round.phase === 'PreparingRebalance') {
    if (round.initial?.hasNewMember && round.initial.remainingMs > 0) extend(change, round.initial)
    else complete(change)
  } else {
    const silent = [...round.unsynced]
    for (const memberId of silent) {
      const member = round.members.get(memberId)
      if (member) change.drop(member, 'UNKNOWN_MEMBER_ID')
    }
    if (silent.length > 0) prepare(change)
  }
  return change
}

/** A member has been silent for too long, or has not come back with the id that it was given. */
export function expireSession(
  before: Round,
  memberId: string,
  moment: Moment,
): RoundChange | undefined {
  if (before.pending.has(memberId)) {
    const change = new RoundChange(before, moment)
    change.round.remove(memberId)
    completeIfAllJoined(change)
    return change
  }
  const member = before.members.get(memberId)
  if (!member) return undefined
  const isParked = member.join !== null || member.sync !== null
  if (isParked && !member.isNew) return undefined
  const change = new RoundChange(before, moment)
  change.drop(member, 'UNKNOWN_MEMBER_ID')
  rebalance(change)
  return change
}

/** Somebody came during the last delay: the first round waits once more, up to the rebalance timeout in all. */
function extend(
  { round, moment }: RoundChange,
  { delayMs, remainingMs }: NonNullable<Round['initial']>,
): void {
  const nextDelayMs = Math.min(moment.limits.initialRebalanceDelayMs, remainingMs)
  round.initial = {
    delayMs: nextDelayMs,
    remainingMs: Math.max(remainingMs - delayMs, 0),
    hasNewMember: false,
  }
  round.deadline = moment.monotonic + nextDelayMs
}

/** The generation ends before its leader has assigned: who waits for an assignment joins again. */
function callOffSync(change: RoundChange): void {
  for (const member of change.round.members.values()) {
    if (member.sync === null) continue
    change.answerSync(member.sync, syncRefusal('REBALANCE_IN_PROGRESS'))
    change.keepAlive(member)
  }
  change.round.update(() => ({ sync: null, assignment: NO_BYTES }))
}
