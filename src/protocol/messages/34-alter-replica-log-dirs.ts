// AlterReplicaLogDirs (34): moves replicas of a broker between its log directories (KIP-113).
// v1 answers before it throttles (KIP-219) - v2 flexible

import { api, array, errorCode, int32, string } from '../schema.ts'

export const AlterReplicaLogDirs = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: '0-2',
  flexible: '2+',
  request: {
    dirs: array('0+', {
      path: string(),
      topics: array('0+', { name: string(), partitions: array('0+', int32()) }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      topicName: string(),
      partitions: array('0+', { partitionIndex: int32(), errorCode: errorCode() }),
    }),
  },
})
