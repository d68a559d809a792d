/** Committing offsets to a group, and reading them back. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import type { Round } from './classic/round.ts'
import { type CommittedOffset, type Group, isOfTopic } from './group.ts'
import { offsetRecord } from './group-records.ts'

export interface OffsetCommitRequest {
  groupId: string
  /** Empty where the client is no member. */
  memberId: string
  groupInstanceId: string | null
  /** -1 where the client is no member. */
  generationId: number
  /** How long old clients want the offsets kept; -1: as long as the broker says. */
  retentionTimeMs: number
  /** KIP-848: the client understands that a group is not there; before, a generation that it has lost was what it heard. */
  knowsMissingGroups: boolean
  /** Partitions that exist. */
  topics: readonly TopicToCommit[]
}

export interface TopicToCommit {
  name: string
  topicId: string
  partitions: readonly {
    partitionIndex: number
    offset: number
    /** When it was committed; left out: now. */
    commitTimestamp?: number
    leaderEpoch: number
    metadata: string
  }[]
}

export interface CommittedTopic {
  name: string
  topicId: string
  partitions: { partitionIndex: number; errorCode: ErrorName }[]
}

/** Whether the client may commit to the group now; NONE when it may. `round` is undefined where there is no such group. */
export function checkCommit(
  round: Round | undefined,
  {
    memberId,
    groupInstanceId,
    generationId,
    knowsMissingGroups,
  }: Pick<
    OffsetCommitRequest,
    'memberId' | 'groupInstanceId' | 'generationId' | 'knowsMissingGroups'
  >,
): ErrorName {
  if (!round) {
    if (generationId < 0) return 'NONE'
    return knowsMissingGroups ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION'
  }
  if (generationId < 0 && round.phase === 'Empty') return 'NONE'
  if (generationId < 0 && memberId === '' && groupInstanceId === null) return 'UNKNOWN_MEMBER_ID'
  const error = round.check(memberId, groupInstanceId)
  if (error !== 'NONE') return error
  if (generationId !== round.generationId) return 'ILLEGAL_GENERATION'
  return round.phase === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

/** The same answer for every partition. */
export function refuseCommit(
  topics: readonly TopicToCommit[],
  errorCode: ErrorName,
): CommittedTopic[] {
  return topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
}

export function commitOffsets(
  { groupId, retentionTimeMs, topics }: OffsetCommitRequest,
  now: number,
  maxMetadataBytes: number,
): { topics: CommittedTopic[]; records: StateRecord[] } {
  const records: StateRecord[] = []
  const expireTimestamp =
    retentionTimeMs === -1 ? -1 : Math.min(now + retentionTimeMs, Number.MAX_SAFE_INTEGER)
  const committed = topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex, commitTimestamp = now, ...position }) => {
      const errorCode = checkPosition(position, maxMetadataBytes)
      if (errorCode === 'NONE') {
        const offset = { ...position, commitTimestamp, expireTimestamp, topicId }
        records.push(offsetRecord(groupId, name, partitionIndex, offset))
      }
      return { partitionIndex, errorCode }
    }),
  }))
  return { topics: committed, records }
}

function checkPosition(
  { offset, metadata }: { offset: number; metadata: string },
  maxMetadataBytes: number,
): ErrorName {
  // Kafka counts UTF-16 units here, whatever the key is called.
  if (metadata.length > maxMetadataBytes) return 'OFFSET_METADATA_TOO_LARGE'
  return Number.isSafeInteger(offset) ? 'NONE' : 'INVALID_COMMIT_OFFSET_SIZE'
}

export interface TopicToFetch {
  name: string
  /** The topic's id now; zero where there is no such topic. */
  topicId: string
  partitionIndexes: readonly number[]
}

export interface FetchedTopic {
  name: string
  partitions: FetchedOffset[]
}

export interface FetchedOffset {
  partitionIndex: number
  /** -1 where nothing is committed. */
  committedOffset: number
  committedLeaderEpoch: number
  metadata: string
}

export function fetchOffsets(
  group: Group | undefined,
  topics: readonly TopicToFetch[],
): FetchedTopic[] {
  return topics.map(({ name, topicId, partitionIndexes }) => {
    const partitions = group?.offsets.get(name)
    return {
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const offset = partitions?.get(partitionIndex)
        const isValid = offset !== undefined && isOfTopic(offset, topicId)
        return fetched(partitionIndex, isValid ? offset : undefined)
      }),
    }
  })
}

export function fetchAllOffsets(group: Group | undefined): FetchedTopic[] {
  return [...(group?.offsets ?? [])].map(([name, partitions]) => ({
    name,
    partitions: [...partitions].map(([partitionIndex, offset]) => fetched(partitionIndex, offset)),
  }))
}

function fetched(partitionIndex: number, offset: CommittedOffset | undefined): FetchedOffset {
  return {
    partitionIndex,
    committedOffset: offset?.offset ?? -1,
    committedLeaderEpoch: offset?.leaderEpoch ?? -1,
    metadata: offset?.metadata ?? '',
  }
}
