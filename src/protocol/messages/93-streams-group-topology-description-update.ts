// StreamsGroupTopologyDescriptionUpdate (93): a member tells its topology (KIP-1331).
// Sent when a heartbeat's answer asks for it.

import { api, array, errorCode, int8, int32, string, struct } from '../schema.ts'

const topologyDescriptionNode = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array('0+', string()),
  sinkTopic: string('0+', { nullable: '0+', default: null }),
  stores: array('0+', string()),
  successors: array('0+', string()),
}

export const StreamsGroupTopologyDescriptionUpdate = api({
  key: 93,
  name: 'StreamsGroupTopologyDescriptionUpdate',
  versions: '0',
  flexible: '0+',
  request: {
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct('0+', {
      subtopologies: array('0+', {
        subtopologyId: string(),
        nodes: array('0+', topologyDescriptionNode),
      }),
      globalStores: array('0+', {
        source: struct('0+', topologyDescriptionNode),
        processor: struct('0+', topologyDescriptionNode),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+', default: null }),
  },
})
