// ShareGroupDescribe (77): state and members of share groups (KIP-932).
// v0 was the early access of Kafka 4.0; v1 has the same bytes.

import { api, array, bool, errorCode, int32, string, struct, uuid } from '../schema.ts'

export const ShareGroupDescribe = api({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: '0-1',
  flexible: '0+',
  request: {
    groupIds: array('0+', string()),
    includeAuthorizedOperations: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    groups: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+', default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: array('0+', {
        memberId: string(),
        rackId: string('0+', { nullable: '0+', default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array('0+', string()),
        assignment: struct('0+', {
          topicPartitions: array('0+', {
            topicId: uuid(),
            topicName: string(),
            partitions: array('0+', int32()),
          }),
        }),
      }),
      authorizedOperations: int32('0+', { default: -2_147_483_648 }),
    }),
  },
})
