/** Every API key of Kafka 4.4, and why one has no schema here. */

import { parseVersions, type VersionRange } from './versions.ts'

export type Listeners = 'broker' | 'controller' | 'both' | 'none'

const absences = {
  controller: 'brokers and controllers speak it to the active controller, on its own listener',
  quorum: 'the voters and observers of a controller quorum speak it among themselves',
  removed: 'removed in Kafka 4, with ZooKeeper',
} as const

/** Key, name, versions of Kafka 4.4, flexible versions, listeners that serve it, and whether its schema is here. */
const rows = [
  [0, 'Produce', '3-13', '9+', 'broker', 'here'],
  [1, 'Fetch', '4-18', '12+', 'both', 'here'],
  [2, 'ListOffsets', '1-11', '6+', 'broker', 'here'],
  [3, 'Metadata', '0-13', '9+', 'broker', 'here'],
  [4, 'LeaderAndIsr', 'none', '4+', 'none', 'removed'],
  [5, 'StopReplica', 'none', '2+', 'none', 'removed'],
  [6, 'UpdateMetadata', 'none', '6+', 'none', 'removed'],
  [7, 'ControlledShutdown', 'none', '3+', 'none', 'removed'],
  [8, 'OffsetCommit', '2-10', '8+', 'broker', 'here'],
  [9, 'OffsetFetch', '1-10', '6+', 'broker', 'here'],
  [10, 'FindCoordinator', '0-6', '3+', 'broker', 'here'],
  [11, 'JoinGroup', '0-9', '6+', 'broker', 'here'],
  [12, 'Heartbeat', '0-4', '4+', 'broker', 'here'],
  [13, 'LeaveGroup', '0-5', '4+', 'broker', 'here'],
  [14, 'SyncGroup', '0-5', '4+', 'broker', 'here'],
  [15, 'DescribeGroups', '0-6', '5+', 'broker', 'here'],
  [16, 'ListGroups', '0-5', '3+', 'broker', 'here'],
  [17, 'SaslHandshake', '0-1', 'none', 'both', 'here'],
  [18, 'ApiVersions', '0-5', '3+', 'both', 'here'],
  [19, 'CreateTopics', '2-7', '5+', 'both', 'here'],
  [20, 'DeleteTopics', '1-6', '4+', 'both', 'here'],
  [21, 'DeleteRecords', '0-2', '2+', 'broker', 'here'],
  [22, 'InitProducerId', '0-5', '2+', 'broker', 'here'],
  [23, 'OffsetForLeaderEpoch', '2-4', '4+', 'broker', 'here'],
  [24, 'AddPartitionsToTxn', '0-5', '3+', 'broker', 'here'],
  [25, 'AddOffsetsToTxn', '0-4', '3+', 'broker', 'here'],
  [26, 'EndTxn', '0-5', '3+', 'broker', 'here'],
  [27, 'WriteTxnMarkers', '1-2', '1+', 'broker', 'here'],
  [28, 'TxnOffsetCommit', '0-6', '3+', 'broker', 'here'],
  [29, 'DescribeAcls', '1-3', '2+', 'both', 'here'],
  [30, 'CreateAcls', '1-3', '2+', 'both', 'here'],
  [31, 'DeleteAcls', '1-3', '2+', 'both', 'here'],
  [32, 'DescribeConfigs', '1-4', '4+', 'both', 'here'],
  [33, 'AlterConfigs', '0-2', '2+', 'both', 'here'],
  [34, 'AlterReplicaLogDirs', '1-2', '2+', 'broker', 'here'],
  [35, 'DescribeLogDirs', '1-5', '2+', 'broker', 'here'],
  [36, 'SaslAuthenticate', '0-2', '2+', 'both', 'here'],
  [37, 'CreatePartitions', '0-3', '2+', 'both', 'here'],
  [38, 'CreateDelegationToken', '1-3', '2+', 'both', 'here'],
  [39, 'RenewDelegationToken', '1-2', '2+', 'both', 'here'],
  [40, 'ExpireDelegationToken', '1-2', '2+', 'both', 'here'],
  [41, 'DescribeDelegationToken', '1-3', '2+', 'both', 'here'],
  [42, 'DeleteGroups', '0-3', '2+', 'broker', 'here'],
  [43, 'ElectLeaders', '0-2', '2+', 'both', 'here'],
  [44, 'IncrementalAlterConfigs', '0-1', '1+', 'both', 'here'],
  [45, 'AlterPartitionReassignments', '0-1', '0+', 'both', 'here'],
  [46, 'ListPartitionReassignments', '0', '0+', 'both', 'here'],
  [47, 'OffsetDelete', '0', 'none', 'broker', 'here'],
  [48, 'DescribeClientQuotas', '0-1', '1+', 'broker', 'here'],
  [49, 'AlterClientQuotas', '0-1', '1+', 'both', 'here'],
  [50, 'DescribeUserScramCredentials', '0', '0+', 'both', 'here'],
  [51, 'AlterUserScramCredentials', '0', '0+', 'both', 'here'],
  [52, 'Vote', '0-2', '0+', 'controller', 'quorum'],
  [53, 'BeginQuorumEpoch', '0-1', '1+', 'controller', 'quorum'],
  [54, 'EndQuorumEpoch', '0-1', '1+', 'controller', 'quorum'],
  [55, 'DescribeQuorum', '0-2', '0+', 'both', 'here'],
  [56, 'AlterPartition', '2-3', '0+', 'controller', 'controller'],
  [57, 'UpdateFeatures', '0-2', '0+', 'both', 'here'],
  [58, 'Envelope', '0', '0+', 'controller', 'controller'],
  [59, 'FetchSnapshot', '0-1', '0+', 'controller', 'quorum'],
  [60, 'DescribeCluster', '0-2', '0+', 'both', 'here'],
  [61, 'DescribeProducers', '0', '0+', 'broker', 'here'],
  [62, 'BrokerRegistration', '0-4', '0+', 'controller', 'controller'],
  [63, 'BrokerHeartbeat', '0-2', '0+', 'controller', 'controller'],
  [64, 'UnregisterBroker', '0', '0+', 'both', 'here'],
  [65, 'DescribeTransactions', '0', '0+', 'broker', 'here'],
  [66, 'ListTransactions', '0-2', '0+', 'broker', 'here'],
  [67, 'AllocateProducerIds', '0', '0+', 'controller', 'controller'],
  [68, 'ConsumerGroupHeartbeat', '0-1', '0+', 'broker', 'here'],
  [69, 'ConsumerGroupDescribe', '0-1', '0+', 'broker', 'here'],
  [70, 'ControllerRegistration', '0', '0+', 'controller', 'controller'],
  [71, 'GetTelemetrySubscriptions', '0', '0+', 'broker', 'here'],
  [72, 'PushTelemetry', '0', '0+', 'broker', 'here'],
  [73, 'AssignReplicasToDirs', '0', '0+', 'controller', 'controller'],
  [74, 'ListConfigResources', '0-1', '0+', 'broker', 'here'],
  [75, 'DescribeTopicPartitions', '0', '0+', 'broker', 'here'],
  [76, 'ShareGroupHeartbeat', '1', '0+', 'broker', 'here'],
  [77, 'ShareGroupDescribe', '1', '0+', 'broker', 'here'],
  [78, 'ShareFetch', '1-2', '0+', 'broker', 'here'],
  [79, 'ShareAcknowledge', '1-2', '0+', 'broker', 'here'],
  [80, 'AddRaftVoter', '0-1', '0+', 'both', 'here'],
  [81, 'RemoveRaftVoter', '0', '0+', 'both', 'here'],
  [82, 'UpdateRaftVoter', '0', '0+', 'controller', 'quorum'],
  [83, 'InitializeShareGroupState', '0', '0+', 'broker', 'here'],
  [84, 'ReadShareGroupState', '0', '0+', 'broker', 'here'],
  [85, 'WriteShareGroupState', '0-1', '0+', 'broker', 'here'],
  [86, 'DeleteShareGroupState', '0', '0+', 'broker', 'here'],
  [87, 'ReadShareGroupStateSummary', '0-1', '0+', 'broker', 'here'],
  [88, 'StreamsGroupHeartbeat', '0-1', '0+', 'broker', 'here'],
  [89, 'StreamsGroupDescribe', '0-1', '0+', 'broker', 'here'],
  [90, 'DescribeShareGroupOffsets', '0-1', '0+', 'broker', 'here'],
  [91, 'AlterShareGroupOffsets', '0', '0+', 'broker', 'here'],
  [92, 'DeleteShareGroupOffsets', '0', '0+', 'broker', 'here'],
  [93, 'StreamsGroupTopologyDescriptionUpdate', '0', '0+', 'broker', 'here'],
  [94, 'UnregisterController', '0', '0+', 'both', 'here'],
] as const

export type ApiName = (typeof rows)[number][1]

export interface ApiRow {
  readonly key: number
  readonly name: ApiName
  /** The stable versions that Kafka 4.4 knows; none where the API is gone. */
  readonly kafkaVersions: VersionRange
  readonly flexible: VersionRange
  readonly listeners: Listeners
  /** Undefined when there is a schema in `messages/`. */
  readonly absence: string | undefined
}

/** By ascending key. */
export const apiTable: readonly ApiRow[] = rows.map(
  ([key, name, versions, flexible, listeners, schema]) => ({
    key,
    name,
    kafkaVersions: parseVersions(versions),
    flexible: parseVersions(flexible),
    listeners,
    absence: schema === 'here' ? undefined : absences[schema],
  }),
)

/** Keys are dense and begin at 0. Undefined for a key that Kafka 4.4 does not know. */
export function apiRow(key: number): ApiRow | undefined {
  return apiTable[key]
}
