/** SyncGroup: the leader hands in everybody's assignment, and everybody gets its own. */

import type { ErrorName } from '../../../protocol/errors.ts'
import { NO_BYTES, type Round, type Ticket } from './round.ts'
import { type Moment, RoundChange, type SyncReply, syncRefusal } from './round-change.ts'

export interface SyncRequest {
  groupId: string
  memberId: string
  groupInstanceId: string | null
  generationId: number
  /** Null where the version of the request has none. */
  protocolType: string | null
  protocol: string | null
  /** Of the leader; owned by whoever gets the request. */
  assignments: ReadonlyMap<string, Buffer>
}

/** Decides on a SyncGroup, which `ticket` stands for while it waits for the leader's. */
export function sync(
  before: Round,
  request: SyncRequest,
  ticket: Ticket,
  moment: Moment,
): RoundChange | SyncReply {
  const error = refusal(before, request)
  if (error !== 'NONE') return syncRefusal(error)
  const change = new RoundChange(before, moment)
  const { round } = change
  const member = round.members.get(request.memberId)!
  round.unsynced.delete(member.memberId)
  if (round.unsynced.size === 0) round.deadline = null
  if (round.phase === 'Stable') {
    change.answerSync(ticket, change.syncReply(member))
    return change
  }
  if (member.sync !== null) change.answerSync(member.sync, syncRefusal('REBALANCE_IN_PROGRESS'))
  round.put({ ...member, sync: ticket })
  if (round.leader === member.memberId) assign(change, request.assignments)
  return change
}

function refusal(round: Round, request: SyncRequest): ErrorName {
  const error = round.check(request.memberId, request.groupInstanceId)
  if (error !== 'NONE') return error
  if (request.generationId !== round.generationId) return 'ILLEGAL_GENERATION'
  if (
    differs(request.protocolType, round.protocolType) ||
    differs(request.protocol, round.protocol)
  ) {
    return 'INCONSISTENT_GROUP_PROTOCOL'
  }
  return round.phase === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

function differs(asked: string | null, ours: string | null): boolean {
  return asked !== null && ours !== null && asked !== ours
}

/** The generation is complete: it becomes the group's record, and those who have synced hear what is theirs. */
function assign(change: RoundChange, assignments: ReadonlyMap<string, Buffer>): void {
  const { round } = change
  round.update(({ memberId }) => ({ assignment: assignments.get(memberId) ?? NO_BYTES }))
  round.phase = 'Stable'
  change.commit()
  for (const member of round.members.values()) {
    if (member.sync === null) continue
    change.answerSync(member.sync, change.syncReply(member))
    change.keepAlive(member)
  }
  round.update(() => ({ sync: null }))
}
