// ShareAcknowledge (79): a member tells what became of acquired records (KIP-932).
// Acknowledge types: 0 gap, 1 accept, 2 release, 3 reject, 4 renew.
// v0 early access - v1 the same bytes - v2 isRenewAck, acquisitionLockTimeoutMs (KIP-1222)

import { api, array, bool, errorCode, int8, int32, int64, string, struct, uuid } from '../schema.ts'

export const ShareAcknowledge = api({
  key: 79,
  name: 'ShareAcknowledge',
  versions: '0-2',
  flexible: '0+',
  request: {
    groupId: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+', { nullable: '0+' }),
    shareSessionEpoch: int32(),
    isRenewAck: bool('2+', { default: false }),
    topics: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partitionIndex: int32(),
        acknowledgementBatches: array('0+', {
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: array('0+', int8()),
        }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32('2+', { default: 0, ignorable: true }),
    responses: array('0+', {
      topicId: uuid(),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        currentLeader: struct('0+', { leaderId: int32(), leaderEpoch: int32() }),
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
