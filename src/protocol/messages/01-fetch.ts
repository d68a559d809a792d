// Fetch (1): record batches of partitions from given offsets, waiting for new ones when asked to.
// v1 throttleTimeMs - v3 maxBytes - v4 isolationLevel, magic 2 - v5 logStartOffset -
// v7 sessions (KIP-227) - v9 currentLeaderEpoch (KIP-320) - v10 zstd - v11 rackId (KIP-392) -
// v12 flexible - v13 topic ids (KIP-516) - v14 tiered storage (KIP-405) - v15 replicaState (KIP-903) -
// v16 nodeEndpoints (KIP-951) - v17 replicaDirectoryId (KIP-853) -
// v18 a follower's highWatermark (KIP-1166)

import {
  api,
  array,
  errorCode,
  int8,
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

export const Fetch = api({
  key: 1,
  name: 'Fetch',
  versions: '0-18',
  flexible: '12+',
  request: {
    clusterId: string('12+', {
      nullable: '12+',
      default: null,
      tag: 0,
      tagged: '12+',
      ignorable: true,
    }),
    replicaId: int32('0-14', { default: -1 }),
    replicaState: struct(
      '15+',
      {
        replicaId: int32('0+', { default: -1 }),
        replicaEpoch: int64('0+', { default: -1n }),
      },
      { default: {}, tag: 1, tagged: '15+' },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32('3+', { default: 2_147_483_647, ignorable: true }),
    isolationLevel: int8('4+', { default: 0, ignorable: true }),
    sessionId: int32('7+', { default: 0, ignorable: true }),
    sessionEpoch: int32('7+', { default: -1, ignorable: true }),
    topics: array('0+', {
      topic: string('0-12', { default: '', ignorable: true }),
      topicId: uuid('13+', { default: ZERO_UUID, ignorable: true }),
      partitions: array('0+', {
        partition: int32(),
        currentLeaderEpoch: int32('9+', { default: -1, ignorable: true }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32('12+', { default: -1 }),
        logStartOffset: int64('5+', { default: -1n, ignorable: true }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid('17+', {
          default: ZERO_UUID,
          tag: 0,
          tagged: '17+',
          ignorable: true,
        }),
        highWatermark: int64('18+', {
          default: 9_223_372_036_854_775_807n,
          tag: 1,
          tagged: '18+',
          ignorable: true,
        }),
      }),
    }),
    forgottenTopicsData: array(
      '7+',
      {
        topic: string('7-12', { default: '', ignorable: true }),
        topicId: uuid('13+', { default: ZERO_UUID, ignorable: true }),
        partitions: array('0+', int32()),
      },
      { default: [] },
    ),
    rackId: string('11+', { default: '', ignorable: true }),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    errorCode: errorCode('7+', { default: 'NONE', ignorable: true }),
    sessionId: int32('7+', { default: 0 }),
    responses: array('0+', {
      topic: string('0-12', { default: '', ignorable: true }),
      topicId: uuid('13+', { default: ZERO_UUID, ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32(),
        errorCode: errorCode(),
        highWatermark: int64(),
        lastStableOffset: int64('4+', { default: -1n, ignorable: true }),
        logStartOffset: int64('5+', { default: -1n, ignorable: true }),
        divergingEpoch: struct(
          '12+',
          {
            epoch: int32('0+', { default: -1 }),
            endOffset: int64('0+', { default: -1n }),
          },
          { default: {}, tag: 0, tagged: '12+' },
        ),
        currentLeader: struct('12+', leaderIdAndEpoch, { default: {}, tag: 1, tagged: '12+' }),
        snapshotId: struct(
          '12+',
          {
            endOffset: int64('0+', { default: -1n }),
            epoch: int32('0+', { default: -1 }),
          },
          { default: {}, tag: 2, tagged: '12+' },
        ),
        abortedTransactions: array(
          '4+',
          { producerId: int64(), firstOffset: int64() },
          { nullable: '4+', default: [], ignorable: true },
        ),
        preferredReadReplica: int32('11+', { default: -1 }),
        records: records('0+', { nullable: '0+' }),
      }),
    }),
    nodeEndpoints: array('16+', nodeEndpoint, { default: [], tag: 0, tagged: '16+' }),
  },
})
