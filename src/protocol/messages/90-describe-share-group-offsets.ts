// DescribeShareGroupOffsets (90): from where on share groups read partitions (KIP-932).
// v1 lag (KIP-1226)

import { api, array, errorCode, int32, int64, string, uuid } from '../schema.ts'

export const DescribeShareGroupOffsets = api({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: '0-1',
  flexible: '0+',
  request: {
    groups: array('0+', {
      groupId: string(),
      topics: array(
        '0+',
        { topicName: string(), partitions: array('0+', int32()) },
        { nullable: '0+' },
      ),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    groups: array('0+', {
      groupId: string(),
      topics: array('0+', {
        topicName: string(),
        topicId: uuid(),
        partitions: array('0+', {
          partitionIndex: int32(),
          startOffset: int64(),
          leaderEpoch: int32(),
          lag: int64('1+', { default: -1n, ignorable: true }),
          errorCode: errorCode(),
          errorMessage: string('0+', { nullable: '0+', default: null }),
        }),
      }),
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+', default: null }),
    }),
  },
})
