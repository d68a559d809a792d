/** A group forgets what it has committed to topics that its members do not read (KIP-496). */

import type { ErrorName } from '../../protocol/errors.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { metadataUnder, type Round } from './classic/round.ts'
import { subscribedTopics } from './expiry.ts'
import type { Group } from './group.ts'
import { offsetTombstone } from './group-records.ts'

export interface TopicToForget {
  name: string
  partitionIndexes: readonly number[]
}

export interface OffsetDeletion {
  /** Other than NONE: nothing was deleted, and there are no topics. */
  errorCode: ErrorName
  topics: { name: string; partitions: { partitionIndex: number; errorCode: ErrorName }[] }[]
}

export function deleteOffsets(
  group: Group,
  round: Round,
  topics: readonly TopicToForget[],
): { response: OffsetDeletion; records: StateRecord[] } {
  const isEmpty = round.phase === 'Empty'
  if (!isEmpty && round.protocolType !== 'consumer') {
    return { response: { errorCode: 'NON_EMPTY_GROUP', topics: [] }, records: [] }
  }
  const subscribed = isEmpty ? new Set<string>() : subscriptionOf(group, round)
  const records: StateRecord[] = []
  const answers = topics.map(({ name, partitionIndexes }) => {
    const isRead = subscribed === 'unknown' || subscribed.has(name)
    const errorCode: ErrorName = isRead ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE'
    const committed = isRead ? undefined : group.offsets.get(name)
    for (const index of new Set(partitionIndexes)) {
      if (committed?.has(index)) records.push(offsetTombstone(group.groupId, name, index))
    }
    const partitions = partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode }))
    return { name, partitions }
  })
  return { response: { errorCode: 'NONE', topics: answers }, records }
}

/** The topics of the group's current generation, which holds until the next one begins. */
function subscriptionOf(group: Group, round: Round): ReadonlySet<string> | 'unknown' {
  const subscriptions =
    round.phase === 'CompletingRebalance'
      ? [...round.members.values()].map((member) => metadataUnder(member, round.protocol))
      : group.members.map(({ subscription }) => subscription)
  // The first round has no generation yet.
  if (subscriptions.length === 0) return 'unknown'
  const topics = new Set<string>()
  for (const subscription of subscriptions) {
    const named = subscribedTopics(subscription)
    if (!named) return 'unknown'
    for (const topic of named) topics.add(topic)
  }
  return topics
}
