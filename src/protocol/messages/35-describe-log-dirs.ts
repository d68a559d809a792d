// DescribeLogDirs (35): a broker's log directories, and the sizes of partitions in them (KIP-113).
// v1 answers before it throttles (KIP-219) - v2 flexible - v3 errorCode -
// v4 totalBytes, usableBytes (KIP-827) - v5 isCordoned (KIP-1066)

import { api, array, bool, errorCode, int32, int64, string } from '../schema.ts'

export const DescribeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: '0-5',
  flexible: '2+',
  request: {
    topics: array('0+', { topic: string(), partitions: array('0+', int32()) }, { nullable: '0+' }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode('3+', { default: 'NONE', ignorable: true }),
    results: array('0+', {
      errorCode: errorCode(),
      logDir: string(),
      topics: array('0+', {
        name: string(),
        partitions: array('0+', {
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64('4+', { default: -1n, ignorable: true }),
      usableBytes: int64('4+', { default: -1n, ignorable: true }),
      isCordoned: bool('5+', { default: false, ignorable: true }),
    }),
  },
})
