/** The public entry `odradek/protocol`: schemas, codecs, errors, headers, frames and record batches. */

export {
  apiOf,
  isRequestOf,
  type ReadRequest,
  type ReadResponse,
  readRequest,
  readResponse,
} from './any-frame.ts'
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
export * from './apis.ts'
export * from './messages/embedded/cluster-metadata-log.ts'
export * from './messages/embedded/cluster-metadata-nodes.ts'
export * from './messages/embedded/cluster-metadata-partitions.ts'
export * from './messages/embedded/cluster-metadata-security.ts'
export * from './messages/embedded/cluster-metadata.ts'
export * from './messages/embedded/consumer-protocol.ts'
export * from './messages/embedded/control-records.ts'
export * from './messages/embedded/offsets-topic-consumer-groups.ts'
export * from './messages/embedded/offsets-topic-legacy.ts'
export * from './messages/embedded/offsets-topic-share-groups.ts'
export * from './messages/embedded/offsets-topic-streams-groups.ts'
export * from './messages/embedded/offsets-topic.ts'
export * from './messages/embedded/prefixes.ts'
export * from './messages/embedded/principal.ts'
export { ProducerSnapshot } from './messages/embedded/producer-snapshot.ts'
export * from './messages/embedded/remote-log-metadata.ts'
export * from './messages/embedded/share-state.ts'
export * from './messages/embedded/transaction-index.ts'
export * from './messages/embedded/transaction-state.ts'
export { Reader } from './reader.ts'
export { InvalidRecord } from './records/invalid-record.ts'
export { type BatchOptions, buildBatch, type RecordInput } from './records/batch-builder.ts'
export {
  BatchView,
  batchesIn,
  batchSizeAt,
  hasRightChecksum,
  setOffsetAndEpoch,
  type TimestampType,
} from './records/batch-view.ts'
export { type Compression, deflate, inflate } from './records/compression.ts'
export {
  buildMarker,
  type MarkerOptions,
  markerOf,
  type TransactionMarker,
} from './records/control-records.ts'
export { crc32 } from './records/crc32.ts'
export { crc32c } from './records/crc32c.ts'
export type { LegacyMagic } from './records/message.ts'
export {
  buildMessageSet,
  iterateMessages,
  type MessageRecord,
  type MessageSetOptions,
} from './records/message-set.ts'
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
