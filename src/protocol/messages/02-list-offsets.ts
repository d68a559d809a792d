// ListOffsets (2): first, last or by-time offset of partitions.
// v1 one offset per partition, with its timestamp - v2 isolationLevel - v4 leaderEpoch - v6 flexible -
// v7 -3 = max timestamp (KIP-734) - v8 -4 = earliest local (KIP-405) -
// v9 -5 = latest tiered (KIP-1005) - v10 timeoutMs (KIP-1075) -
// v11 -6 = earliest pending upload (KIP-1023)

import { api, array, errorCode, int8, int32, int64, string } from '../schema.ts'

export const ListOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: '0-11',
  flexible: '6+',
  request: {
    replicaId: int32(),
    isolationLevel: int8('2+', { default: 0 }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        currentLeaderEpoch: int32('4+', { default: -1, ignorable: true }),
        timestamp: int64(),
        maxNumOffsets: int32('0', { default: 1 }),
      }),
    }),
    timeoutMs: int32('10+', { default: 0, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32('2+', { default: 0, ignorable: true }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        oldStyleOffsets: array('0', int64(), { default: [] }),
        timestamp: int64('1+', { default: -1n }),
        offset: int64('1+', { default: -1n }),
        leaderEpoch: int32('4+', { default: -1 }),
      }),
    }),
  },
})
