// InitProducerId (22): a producer gets its id and epoch, for idempotence or transactions.
// v2 flexible - v3 asks to go on with its id and epoch (KIP-360) - v4 PRODUCER_FENCED -
// v5 TRANSACTION_ABORTABLE (KIP-890).
// Kafka 4.4 knows a v6 (KIP-939), not stable yet and left out.

import { api, errorCode, int16, int32, int64, string } from '../schema.ts'

export const InitProducerId = api({
  key: 22,
  name: 'InitProducerId',
  versions: '0-5',
  flexible: '2+',
  request: {
    transactionalId: string('0+', { nullable: '0+' }),
    transactionTimeoutMs: int32(),
    producerId: int64('3+', { default: -1n }),
    producerEpoch: int16('3+', { default: -1 }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    producerId: int64('0+', { default: -1n }),
    producerEpoch: int16(),
  },
})
