// AddPartitionsToTxn (24): partitions join a transaction before it writes to them (KIP-98).
// v1 answers before it throttles (KIP-219) - v2 PRODUCER_FENCED - v3 flexible -
// v4 many transactions, verifyOnly, errorCode, v5 TRANSACTION_ABORTABLE (KIP-890).
// Clients speak it up to v3, and brokers, which verify for their producers, from v4 on.

import { api, array, bool, errorCode, int16, int32, int64, string } from '../schema.ts'

const topic = {
  name: string(),
  partitions: array('0+', int32()),
}

const topicResult = {
  name: string(),
  resultsByPartition: array('0+', { partitionIndex: int32(), partitionErrorCode: errorCode() }),
}

export const AddPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: '0-5',
  flexible: '3+',
  request: {
    transactions: array(
      '4+',
      {
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        verifyOnly: bool('0+', { default: false }),
        topics: array('0+', topic),
      },
      { default: [] },
    ),
    v3AndBelowTransactionalId: string('0-3', { default: '' }),
    v3AndBelowProducerId: int64('0-3', { default: 0n }),
    v3AndBelowProducerEpoch: int16('0-3', { default: 0 }),
    v3AndBelowTopics: array('0-3', topic, { default: [] }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode('4+', { default: 'NONE', ignorable: true }),
    resultsByTransaction: array(
      '4+',
      { transactionalId: string(), topicResults: array('0+', topicResult) },
      { default: [] },
    ),
    resultsByTopicV3AndBelow: array('0-3', topicResult, { default: [] }),
  },
})
