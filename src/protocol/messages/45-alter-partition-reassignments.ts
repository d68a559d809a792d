// AlterPartitionReassignments (45): moves partitions to other replicas; null ends a move (KIP-455).
// v1 allowReplicationFactorChange (KIP-860)

import { api, array, bool, errorCode, int32, string } from '../schema.ts'

export const AlterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: '0-1',
  flexible: '0+',
  request: {
    timeoutMs: int32('0+', { default: 60_000 }),
    allowReplicationFactorChange: bool('1+', { default: true }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        replicas: array('0+', int32(), { nullable: '0+', default: null }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    allowReplicationFactorChange: bool('1+', { default: true, ignorable: true }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
    responses: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})
