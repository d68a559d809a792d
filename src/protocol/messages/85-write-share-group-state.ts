// WriteShareGroupState (85): keeps how far a share group has come in partitions (KIP-932).
// Spoken by the leaders of partitions to share coordinators.
// v1 deliveryCompleteCount (KIP-1226)

import { api, array, errorCode, int8, int16, int32, int64, string, uuid } from '../schema.ts'

export const WriteShareGroupState = api({
  key: 85,
  name: 'WriteShareGroupState',
  versions: '0-1',
  flexible: '0+',
  request: {
    groupId: string(),
    topics: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partition: int32(),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32('1+', { default: -1, ignorable: true }),
        stateBatches: array('0+', {
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      }),
    }),
  },
  response: {
    results: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partition: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
      }),
    }),
  },
})
