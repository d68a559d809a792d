// DeleteShareGroupState (86): forgets how far a share group has come in partitions (KIP-932).
// Spoken by group coordinators to share coordinators.

import { api, array, errorCode, int32, string, uuid } from '../schema.ts'

export const DeleteShareGroupState = api({
  key: 86,
  name: 'DeleteShareGroupState',
  versions: '0',
  flexible: '0+',
  request: {
    groupId: string(),
    topics: array('0+', {
      topicId: uuid(),
      partitions: array('0+', { partition: int32() }),
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
