// ShareFetch (78): a member acquires records, and tells what became of others (KIP-932).
// Acknowledge types: 0 gap, 1 accept, 2 release, 3 reject, 4 renew.
// v0 early access - v1 maxRecords and batchSize in place of partitionMaxBytes,
// acquisitionLockTimeoutMs - v2 shareAcquireMode (KIP-1206), isRenewAck (KIP-1222)

import {
  api,
  array,
  bool,
  errorCode,
  int8,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const ShareFetch = api({
  key: 78,
  name: 'ShareFetch',
  versions: '0-2',
  flexible: '0+',
  request: {
    groupId: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+', { nullable: '0+' }),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32('0+', { default: 2_147_483_647 }),
    maxRecords: int32('1+', { default: 0 }),
    batchSize: int32('1+', { default: 0 }),
    shareAcquireMode: int8('2+', { default: 0, ignorable: true }),
    isRenewAck: bool('2+', { default: false }),
    topics: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partitionIndex: int32(),
        partitionMaxBytes: int32('0', { default: 0 }),
        acknowledgementBatches: array('0+', {
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: array('0+', int8()),
        }),
      }),
    }),
    forgottenTopicsData: array('0+', { topicId: uuid(), partitions: array('0+', int32()) }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32('1+', { default: 0 }),
    responses: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        acknowledgeErrorCode: errorCode(),
        acknowledgeErrorMessage: string('0+', { nullable: '0+', default: null }),
        currentLeader: struct('0+', { leaderId: int32(), leaderEpoch: int32() }),
        records: records('0+', { nullable: '0' }),
        acquiredRecords: array('0+', {
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryCount: int16(),
        }),
      }),
    }),
    nodeEndpoints: array('0+', {
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string('0+', { nullable: '0+', default: null }),
    }),
  },
})
