/** What DescribeGroups and ListGroups tell of classic groups. */

import { metadataUnder, NO_BYTES, type Phase, type Round } from './classic/round.ts'

export interface DescribedGroup {
  groupId: string
  groupState: Phase
  protocolType: string
  /** Empty but in a Stable group. */
  protocol: string
  members: {
    memberId: string
    groupInstanceId: string | null
    clientId: string
    clientHost: string
    metadata: Buffer
    assignment: Buffer
  }[]
}

export function describeGroup(round: Round): DescribedGroup {
  const isStable = round.phase === 'Stable'
  return {
    groupId: round.groupId,
    groupState: round.phase,
    protocolType: round.protocolType ?? '',
    protocol: isStable ? (round.protocol ?? '') : '',
    members: [...round.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: isStable ? metadataUnder(member, round.protocol) : NO_BYTES,
      assignment: member.assignment,
    })),
  }
}

export interface ListedGroup {
  groupId: string
  protocolType: string
  groupState: Phase
  groupType: 'classic'
}

export interface GroupFilter {
  /** Names of states and types in any case; none: all. */
  states: readonly string[]
  types: readonly string[]
}

export function listGroup(round: Round): ListedGroup {
  return {
    groupId: round.groupId,
    protocolType: round.protocolType ?? '',
    groupState: round.phase,
    groupType: 'classic',
  }
}

export function isListed(group: ListedGroup, { states, types }: GroupFilter): boolean {
  return isAmong(group.groupState, states) && isAmong(group.groupType, types)
}

function isAmong(name: string, filter: readonly string[]): boolean {
  return (
    filter.length === 0 ||
    filter.some((wanted) => wanted.trim().toLowerCase() === name.toLowerCase())
  )
}
