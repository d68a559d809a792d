// DescribeProducers (61): who writes to partitions, and from where on in a transaction (KIP-664).

import { api, array, errorCode, int32, int64, string } from '../schema.ts'

export const DescribeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  versions: '0',
  flexible: '0+',
  request: {
    topics: array('0+', { name: string(), partitionIndexes: array('0+', int32()) }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        activeProducers: array('0+', {
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32('0+', { default: -1 }),
          lastTimestamp: int64('0+', { default: -1n }),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64('0+', { default: -1n }),
        }),
      }),
    }),
  },
})
