/** The public entry `odradek/protocol`: schemas, codecs, errors, headers, frames and record batches. */

export { type ApiName, type ApiRow, apiRow, apiTable, type Listeners } from './api-table.ts'
export {
  type Codec,
  codecOf,
  decodeMessage,
  decodeRequest,
  decodeResponse,
  encodeMessage,
  encodeRequest,
  encodeResponse,
} from './compile.ts'
export {
  defaultText,
  type ErrorName,
  type ErrorRow,
  errorCodeOf,
  errorNameOf,
  errors,
  isRetriable,
  ProtocolViolation,
} from './errors.ts'
export { FRAME_SIZE_BYTES, frameSizeAt, requestFrame, responseFrame } from './frame.ts'
export {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  peekApi,
  type RequestHeader,
  type RequestHeaderVersion,
  type ResponseHeaderVersion,
  requestHeaderVersion,
  responseHeaderVersion,
} from './header.ts'
export { Produce } from './messages/00-produce.ts'
export { Fetch } from './messages/01-fetch.ts'
export { ListOffsets } from './messages/02-list-offsets.ts'
export { Metadata } from './messages/03-metadata.ts'
export { OffsetCommit } from './messages/08-offset-commit.ts'
export { OffsetFetch } from './messages/09-offset-fetch.ts'
export { FindCoordinator } from './messages/10-find-coordinator.ts'
export { JoinGroup } from './messages/11-join-group.ts'
export { Heartbeat } from './messages/12-heartbeat.ts'
export { LeaveGroup } from './messages/13-leave-group.ts'
export { SyncGroup } from './messages/14-sync-group.ts'
export { DescribeGroups } from './messages/15-describe-groups.ts'
export { ListGroups } from './messages/16-list-groups.ts'
export { ApiVersions } from './messages/18-api-versions.ts'
export { CreateTopics } from './messages/19-create-topics.ts'
export { DeleteTopics } from './messages/20-delete-topics.ts'
export { InitProducerId } from './messages/22-init-producer-id.ts'
export { DescribeConfigs } from './messages/32-describe-configs.ts'
export { CreatePartitions } from './messages/37-create-partitions.ts'
export { DeleteGroups } from './messages/42-delete-groups.ts'
export { DescribeCluster } from './messages/60-describe-cluster.ts'
export * from './messages/embedded/cluster-metadata.ts'
export * from './messages/embedded/consumer-protocol.ts'
export * from './messages/embedded/offsets-topic.ts'
export * from './messages/embedded/prefixes.ts'
export { ProducerSnapshot } from './messages/embedded/producer-snapshot.ts'
export { Reader } from './reader.ts'
export { type BatchOptions, buildBatch, type RecordInput } from './records/batch-builder.ts'
export { BatchView, batchesIn, batchSizeAt, type TimestampType } from './records/batch-view.ts'
export type { Compression } from './records/compression.ts'
export { crc32c } from './records/crc32c.ts'
export { type BatchRecord, iterateRecords, type RecordHeader } from './records/record-iterator.ts'
export * from './schema.ts'
export {
  commonVersions,
  hasVersion,
  NO_VERSIONS,
  parseVersions,
  type VersionRange,
} from './versions.ts'
export { Writer } from './writer.ts'
