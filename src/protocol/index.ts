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
export { SaslHandshake } from './messages/17-sasl-handshake.ts'
export { ApiVersions } from './messages/18-api-versions.ts'
export { CreateTopics } from './messages/19-create-topics.ts'
export { DeleteTopics } from './messages/20-delete-topics.ts'
export { DeleteRecords } from './messages/21-delete-records.ts'
export { InitProducerId } from './messages/22-init-producer-id.ts'
export { OffsetForLeaderEpoch } from './messages/23-offset-for-leader-epoch.ts'
export { AddPartitionsToTxn } from './messages/24-add-partitions-to-txn.ts'
export { AddOffsetsToTxn } from './messages/25-add-offsets-to-txn.ts'
export { EndTxn } from './messages/26-end-txn.ts'
export { WriteTxnMarkers } from './messages/27-write-txn-markers.ts'
export { TxnOffsetCommit } from './messages/28-txn-offset-commit.ts'
export { DescribeAcls } from './messages/29-describe-acls.ts'
export { CreateAcls } from './messages/30-create-acls.ts'
export { DeleteAcls } from './messages/31-delete-acls.ts'
export { DescribeConfigs } from './messages/32-describe-configs.ts'
export { AlterConfigs } from './messages/33-alter-configs.ts'
export { AlterReplicaLogDirs } from './messages/34-alter-replica-log-dirs.ts'
export { DescribeLogDirs } from './messages/35-describe-log-dirs.ts'
export { SaslAuthenticate } from './messages/36-sasl-authenticate.ts'
export { CreatePartitions } from './messages/37-create-partitions.ts'
export { CreateDelegationToken } from './messages/38-create-delegation-token.ts'
export { RenewDelegationToken } from './messages/39-renew-delegation-token.ts'
export { ExpireDelegationToken } from './messages/40-expire-delegation-token.ts'
export { DescribeDelegationToken } from './messages/41-describe-delegation-token.ts'
export { DeleteGroups } from './messages/42-delete-groups.ts'
export { ElectLeaders } from './messages/43-elect-leaders.ts'
export { IncrementalAlterConfigs } from './messages/44-incremental-alter-configs.ts'
export { AlterPartitionReassignments } from './messages/45-alter-partition-reassignments.ts'
export { ListPartitionReassignments } from './messages/46-list-partition-reassignments.ts'
export { OffsetDelete } from './messages/47-offset-delete.ts'
export { DescribeClientQuotas } from './messages/48-describe-client-quotas.ts'
export { AlterClientQuotas } from './messages/49-alter-client-quotas.ts'
export { DescribeUserScramCredentials } from './messages/50-describe-user-scram-credentials.ts'
export { AlterUserScramCredentials } from './messages/51-alter-user-scram-credentials.ts'
export { DescribeQuorum } from './messages/55-describe-quorum.ts'
export { UpdateFeatures } from './messages/57-update-features.ts'
export { DescribeCluster } from './messages/60-describe-cluster.ts'
export { DescribeProducers } from './messages/61-describe-producers.ts'
export { UnregisterBroker } from './messages/64-unregister-broker.ts'
export { DescribeTransactions } from './messages/65-describe-transactions.ts'
export { ListTransactions } from './messages/66-list-transactions.ts'
export { ConsumerGroupHeartbeat } from './messages/68-consumer-group-heartbeat.ts'
export { ConsumerGroupDescribe } from './messages/69-consumer-group-describe.ts'
export { GetTelemetrySubscriptions } from './messages/71-get-telemetry-subscriptions.ts'
export { PushTelemetry } from './messages/72-push-telemetry.ts'
export { ListConfigResources } from './messages/74-list-config-resources.ts'
export { DescribeTopicPartitions } from './messages/75-describe-topic-partitions.ts'
export { ShareGroupHeartbeat } from './messages/76-share-group-heartbeat.ts'
export { ShareGroupDescribe } from './messages/77-share-group-describe.ts'
export { ShareFetch } from './messages/78-share-fetch.ts'
export { ShareAcknowledge } from './messages/79-share-acknowledge.ts'
export { AddRaftVoter } from './messages/80-add-raft-voter.ts'
export { RemoveRaftVoter } from './messages/81-remove-raft-voter.ts'
export { InitializeShareGroupState } from './messages/83-initialize-share-group-state.ts'
export { ReadShareGroupState } from './messages/84-read-share-group-state.ts'
export { WriteShareGroupState } from './messages/85-write-share-group-state.ts'
export { DeleteShareGroupState } from './messages/86-delete-share-group-state.ts'
export { ReadShareGroupStateSummary } from './messages/87-read-share-group-state-summary.ts'
export { StreamsGroupHeartbeat } from './messages/88-streams-group-heartbeat.ts'
export { StreamsGroupDescribe } from './messages/89-streams-group-describe.ts'
export { DescribeShareGroupOffsets } from './messages/90-describe-share-group-offsets.ts'
export { AlterShareGroupOffsets } from './messages/91-alter-share-group-offsets.ts'
export { DeleteShareGroupOffsets } from './messages/92-delete-share-group-offsets.ts'
export { StreamsGroupTopologyDescriptionUpdate } from './messages/93-streams-group-topology-description-update.ts'
export { UnregisterController } from './messages/94-unregister-controller.ts'
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
export { type BatchOptions, buildBatch, type RecordInput } from './records/batch-builder.ts'
export { BatchView, batchesIn, batchSizeAt, type TimestampType } from './records/batch-view.ts'
export type { Compression } from './records/compression.ts'
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
