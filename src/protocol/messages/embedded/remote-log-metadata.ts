/**
 * Records of `__remote_log_metadata`: which segments are in tiered storage (KIP-405).
 *
 * They begin as the cluster's own records do: form, type and version, each a uvarint. A segment is 0 being copied, 1 copied,
 * 2 being deleted, 3 deleted.
 */

import {
  array,
  bool,
  bytes,
  int8,
  int32,
  int64,
  message,
  string,
  struct,
  uuid,
} from '../../schema.ts'

const topicIdPartition = {
  name: string(),
  id: uuid(),
  partition: int32(),
}

const segmentId = {
  topicIdPartition: struct('0+', topicIdPartition),
  id: uuid(),
}

const leaderEpochStart = {
  leaderEpoch: int32(),
  offset: int64(),
}

/** A segment is being copied. */
export const RemoteLogSegmentMetadataRecord = message({
  name: 'RemoteLogSegmentMetadataRecord',
  apiKey: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct('0+', segmentId),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array('0+', leaderEpochStart),
    segmentSizeInBytes: int32(),
    customMetadata: bytes('0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool('0+', { default: false, tag: 0, tagged: '0+' }),
  },
})

/** A segment has come to another state. */
export const RemoteLogSegmentMetadataUpdateRecord = message({
  name: 'RemoteLogSegmentMetadataUpdateRecord',
  apiKey: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct('0+', segmentId),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: bytes('0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
  },
})

/** All of a partition goes: 0 marked, 1 begun, 2 done. */
export const RemotePartitionDeleteMetadataRecord = message({
  name: 'RemotePartitionDeleteMetadataRecord',
  apiKey: 2,
  versions: '0',
  flexible: '0+',
  fields: {
    topicIdPartition: struct('0+', topicIdPartition),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
})

/** A segment with all that is known of it, as brokers keep it in a file of each partition. */
export const RemoteLogSegmentMetadataSnapshotRecord = message({
  name: 'RemoteLogSegmentMetadataSnapshotRecord',
  apiKey: 3,
  versions: '0',
  flexible: '0+',
  fields: {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array('0+', leaderEpochStart),
    segmentSizeInBytes: int32(),
    customMetadata: bytes('0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool('0+', { default: false, tag: 0, tagged: '0+' }),
  },
})
