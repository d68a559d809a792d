// ListTransactions (66): the transactions that a broker coordinates (KIP-664).
// v1 durationFilter (KIP-994) - v2 transactionalIdPattern (KIP-1152)

import { api, array, errorCode, int32, int64, string } from '../schema.ts'

export const ListTransactions = api({
  key: 66,
  name: 'ListTransactions',
  versions: '0-2',
  flexible: '0+',
  request: {
    stateFilters: array('0+', string()),
    producerIdFilters: array('0+', int64()),
    durationFilter: int64('1+', { default: -1n }),
    transactionalIdPattern: string('2+', { nullable: '2+', default: null }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    unknownStateFilters: array('0+', string()),
    transactionStates: array('0+', {
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
})
