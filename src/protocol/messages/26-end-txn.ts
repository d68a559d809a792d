// EndTxn (26): commits or aborts a transaction (KIP-98).
// v1 answers before it throttles (KIP-219) - v2 PRODUCER_FENCED - v3 flexible -
// v4 TRANSACTION_ABORTABLE, v5 the producer id and epoch of the next transaction (KIP-890)

import { api, bool, errorCode, int16, int32, int64, string } from '../schema.ts'

export const EndTxn = api({
  key: 26,
  name: 'EndTxn',
  versions: '0-5',
  flexible: '3+',
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    producerId: int64('5+', { default: -1n, ignorable: true }),
    producerEpoch: int16('5+', { default: -1, ignorable: true }),
  },
})
