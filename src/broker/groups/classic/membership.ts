/** Heartbeat and LeaveGroup: members of a classic group say that they live, or that they go. */

import type { ErrorName } from '../../../protocol/errors.ts'
import { rebalance } from './rebalance.ts'
import type { Round } from './round.ts'
import { type Moment, RoundChange } from './round-change.ts'

export interface HeartbeatRequest {
  groupId: string
  memberId: string
  groupInstanceId: string | null
  generationId: number
}

/** `isAlive`: the member's silence is measured anew. */
export function heartbeat(
  round: Round,
  { memberId, groupInstanceId, generationId }: HeartbeatRequest,
): { errorCode: ErrorName; isAlive: boolean } {
  const error = round.check(memberId, groupInstanceId)
  if (error !== 'NONE') return { errorCode: error, isAlive: false }
  if (generationId !== round.generationId) {
    return { errorCode: 'ILLEGAL_GENERATION', isAlive: false }
  }
  const errorCode = round.phase === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
  return { errorCode, isAlive: true }
}

export interface Leaver {
  /** Empty where an administrator removes a static member by its instance id. */
  memberId: string
  groupInstanceId: string | null
}

export interface LeaverReply extends Leaver {
  errorCode: ErrorName
}

export function leave(
  before: Round,
  leavers: readonly Leaver[],
  moment: Moment,
): { change: RoundChange; members: LeaverReply[] } {
  const change = new RoundChange(before, moment)
  const members = leavers.map((leaver) => ({ ...leaver, errorCode: remove(change, leaver) }))
  const hasLeft = members.some(({ errorCode }) => errorCode === 'NONE')
  if (hasLeft && change.round.phase !== 'Empty') rebalance(change)
  return { change, members }
}

function remove(change: RoundChange, { memberId, groupInstanceId }: Leaver): ErrorName {
  const { round } = change
  if (memberId === '') {
    const holder = groupInstanceId === null ? undefined : round.memberIdOf(groupInstanceId)
    if (holder === undefined) return 'UNKNOWN_MEMBER_ID'
    change.drop(round.members.get(holder)!, 'UNKNOWN_MEMBER_ID')
    return 'NONE'
  }
  if (round.pending.delete(memberId)) return 'NONE'
  const error = round.check(memberId, groupInstanceId)
  if (error === 'NONE') change.drop(round.members.get(memberId)!, 'UNKNOWN_MEMBER_ID')
  return error
}
