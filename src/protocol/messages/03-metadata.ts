// Metadata (3): the brokers, and the topics with their partitions and leaders.
// v0 no topics = all - v1 null = all, controllerId - v2 clusterId - v3 throttleTimeMs -
// v4 allowAutoTopicCreation - v5 offlineReplicas - v7 leaderEpoch -
// v8 authorized operations (KIP-430) - v9 flexible - v10 topicId -
// v11 no cluster operations (KIP-700) - v12 asks by topic id - v13 errorCode (KIP-1102)

import { api, array, bool, errorCode, int32, string, uuid, ZERO_UUID } from '../schema.ts'

export const Metadata = api({
  key: 3,
  name: 'Metadata',
  versions: '0-13',
  flexible: '9+',
  request: {
    topics: array(
      '0+',
      {
        topicId: uuid('10+', { default: ZERO_UUID, ignorable: true }),
        name: string('0+', { nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool('4+', { default: true }),
    includeClusterAuthorizedOperations: bool('8-10', { default: false }),
    includeTopicAuthorizedOperations: bool('8+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('3+', { default: 0, ignorable: true }),
    brokers: array('0+', {
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string('1+', { nullable: '1+', default: null, ignorable: true }),
    }),
    clusterId: string('2+', { nullable: '2+', default: null, ignorable: true }),
    controllerId: int32('1+', { default: -1, ignorable: true }),
    topics: array('0+', {
      errorCode: errorCode(),
      name: string('0+', { nullable: '12+' }),
      topicId: uuid('10+', { default: ZERO_UUID, ignorable: true }),
      isInternal: bool('1+', { default: false, ignorable: true }),
      partitions: array('0+', {
        errorCode: errorCode(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32('7+', { default: -1, ignorable: true }),
        replicaNodes: array('0+', int32()),
        isrNodes: array('0+', int32()),
        offlineReplicas: array('5+', int32(), { default: [], ignorable: true }),
      }),
      topicAuthorizedOperations: int32('8+', { default: -2_147_483_648 }),
    }),
    clusterAuthorizedOperations: int32('8-10', { default: -2_147_483_648 }),
    errorCode: errorCode('13+', { default: 'NONE', ignorable: true }),
  },
})
