/**
 * Keys and values of `__consumer_offsets` as streams groups write them (KIP-1071).
 *
 * Framed as those of classic groups are. Tasks are partitions of a subtopology.
 */

import { array, int8, int16, int32, int64, message, string, struct, uint16 } from '../../schema.ts'

/** A streams group. */
export const StreamsGroupMetadataKey = message({
  name: 'StreamsGroupMetadataKey',
  apiKey: 17,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

const keyValue = {
  key: string(),
  value: string(),
}

/** The group's epoch, a hash of the topics that it reads, and for which epochs of its topology things were done. */
export const StreamsGroupMetadataValue = message({
  name: 'StreamsGroupMetadataValue',
  apiKey: 17,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: int64(),
    validatedTopologyEpoch: int32('0+', { default: -1, tag: 0, tagged: '0+' }),
    lastAssignmentConfigs: array('0+', keyValue, {
      nullable: '0+',
      default: [],
      tag: 1,
      tagged: '0+',
    }),
    storedDescriptionTopologyEpoch: int32('0+', { default: -1, tag: 2, tagged: '0+' }),
    failedDescriptionTopologyEpoch: int32('0+', { default: -1, tag: 3, tagged: '0+' }),
  },
})

/** The topology that a group runs. */
export const StreamsGroupTopologyKey = message({
  name: 'StreamsGroupTopologyKey',
  apiKey: 23,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array('0+', keyValue),
}

/** Copartition groups name topics and expressions by their index in the subtopology. */
export const StreamsGroupTopologyValue = message({
  name: 'StreamsGroupTopologyValue',
  apiKey: 23,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    subtopologies: array('0+', {
      subtopologyId: string(),
      sourceTopics: array('0+', string()),
      sourceTopicRegex: array('0+', string()),
      stateChangelogTopics: array('0+', topicInfo),
      repartitionSinkTopics: array('0+', string()),
      repartitionSourceTopics: array('0+', topicInfo),
      copartitionGroups: array('0+', {
        sourceTopics: array('0+', int16()),
        sourceTopicRegex: array('0+', int16()),
        repartitionSourceTopics: array('0+', int16()),
      }),
    }),
  },
})

/** A member of a group. */
export const StreamsGroupMemberMetadataKey = message({
  name: 'StreamsGroupMemberMetadataKey',
  apiKey: 19,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

/** What a member said of itself. */
export const StreamsGroupMemberMetadataValue = message({
  name: 'StreamsGroupMemberMetadataValue',
  apiKey: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string('0+', { nullable: '0+' }),
    rackId: string('0+', { nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(
      '0+',
      { host: string(), port: uint16() },
      { nullable: '0+', default: null },
    ),
    clientTags: array('0+', keyValue),
  },
})

/** The assignment that a group is to reach. */
export const StreamsGroupTargetAssignmentMetadataKey = message({
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  apiKey: 20,
  versions: '0',
  fields: {
    groupId: string(),
  },
})

/** The group epoch that the assignment was made for, and when. */
export const StreamsGroupTargetAssignmentMetadataValue = message({
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  apiKey: 20,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64('0+', { default: 0n, tag: 0, tagged: '0+' }),
  },
})

/** A member's part of the assignment that its group is to reach. */
export const StreamsGroupTargetAssignmentMemberKey = message({
  name: 'StreamsGroupTargetAssignmentMemberKey',
  apiKey: 21,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

const taskIds = {
  subtopologyId: string(),
  partitions: array('0+', int32()),
}

/** The tasks that the member is to have. */
export const StreamsGroupTargetAssignmentMemberValue = message({
  name: 'StreamsGroupTargetAssignmentMemberValue',
  apiKey: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: array('0+', taskIds),
    standbyTasks: array('0+', taskIds),
    warmupTasks: array('0+', taskIds),
  },
})

/** How far a member has come on its way to its target. */
export const StreamsGroupCurrentMemberAssignmentKey = message({
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  apiKey: 22,
  versions: '0',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

const ownedTaskIds = {
  subtopologyId: string(),
  partitions: array('0+', int32()),
  assignmentEpochs: array('0+', int32(), { nullable: '0+', default: [], tag: 0, tagged: '0+' }),
}

/** The tasks that the member has, and those that it has yet to give up. */
export const StreamsGroupCurrentMemberAssignmentValue = message({
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  apiKey: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array('0+', ownedTaskIds),
    standbyTasks: array('0+', ownedTaskIds),
    warmupTasks: array('0+', ownedTaskIds),
    activeTasksPendingRevocation: array('0+', ownedTaskIds),
    standbyTasksPendingRevocation: array('0+', ownedTaskIds),
    warmupTasksPendingRevocation: array('0+', ownedTaskIds),
  },
})
