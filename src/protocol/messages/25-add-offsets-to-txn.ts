// AddOffsetsToTxn (25): the offsets of a group join a transaction before TxnOffsetCommit (KIP-98).
// v1 answers before it throttles (KIP-219) - v2 PRODUCER_FENCED - v3 flexible -
// v4 TRANSACTION_ABORTABLE (KIP-890)

import { api, errorCode, int16, int32, int64, string } from '../schema.ts'

export const AddOffsetsToTxn = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: '0-4',
  flexible: '3+',
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
  },
})
