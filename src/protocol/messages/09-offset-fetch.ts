// OffsetFetch (9): how far groups have read.
// v0 asked ZooKeeper - v2 null = all topics, errorCode - v3 throttleTimeMs -
// v5 committedLeaderEpoch (KIP-320) - v6 flexible - v7 requireStable (KIP-447) -
// v8 many groups (KIP-709) - v9 member epochs (KIP-848) - v10 topic ids

import { api, array, bool, errorCode, int32, int64, string, uuid, ZERO_UUID } from '../schema.ts'

export const OffsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: '0-10',
  flexible: '6+',
  request: {
    groupId: string('0-7', { default: '' }),
    topics: array(
      '0-7',
      {
        name: string(),
        partitionIndexes: array('0+', int32()),
      },
      { nullable: '2-7', default: [] },
    ),
    groups: array(
      '8+',
      {
        groupId: string(),
        memberId: string('9+', { nullable: '9+', default: null, ignorable: true }),
        memberEpoch: int32('9+', { default: -1, ignorable: true }),
        topics: array(
          '0+',
          {
            name: string('8-9', { default: '', ignorable: true }),
            topicId: uuid('10+', { default: ZERO_UUID, ignorable: true }),
            partitionIndexes: array('0+', int32()),
          },
          { nullable: '0+' },
        ),
      },
      { default: [] },
    ),
    requireStable: bool('7+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('3+', { default: 0, ignorable: true }),
    topics: array(
      '0-7',
      {
        name: string(),
        partitions: array('0+', {
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32('5-7', { default: -1, ignorable: true }),
          metadata: string('0+', { nullable: '0+' }),
          errorCode: errorCode(),
        }),
      },
      { default: [] },
    ),
    errorCode: errorCode('2-7', { default: 'NONE', ignorable: true }),
    groups: array(
      '8+',
      {
        groupId: string(),
        topics: array('0+', {
          name: string('8-9', { default: '', ignorable: true }),
          topicId: uuid('10+', { default: ZERO_UUID, ignorable: true }),
          partitions: array('0+', {
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32('0+', { default: -1, ignorable: true }),
            metadata: string('0+', { nullable: '0+' }),
            errorCode: errorCode(),
          }),
        }),
        errorCode: errorCode('0+', { default: 'NONE' }),
      },
      { default: [] },
    ),
  },
})
