// DescribeTransactions (65): state, producer and partitions of transactions (KIP-664).

import { api, array, errorCode, int16, int32, int64, string } from '../schema.ts'

export const DescribeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: '0',
  flexible: '0+',
  request: {
    transactionalIds: array('0+', string()),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    transactionStates: array('0+', {
      errorCode: errorCode(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array('0+', { topic: string(), partitions: array('0+', int32()) }),
    }),
  },
})
