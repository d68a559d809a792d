// InitializeShareGroupState (83): where a share group begins to read partitions (KIP-932).
// Spoken by group coordinators to share coordinators.

import { api, array, errorCode, int32, int64, string, uuid } from '../schema.ts'

export const InitializeShareGroupState = api({
  key: 83,
  name: 'InitializeShareGroupState',
  versions: '0',
  flexible: '0+',
  request: {
    groupId: string(),
    topics: array('0+', {
      topicId: uuid(),
      partitions: array('0+', { partition: int32(), stateEpoch: int32(), startOffset: int64() }),
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
