// Produce (0): record batches for partitions, answered by the offset that each batch was given.
// v1 throttleTimeMs - v2 logAppendTimeMs - v3 transactionalId, magic 2 only - v5 logStartOffset -
// v7 zstd - v8 recordErrors (KIP-467) - v9 flexible - v10 leader hints (KIP-951) -
// v11 TRANSACTION_ABORTABLE, v12 adds partitions to the transaction (KIP-890) -
// v13 topic ids (KIP-516)

import {
  api,
  array,
  errorCode,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

const leaderIdAndEpoch = {
  leaderId: int32('0+', { default: -1 }),
  leaderEpoch: int32('0+', { default: -1 }),
}

const nodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: int32(),
  rack: string('0+', { nullable: '0+', default: null }),
}

export const Produce = api({
  key: 0,
  name: 'Produce',
  versions: '0-13',
  flexible: '9+',
  request: {
    transactionalId: string('3+', { nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array('0+', {
      name: string('0-12', { default: '', ignorable: true }),
      topicId: uuid('13+', { default: ZERO_UUID, ignorable: true }),
      partitionData: array('0+', { index: int32(), records: records('0+', { nullable: '0+' }) }),
    }),
  },
  response: {
    responses: array('0+', {
      name: string('0-12', { default: '', ignorable: true }),
      topicId: uuid('13+', { default: ZERO_UUID, ignorable: true }),
      partitionResponses: array('0+', {
        index: int32(),
        errorCode: errorCode(),
        baseOffset: int64(),
        logAppendTimeMs: int64('2+', { default: -1n, ignorable: true }),
        logStartOffset: int64('5+', { default: -1n, ignorable: true }),
        recordErrors: array(
          '8+',
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string('0+', { nullable: '0+', default: null }),
          },
          { default: [], ignorable: true },
        ),
        errorMessage: string('8+', { nullable: '8+', default: null, ignorable: true }),
        currentLeader: struct('10+', leaderIdAndEpoch, { default: {}, tag: 0, tagged: '10+' }),
      }),
    }),
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    nodeEndpoints: array('10+', nodeEndpoint, { default: [], tag: 0, tagged: '10+' }),
  },
})
