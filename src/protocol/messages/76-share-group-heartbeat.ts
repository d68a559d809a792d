// ShareGroupHeartbeat (76): a member joins, stays, learns its assignment (KIP-932).
// v0 was the early access of Kafka 4.0; v1 has the same bytes.

import { api, array, errorCode, int32, string, struct, uuid } from '../schema.ts'

export const ShareGroupHeartbeat = api({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: '0-1',
  flexible: '0+',
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string('0+', { nullable: '0+', default: null }),
    subscribedTopicNames: array('0+', string(), { nullable: '0+', default: null }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+', { nullable: '0+', default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      '0+',
      {
        topicPartitions: array('0+', { topicId: uuid(), partitions: array('0+', int32()) }),
      },
      { nullable: '0+', default: null },
    ),
  },
})
