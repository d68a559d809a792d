/**
 * Keys and values of `__consumer_offsets` as share groups write them (KIP-932).
 *
 * Framed as those of classic groups are. How far a group has come is elsewhere: in `__share_group_state`.
 */

import { array, int8, int32, int64, message, string, uuid } from '../../schema.ts'

/** A share group. */
export const ShareGroupMetadataKey = message({
  name: 'ShareGroupMetadataKey',
  apiKey: 11,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

/** The group's epoch, and a hash of the topics that it reads. */
export const ShareGroupMetadataValue = message({
  name: 'ShareGroupMetadataValue',
  apiKey: 11,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64(),
  },
})

/** A member of a group. */
export const ShareGroupMemberMetadataKey = message({
  name: 'ShareGroupMemberMetadataKey',
  apiKey: 10,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

/** What a member said of itself. */
export const ShareGroupMemberMetadataValue = message({
  name: 'ShareGroupMemberMetadataValue',
  apiKey: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    rackId: string('0+', { nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array('0+', string()),
  },
})

/** The assignment that a group is to reach. */
export const ShareGroupTargetAssignmentMetadataKey = message({
  name: 'ShareGroupTargetAssignmentMetadataKey',
  apiKey: 12,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

/** The group epoch that the assignment was made for, and when. */
export const ShareGroupTargetAssignmentMetadataValue = message({
  name: 'ShareGroupTargetAssignmentMetadataValue',
  apiKey: 12,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64('0+', { default: 0n, tag: 0, tagged: '0+' }),
  },
})

/** A member's part of the assignment that its group is to reach. */
export const ShareGroupTargetAssignmentMemberKey = message({
  name: 'ShareGroupTargetAssignmentMemberKey',
  apiKey: 13,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

/** The partitions that the member is to have. */
export const ShareGroupTargetAssignmentMemberValue = message({
  name: 'ShareGroupTargetAssignmentMemberValue',
  apiKey: 13,
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: array('0+', { topicId: uuid(), partitions: array('0+', int32()) }),
  },
})

/** What a member has been told to read. */
export const ShareGroupCurrentMemberAssignmentKey = message({
  name: 'ShareGroupCurrentMemberAssignmentKey',
  apiKey: 14,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

/** A member of a share group gives up nothing, for partitions are shared: `state` is always 0. */
export const ShareGroupCurrentMemberAssignmentValue = message({
  name: 'ShareGroupCurrentMemberAssignmentValue',
  apiKey: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array('0+', { topicId: uuid(), partitions: array('0+', int32()) }),
  },
})

/** The topics that a group has, or is to have, state of. */
export const ShareGroupStatePartitionMetadataKey = message({
  name: 'ShareGroupStatePartitionMetadataKey',
  apiKey: 15,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

const topicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array('0+', int32()),
}

/** Partitions by what their state in `__share_group_state` is about: being made, there, being deleted. */
export const ShareGroupStatePartitionMetadataValue = message({
  name: 'ShareGroupStatePartitionMetadataValue',
  apiKey: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    initializingTopics: array('0+', topicPartitions),
    initializedTopics: array('0+', topicPartitions),
    deletingTopics: array('0+', { topicId: uuid(), topicName: string() }),
  },
})
