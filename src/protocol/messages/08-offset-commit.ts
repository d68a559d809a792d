// OffsetCommit (8): a group keeps how far it has read.
// v1 members, commitTimestamp - v2 retentionTimeMs - v3 throttleTimeMs -
// v5 no retentionTimeMs (KIP-211) - v6 committedLeaderEpoch (KIP-320) - v7 groupInstanceId (KIP-345) -
// v8 flexible - v9 member epochs (KIP-848) - v10 topic ids

import { api, array, errorCode, int32, int64, string, uuid, ZERO_UUID } from '../schema.ts'

export const OffsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: '0-10',
  flexible: '8+',
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32('1+', { default: -1, ignorable: true }),
    memberId: string('1+', { default: '', ignorable: true }),
    groupInstanceId: string('7+', { nullable: '7+', default: null }),
    retentionTimeMs: int64('2-4', { default: -1n, ignorable: true }),
    topics: array('0+', {
      name: string('0-9', { default: '', ignorable: true }),
      topicId: uuid('10+', { default: ZERO_UUID, ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('6+', { default: -1, ignorable: true }),
        commitTimestamp: int64('1', { default: -1n }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('3+', { default: 0, ignorable: true }),
    topics: array('0+', {
      name: string('0-9', { default: '', ignorable: true }),
      topicId: uuid('10+', { default: ZERO_UUID, ignorable: true }),
      partitions: array('0+', { partitionIndex: int32(), errorCode: errorCode() }),
    }),
  },
})
