/** What a decision about a classic group comes to: its next round, and what has to follow. Nothing has happened yet. */

import type { ErrorName } from '../../../protocol/errors.ts'
import type { StateRecord } from '../../coordinator/machine.ts'
import { groupRecord } from '../group-records.ts'
import { type Member, metadataUnder, NO_BYTES, type Round, type Ticket } from './round.ts'

/** The broker's limits for classic groups, times in milliseconds. */
export interface ClassicLimits {
  /** `group.initial.rebalance.delay.ms` */
  initialRebalanceDelayMs: number
  /** `group.max.size` */
  maxSize: number
}

/** When and under which limits a decision is made. */
export interface Moment {
  /** Wall time: what goes into records. */
  now: number
  monotonic: number
  limits: ClassicLimits
}

export interface JoinReply {
  errorCode: ErrorName
  memberId: string
  generationId: number
  protocolType: string | null
  protocol: string | null
  leader: string
  /** KIP-814: the assignments of this generation stand; the leader need not make new ones. */
  skipAssignment: boolean
  /** For the leader alone. */
  members: { memberId: string; groupInstanceId: string | null; metadata: Buffer }[]
}

export interface SyncReply {
  errorCode: ErrorName
  protocolType: string | null
  protocol: string | null
  assignment: Buffer
}

export function joinRefusal(errorCode: ErrorName, memberId: string): JoinReply {
  return {
    errorCode,
    memberId,
    generationId: -1,
    protocolType: null,
    protocol: null,
    leader: '',
    skipAssignment: false,
    members: [],
  }
}

export function syncRefusal(errorCode: ErrorName): SyncReply {
  return { errorCode, protocolType: null, protocol: null, assignment: NO_BYTES }
}

export class RoundChange {
  readonly moment: Moment
  /** The decision's own copy: the round before stays as it was. */
  readonly round: Round
  readonly records: StateRecord[] = []
  /** Go out when the records are committed. */
  readonly joins: { ticket: Ticket; reply: JoinReply }[] = []
  readonly syncs: { ticket: Ticket; reply: SyncReply }[] = []
  /** Whose silence is measured anew from now on, and how long it may last. */
  readonly sessions: { memberId: string; timeoutMs: number }[] = []

  constructor(before: Round, moment: Moment) {
    this.round = before.copy()
    this.moment = moment
  }

  answerJoin(ticket: Ticket, reply: JoinReply): void {
    this.joins.push({ ticket, reply })
  }

  answerSync(ticket: Ticket, reply: SyncReply): void {
    this.syncs.push({ ticket, reply })
  }

  keepAlive(member: Member, timeoutMs = member.sessionTimeoutMs): void {
    this.sessions.push({ memberId: member.memberId, timeoutMs })
  }

  /** Removes a member; what it has parked is answered. */
  drop(member: Member, errorCode: ErrorName, memberId = ''): void {
    if (member.join !== null) this.answerJoin(member.join, joinRefusal(errorCode, memberId))
    if (member.sync !== null) this.answerSync(member.sync, syncRefusal(errorCode))
    this.round.remove(member.memberId)
  }

  /** The generation as one of its members is to know it. */
  joinReply(member: Member, options: { skipAssignment?: boolean } = {}): JoinReply {
    const { round } = this
    const isLeader = round.leader === member.memberId
    return {
      errorCode: 'NONE',
      memberId: member.memberId,
      generationId: round.generationId,
      protocolType: round.protocolType,
      protocol: round.protocol,
      leader: round.leader ?? '',
      skipAssignment: isLeader && options.skipAssignment === true,
      members: isLeader
        ? [...round.members.values()].map((each) => ({
            memberId: each.memberId,
            groupInstanceId: each.groupInstanceId,
            metadata: metadataUnder(each, round.protocol),
          }))
        : [],
    }
  }

  syncReply(member: Member): SyncReply {
    const { protocolType, protocol } = this.round
    return { errorCode: 'NONE', protocolType, protocol, assignment: member.assignment }
  }

  /** Has the group's record say what the round says. */
  commit(): void {
    const { round, moment } = this
    this.records.push(
      groupRecord(round.groupId, {
        protocolType: round.protocolType ?? '',
        generationId: round.generationId,
        protocol: round.protocol,
        leader: round.leader,
        stateTimestamp: moment.now,
        members: [...round.members.values()].map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          rebalanceTimeoutMs: member.rebalanceTimeoutMs,
          sessionTimeoutMs: member.sessionTimeoutMs,
          subscription: metadataUnder(member, round.protocol),
          assignment: member.assignment,
        })),
      }),
    )
  }
}
