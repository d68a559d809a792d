// DescribeTopicPartitions (75): topics and their partitions, page by page (KIP-966).
// A cursor says where the next page begins; null where there is none.

import { api, array, bool, errorCode, int32, string, struct, uuid } from '../schema.ts'

const cursor = {
  topicName: string(),
  partitionIndex: int32(),
}

export const DescribeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: '0',
  flexible: '0+',
  request: {
    topics: array('0+', { name: string() }),
    responsePartitionLimit: int32('0+', { default: 2000 }),
    cursor: struct('0+', cursor, { nullable: '0+', default: null }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    topics: array('0+', {
      errorCode: errorCode(),
      name: string('0+', { nullable: '0+' }),
      topicId: uuid(),
      isInternal: bool('0+', { default: false }),
      partitions: array('0+', {
        errorCode: errorCode(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32('0+', { default: -1 }),
        replicaNodes: array('0+', int32()),
        isrNodes: array('0+', int32()),
        eligibleLeaderReplicas: array('0+', int32(), { nullable: '0+', default: null }),
        lastKnownElr: array('0+', int32(), { nullable: '0+', default: null }),
        offlineReplicas: array('0+', int32()),
      }),
      topicAuthorizedOperations: int32('0+', { default: -2_147_483_648 }),
    }),
    nextCursor: struct('0+', cursor, { nullable: '0+', default: null }),
  },
})
