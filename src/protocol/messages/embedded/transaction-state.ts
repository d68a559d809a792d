/**
 * Key and value of `__transaction_state` (KIP-98).
 *
 * A key is an int16 record type and a body of version 0; a value is an int16 version and a body.
 */

import { array, int8, int16, int32, int64, message, string } from '../../schema.ts'

/** A transactional id. */
export const TransactionLogKey = message({
  name: 'TransactionLogKey',
  apiKey: 0,
  versions: '0',
  fields: {
    transactionalId: string(),
  },
})

/**
 * `transactionStatus` is 0 empty, 1 ongoing, 2 about to commit, 3 about to abort, 4 committed, 5 aborted, 6 dead or
 * 7 about to be fenced. `transactionPartitions` is null when there are none.
 * v1 flexible; its tagged fields are those of transactions that end with a new epoch (KIP-890)
 */
export const TransactionLogValue = message({
  name: 'TransactionLogValue',
  apiKey: 0,
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64(),
    previousProducerId: int64('1+', { default: -1n, tag: 0, tagged: '1+' }),
    nextProducerId: int64('1+', { default: -1n, tag: 1, tagged: '1+' }),
    producerEpoch: int16(),
    nextProducerEpoch: int16('1+', { default: -1, tag: 3, tagged: '1+' }),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: array(
      '0+',
      { topic: string(), partitionIds: array('0+', int32()) },
      { nullable: '0+' },
    ),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16('1+', { default: 0, tag: 2, tagged: '1+' }),
  },
})
