/**
 * Keys and values of `__consumer_offsets` as consumer groups write them (KIP-848).
 *
 * Framed as those of classic groups are. A value of null says that what its key names is gone.
 */

import { array, bytes, int8, int32, int64, message, string, struct, uuid } from '../../schema.ts'

/** A consumer group. */
export const ConsumerGroupMetadataKey = message({
  name: 'ConsumerGroupMetadataKey',
  apiKey: 3,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

/** The group's epoch, and a hash of the topics that it reads, by which it sees that they have changed. */
export const ConsumerGroupMetadataValue = message({
  name: 'ConsumerGroupMetadataValue',
  apiKey: 3,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64('0+', { default: 0n, tag: 0, tagged: '0+' }),
  },
})

/** The topics that a group reads. From Kafka 4.1 on, ConsumerGroupMetadataValue has their hash instead (KIP-1101). */
export const ConsumerGroupPartitionMetadataKey = message({
  name: 'ConsumerGroupPartitionMetadataKey',
  apiKey: 4,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

/** Racks were written before Kafka 4.0 only. */
export const ConsumerGroupPartitionMetadataValue = message({
  name: 'ConsumerGroupPartitionMetadataValue',
  apiKey: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array('0+', {
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array('0+', { partition: int32(), racks: array('0+', string()) }),
    }),
  },
})

/** A member of a group. */
export const ConsumerGroupMemberMetadataKey = message({
  name: 'ConsumerGroupMemberMetadataKey',
  apiKey: 5,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

/** What a member said of itself. `classicMemberMetadata`: how it speaks the classic protocol; null where it does not. */
export const ConsumerGroupMemberMetadataValue = message({
  name: 'ConsumerGroupMemberMetadataValue',
  apiKey: 5,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string('0+', { nullable: '0+' }),
    rackId: string('0+', { nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array('0+', string()),
    subscribedTopicRegex: string('0+', { nullable: '0+' }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    serverAssignor: string('0+', { nullable: '0+' }),
    classicMemberMetadata: struct(
      '0+',
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: array('0+', { name: string(), metadata: bytes() }),
      },
      { nullable: '0+', default: {}, tag: 0, tagged: '0+' },
    ),
  },
})

/** The assignment that a group is to reach. */
export const ConsumerGroupTargetAssignmentMetadataKey = message({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  apiKey: 6,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

/** The group epoch that the assignment was made for, and when. */
export const ConsumerGroupTargetAssignmentMetadataValue = message({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  apiKey: 6,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64('0+', { default: 0n, tag: 0, tagged: '0+' }),
  },
})

/** A member's part of the assignment that its group is to reach. */
export const ConsumerGroupTargetAssignmentMemberKey = message({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  apiKey: 7,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

/** The partitions that the member is to have. */
export const ConsumerGroupTargetAssignmentMemberValue = message({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  apiKey: 7,
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: array('0+', { topicId: uuid(), partitions: array('0+', int32()) }),
  },
})

/** How far a member has come on its way to its target. */
export const ConsumerGroupCurrentMemberAssignmentKey = message({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  apiKey: 8,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

const topicPartitions = {
  topicId: uuid(),
  partitions: array('0+', int32()),
  assignmentEpochs: array('0+', int32(), { nullable: '0+', default: [], tag: 0, tagged: '0+' }),
}

/** `state` is 0 stable, 1 has partitions to give up, 2 waits for partitions that others have not given up yet. */
export const ConsumerGroupCurrentMemberAssignmentValue = message({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  apiKey: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array('0+', topicPartitions),
    partitionsPendingRevocation: array('0+', topicPartitions),
  },
})

/** A regular expression that members subscribe with. */
export const ConsumerGroupRegularExpressionKey = message({
  name: 'ConsumerGroupRegularExpressionKey',
  apiKey: 16,
  versions: '0',
  fields: {
    groupId: string(),
    regularExpression: string(),
  },
})

/** The topics that it matched, at a version of the cluster's metadata. */
export const ConsumerGroupRegularExpressionValue = message({
  name: 'ConsumerGroupRegularExpressionValue',
  apiKey: 16,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array('0+', string()),
    version: int64(),
    timestamp: int64(),
  },
})
