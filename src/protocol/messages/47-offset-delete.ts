// OffsetDelete (47): a group forgets offsets of topics that it is not subscribed to (KIP-496).

import { api, array, errorCode, int32, string } from '../schema.ts'

export const OffsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  versions: '0',
  flexible: 'none',
  request: {
    groupId: string(),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', { partitionIndex: int32() }),
    }),
  },
  response: {
    errorCode: errorCode(),
    throttleTimeMs: int32('0+', { default: 0 }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', { partitionIndex: int32(), errorCode: errorCode() }),
    }),
  },
})
