// DescribeQuorum (55): leader, voters and observers of the cluster's metadata log (KIP-595).
// v1 when replicas last fetched and were caught up (KIP-836) -
// v2 errorMessage, replicaDirectoryId, nodes (KIP-853)

import { api, array, errorCode, int32, int64, string, uint16, uuid, ZERO_UUID } from '../schema.ts'

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid('2+', { default: ZERO_UUID }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64('1+', { default: -1n, ignorable: true }),
  lastCaughtUpTimestamp: int64('1+', { default: -1n, ignorable: true }),
}

export const DescribeQuorum = api({
  key: 55,
  name: 'DescribeQuorum',
  versions: '0-2',
  flexible: '0+',
  request: {
    topics: array('0+', {
      topicName: string(),
      partitions: array('0+', { partitionIndex: int32() }),
    }),
  },
  response: {
    errorCode: errorCode(),
    errorMessage: string('2+', { nullable: '2+', default: '', ignorable: true }),
    topics: array('0+', {
      topicName: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        errorMessage: string('2+', { nullable: '2+', default: '', ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array('0+', replicaState),
        observers: array('0+', replicaState),
      }),
    }),
    nodes: array(
      '2+',
      {
        nodeId: int32(),
        listeners: array('0+', { name: string(), host: string(), port: uint16() }),
      },
      { default: [] },
    ),
  },
})
