// StreamsGroupDescribe (89): state, topology and members of streams groups (KIP-1071).
// v1 topologyDescription (KIP-1331), assignorName

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

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

const taskIds = {
  subtopologyId: string(),
  partitions: array('0+', int32()),
}

const assignment = {
  activeTasks: array('0+', taskIds),
  standbyTasks: array('0+', taskIds),
  warmupTasks: array('0+', taskIds),
}

const topologyDescriptionNode = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array('0+', string()),
  sinkTopic: string('0+', { nullable: '0+', default: null }),
  stores: array('0+', string()),
  successors: array('0+', string()),
}

export const StreamsGroupDescribe = api({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: '0-1',
  flexible: '0+',
  request: {
    groupIds: array('0+', string()),
    includeAuthorizedOperations: bool(),
    includeTopologyDescription: bool('1+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    groups: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+', default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      topology: struct(
        '0+',
        {
          epoch: int32(),
          subtopologies: array(
            '0+',
            {
              subtopologyId: string(),
              sourceTopics: array('0+', string()),
              repartitionSinkTopics: array('0+', string()),
              stateChangelogTopics: array('0+', topicInfo),
              repartitionSourceTopics: array('0+', topicInfo),
            },
            { nullable: '0+', default: null },
          ),
        },
        { nullable: '0+', default: null },
      ),
      members: array('0+', {
        memberId: string(),
        memberEpoch: int32(),
        instanceId: string('0+', { nullable: '0+', default: null }),
        rackId: string('0+', { nullable: '0+', default: null }),
        clientId: string(),
        clientHost: string(),
        topologyEpoch: int32(),
        processId: string(),
        userEndpoint: struct(
          '0+',
          { host: string(), port: uint16() },
          { nullable: '0+', default: null },
        ),
        clientTags: array('0+', keyValue),
        taskOffsets: array('0+', taskOffset),
        taskEndOffsets: array('0+', taskOffset),
        assignment: struct('0+', assignment),
        targetAssignment: struct('0+', assignment),
        isClassic: bool(),
      }),
      authorizedOperations: int32('0+', { default: -2_147_483_648 }),
      topologyDescription: struct(
        '1+',
        {
          subtopologies: array('0+', {
            subtopologyId: string(),
            nodes: array('0+', topologyDescriptionNode),
          }),
          globalStores: array('0+', {
            source: struct('0+', topologyDescriptionNode),
            processor: struct('0+', topologyDescriptionNode),
          }),
        },
        { nullable: '1+', default: null },
      ),
      topologyDescriptionStatus: int8('1+', { default: 0 }),
      assignorName: string('1+', { nullable: '1+', default: null, ignorable: true }),
    }),
  },
})
