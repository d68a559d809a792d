// ElectLeaders (43): partitions are led by their preferred replicas again (KIP-183).
// v1 electionType 1 = unclean, errorCode (KIP-460) - v2 flexible

import { api, array, errorCode, int8, int32, string } from '../schema.ts'

export const ElectLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  versions: '0-2',
  flexible: '2+',
  request: {
    electionType: int8('1+', { default: 0 }),
    topicPartitions: array(
      '0+',
      { topic: string(), partitions: array('0+', int32()) },
      { nullable: '0+' },
    ),
    timeoutMs: int32('0+', { default: 60_000 }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode('1+', { default: 'NONE' }),
    replicaElectionResults: array('0+', {
      topic: string(),
      partitionResult: array('0+', {
        partitionId: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})
