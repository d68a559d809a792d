// DeleteTopics (20): ends topics and all their records.
// v1 throttleTimeMs - v3 TOPIC_DELETION_DISABLED - v4 flexible -
// v5 errorMessage, THROTTLING_QUOTA_EXCEEDED (KIP-599) - v6 by topic id (KIP-516)

import { api, array, errorCode, int32, string, uuid, ZERO_UUID } from '../schema.ts'

export const DeleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: '0-6',
  flexible: '4+',
  request: {
    topics: array(
      '6+',
      { name: string('0+', { nullable: '0+', default: null }), topicId: uuid() },
      { default: [] },
    ),
    topicNames: array('0-5', string(), { default: [], ignorable: true }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    responses: array('0+', {
      name: string('0+', { nullable: '6+' }),
      topicId: uuid('6+', { default: ZERO_UUID, ignorable: true }),
      errorCode: errorCode(),
      errorMessage: string('5+', { nullable: '5+', default: null, ignorable: true }),
    }),
  },
})
