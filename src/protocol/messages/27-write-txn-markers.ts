// WriteTxnMarkers (27): a coordinator has partitions' leaders write their markers (KIP-98).
// v1 flexible - v2 transactionVersion (KIP-1228).
// Spoken between brokers, and by tools that abort a hanging transaction (KIP-664).

import { api, array, bool, errorCode, int8, int16, int32, int64, string } from '../schema.ts'

export const WriteTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: '0-2',
  flexible: '1+',
  request: {
    markers: array('0+', {
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array('0+', { name: string(), partitionIndexes: array('0+', int32()) }),
      coordinatorEpoch: int32(),
      transactionVersion: int8('2+', { default: 0, ignorable: true }),
    }),
  },
  response: {
    markers: array('0+', {
      producerId: int64(),
      topics: array('0+', {
        name: string(),
        partitions: array('0+', { partitionIndex: int32(), errorCode: errorCode() }),
      }),
    }),
  },
})
