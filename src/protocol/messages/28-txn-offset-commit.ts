// TxnOffsetCommit (28): a group's offsets, which count when the transaction commits (KIP-98).
// v1 answers before it throttles (KIP-219) - v2 committedLeaderEpoch (KIP-320) -
// v3 flexible, the member and its generation (KIP-447) - v4 TRANSACTION_ABORTABLE,
// v5 without AddOffsetsToTxn before it (KIP-890) - v6 topic ids (KIP-1319)

import { api, array, errorCode, int16, int32, int64, string, uuid, ZERO_UUID } from '../schema.ts'

export const TxnOffsetCommit = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: '0-6',
  flexible: '3+',
  request: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationIdOrMemberEpoch: int32('3+', { default: -1 }),
    memberId: string('3+', { default: '' }),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
    topics: array('0+', {
      name: string('0-5', { default: '', ignorable: true }),
      topicId: uuid('6+', { default: ZERO_UUID, ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    topics: array('0+', {
      name: string('0-5', { default: '', ignorable: true }),
      topicId: uuid('6+', { default: ZERO_UUID, ignorable: true }),
      partitions: array('0+', { partitionIndex: int32(), errorCode: errorCode() }),
    }),
  },
})
