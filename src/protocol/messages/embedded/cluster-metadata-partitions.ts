/** Records of `__cluster_metadata` by which partitions change after they were made. */

import { array, int8, int32, message, string, uuid } from '../../schema.ts'

/**
 * What has changed of a partition: null, and in numbers -2 for the leader and -1 for its recovery state, where nothing has.
 * v1 directories (KIP-858) - v2 eligible leader replicas (KIP-966)
 */
export const PartitionChangeRecord = message({
  name: 'PartitionChangeRecord',
  apiKey: 5,
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32('0+', { default: -1 }),
    topicId: uuid(),
    isr: array('0+', int32(), { nullable: '0+', default: null, tag: 0, tagged: '0+' }),
    leader: int32('0+', { default: -2, tag: 1, tagged: '0+' }),
    replicas: array('0+', int32(), { nullable: '0+', default: null, tag: 2, tagged: '0+' }),
    removingReplicas: array('0+', int32(), { nullable: '0+', default: null, tag: 3, tagged: '0+' }),
    addingReplicas: array('0+', int32(), { nullable: '0+', default: null, tag: 4, tagged: '0+' }),
    leaderRecoveryState: int8('0+', { default: -1, tag: 5, tagged: '0+' }),
    directories: array('1+', uuid(), { nullable: '1+', default: null, tag: 8, tagged: '1+' }),
    eligibleLeaderReplicas: array('2+', int32(), {
      nullable: '2+',
      default: null,
      tag: 6,
      tagged: '2+',
    }),
    lastKnownElr: array('2+', int32(), { nullable: '2+', default: null, tag: 7, tagged: '2+' }),
  },
})

/** Partitions of a topic, or of all if the name is empty, forget their eligible leader replicas (KIP-966). */
export const ClearElrRecord = message({
  name: 'ClearElrRecord',
  apiKey: 28,
  versions: '0',
  flexible: '0+',
  fields: {
    topicName: string(),
  },
})
