// OffsetForLeaderEpoch (23): where leader epochs end, to notice a truncated log (KIP-101).
// v1 leaderEpoch of the answer (KIP-279) - v2 currentLeaderEpoch, throttleTimeMs (KIP-320) -
// v3 replicaId, -2 = a consumer that may see past the high watermark - v4 flexible

import { api, array, errorCode, int32, int64, string } from '../schema.ts'

export const OffsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: '0-4',
  flexible: '4+',
  request: {
    replicaId: int32('3+', { default: -2, ignorable: true }),
    topics: array('0+', {
      topic: string(),
      partitions: array('0+', {
        partition: int32(),
        currentLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('2+', { default: 0, ignorable: true }),
    topics: array('0+', {
      topic: string(),
      partitions: array('0+', {
        errorCode: errorCode(),
        partition: int32(),
        leaderEpoch: int32('1+', { default: -1, ignorable: true }),
        endOffset: int64('0+', { default: -1n }),
      }),
    }),
  },
})
