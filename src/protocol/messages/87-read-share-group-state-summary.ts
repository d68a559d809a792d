// ReadShareGroupStateSummary (87): how far a share group has come, in short (KIP-932).
// Spoken by group coordinators to share coordinators.
// v1 deliveryCompleteCount (KIP-1226)

import { api, array, errorCode, int32, int64, string, uuid } from '../schema.ts'

export const ReadShareGroupStateSummary = api({
  key: 87,
  name: 'ReadShareGroupStateSummary',
  versions: '0-1',
  flexible: '0+',
  request: {
    groupId: string(),
    topics: array('0+', {
      topicId: uuid(),
      partitions: array('0+', { partition: int32(), leaderEpoch: int32() }),
    }),
  },
  response: {
    results: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partition: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32('1+', { default: -1, ignorable: true }),
      }),
    }),
  },
})
