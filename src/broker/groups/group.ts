/** A group and its committed offsets, as the records of `__consumer_offsets` tell them. */

import { ZERO_UUID } from '../../protocol/schema.ts'

/** A classic group at its last complete generation. One that only commits offsets has no protocol type and never had members. */
export interface GroupMetadata {
  protocolType: string
  generationId: number
  protocol: string | null
  leader: string | null
  /** When it became what it is, in wall time; -1 where that is not known. */
  stateTimestamp: number
  members: readonly CommittedMember[]
}

export interface CommittedMember {
  memberId: string
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** What it said about itself under the group's protocol. */
  subscription: Buffer
  assignment: Buffer
}

export interface CommittedOffset {
  offset: number
  /** -1 where the client sent none. */
  leaderEpoch: number
  metadata: string
  commitTimestamp: number
  /** When it ends whatever the broker's retention, as old clients may say; -1 where they do not. */
  expireTimestamp: number
  /** Of the topic when it was committed; zero in records of old brokers. */
  topicId: string
}

export type OffsetsByTopic = Map<string, Map<number, CommittedOffset>>

export interface Group extends GroupMetadata {
  groupId: string
  offsets: OffsetsByTopic
}

/** What a group is that nobody has ever joined. */
export const simpleGroup: GroupMetadata = {
  protocolType: '',
  generationId: 0,
  protocol: null,
  leader: null,
  stateTimestamp: -1,
  members: [],
}

/** A group that has only just been named: committing offsets is enough to make one. */
export function newGroup(groupId: string): Group {
  return { groupId, ...simpleGroup, offsets: new Map() }
}

/** Whether an offset was committed for the topic that has this id now; a topic made anew under its name starts afresh. */
export function isOfTopic({ topicId }: CommittedOffset, currentId: string): boolean {
  return topicId === ZERO_UUID || currentId === ZERO_UUID || topicId === currentId
}
