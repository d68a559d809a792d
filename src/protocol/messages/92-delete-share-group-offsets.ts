// DeleteShareGroupOffsets (92): an empty share group forgets topics (KIP-932).

import { api, array, errorCode, int32, string, uuid } from '../schema.ts'

export const DeleteShareGroupOffsets = api({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: '0',
  flexible: '0+',
  request: {
    groupId: string(),
    topics: array('0+', { topicName: string() }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    responses: array('0+', {
      topicName: string(),
      topicId: uuid(),
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+', default: null }),
    }),
  },
})
