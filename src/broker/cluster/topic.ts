/** A topic and its partitions, as everybody but the cluster itself sees them: immutable, replaced as a whole when something changes. */

import { type LogId, logId } from '../../storage/engine.ts'

export interface Topic {
  readonly name: string
  /** 22 characters of base64url. A topic that was deleted and made again has another one. */
  readonly topicId: string
  /** Made and written by the broker itself: `__consumer_offsets` and its like. */
  readonly internal: boolean
  /** In order of their index, from 0 on, without a gap. */
  readonly partitions: readonly Partition[]
  /** The configs that were set for this topic. */
  readonly overrides: ReadonlyMap<string, string>
}

export interface Partition {
  readonly topic: Topic
  readonly index: number
  readonly log: LogId
  /** What its log begins with has this leader epoch, or a later one that the log knows itself. */
  readonly firstLeaderEpoch: number
}

export function makeTopic(definition: {
  name: string
  topicId: string
  internal: boolean
  partitionCount: number
  overrides: ReadonlyMap<string, string>
  /** By partition index; none is 0. */
  leaderEpochs?: readonly number[]
}): Topic {
  const { name, topicId, internal, partitionCount, overrides, leaderEpochs = [] } = definition
  const partitions: Partition[] = []
  const topic: Topic = { name, topicId, internal, partitions, overrides }
  for (let index = 0; index < partitionCount; index++) {
    const firstLeaderEpoch = leaderEpochs[index] ?? 0
    partitions.push({ topic, index, log: logId(topicId, index), firstLeaderEpoch })
  }
  return topic
}
