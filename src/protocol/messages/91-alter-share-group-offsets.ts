// AlterShareGroupOffsets (91): an empty share group shall read from given offsets (KIP-932).

import { api, array, errorCode, int32, int64, string, uuid } from '../schema.ts'

export const AlterShareGroupOffsets = api({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: '0',
  flexible: '0+',
  request: {
    groupId: string(),
    topics: array('0+', {
      topicName: string(),
      partitions: array('0+', { partitionIndex: int32(), startOffset: int64() }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    responses: array('0+', {
      topicName: string(),
      topicId: uuid(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
      }),
    }),
  },
})
