// StreamsGroupHeartbeat (88): a member joins, stays, learns its tasks (KIP-1071).
// v1 acceptableRecoveryLag as an int64, topologyDescriptionRequired (KIP-1331)

import {
  api,
  array,
  bool,
  errorCode,
  int8,
  int16,
  int32,
  int64,
  string,
  struct,
  uint16,
} from '../schema.ts'

const keyValue = {
  key: string(),
  value: string(),
}

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array('0+', keyValue),
}

const taskIds = {
  subtopologyId: string(),
  partitions: array('0+', int32()),
}

const endpoint = {
  host: string(),
  port: uint16(),
}

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

const topicPartitions = {
  topic: string(),
  partitions: array('0+', int32()),
}

export const StreamsGroupHeartbeat = api({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: '0-1',
  flexible: '0+',
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string('0+', { nullable: '0+', default: null }),
    rackId: string('0+', { nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topology: struct(
      '0+',
      {
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
      { nullable: '0+', default: null },
    ),
    activeTasks: array('0+', taskIds, { nullable: '0+', default: null }),
    standbyTasks: array('0+', taskIds, { nullable: '0+', default: null }),
    warmupTasks: array('0+', taskIds, { nullable: '0+', default: null }),
    processId: string('0+', { nullable: '0+', default: null }),
    userEndpoint: struct('0+', endpoint, { nullable: '0+', default: null }),
    clientTags: array('0+', keyValue, { nullable: '0+', default: null }),
    taskOffsets: array('0+', taskOffset, { nullable: '0+', default: null }),
    taskEndOffsets: array('0+', taskOffset, { nullable: '0+', default: null }),
    shutdownApplication: bool('0+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLagLegacy: int32('0', { default: 0 }),
    taskOffsetIntervalMs: int32(),
    acceptableRecoveryLag: int64('1+', { default: -1n, ignorable: true }),
    status: array('0+', { statusCode: int8(), statusDetail: string() }, { nullable: '0+' }),
    activeTasks: array('0+', taskIds, { nullable: '0+', default: null }),
    standbyTasks: array('0+', taskIds, { nullable: '0+', default: null }),
    warmupTasks: array('0+', taskIds, { nullable: '0+', default: null }),
    topologyDescriptionRequired: bool('1+', { default: false }),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: array(
      '0+',
      {
        userEndpoint: struct('0+', endpoint),
        activePartitions: array('0+', topicPartitions),
        standbyPartitions: array('0+', topicPartitions),
      },
      { nullable: '0+', default: null },
    ),
  },
})
