/** When committed offsets and groups end: by retention, with their topic, or because somebody deletes the group. */

import { decodeMessage } from '../../protocol/compile.ts'
import { ConsumerProtocolSubscription } from '../../protocol/messages/embedded/consumer-protocol.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import type { Round } from './classic/round.ts'
import type { CommittedOffset, Group } from './group.ts'
import { groupTombstone, offsetTombstone } from './group-records.ts'

/** Tombstones of what has outlived its retention; of the group itself when it is empty and nothing is left. */
export function expire(
  group: Group,
  round: Round,
  now: number,
  retentionMs: number,
): StateRecord[] {
  const records: StateRecord[] = []
  let isAnyKept = false
  const inUse = topicsInUse(group, round)
  for (const [topic, partitions] of group.offsets) {
    for (const [partition, offset] of partitions) {
      const isExpired =
        inUse !== 'all' && !inUse.has(topic) && hasExpired(group, round, offset, now, retentionMs)
      if (isExpired) records.push(offsetTombstone(group.groupId, topic, partition))
      else isAnyKept = true
    }
  }
  if (!isAnyKept && round.phase === 'Empty' && round.pending.size === 0) {
    records.push(groupTombstone(group.groupId))
  }
  return records
}

/** KIP-211: retention counts from when a group became empty; in a live group, from the commit to a topic that it left. */
function hasExpired(
  group: Group,
  round: Round,
  offset: CommittedOffset,
  now: number,
  retentionMs: number,
): boolean {
  if (offset.expireTimestamp !== -1) return now >= offset.expireTimestamp
  const isLeftEmpty = group.protocolType !== '' && round.phase === 'Empty'
  const since =
    isLeftEmpty && group.stateTimestamp !== -1 ? group.stateTimestamp : offset.commitTimestamp
  return now - since >= retentionMs
}

/** Topics whose offsets are not to end, because members read them, or may: only consumers' subscriptions can be read. */
function topicsInUse(group: Group, round: Round): ReadonlySet<string> | 'all' {
  if (round.phase === 'Empty') return new Set()
  if (round.phase !== 'Stable' || group.protocolType !== 'consumer') return 'all'
  const topics = new Set<string>()
  for (const { subscription } of group.members) {
    const named = subscribedTopics(subscription)
    if (!named) return 'all'
    for (const topic of named) topics.add(topic)
  }
  return topics
}

/** What a consumer's subscription names; undefined where it cannot be read. Version 0 is the beginning of every version. */
export function subscribedTopics(subscription: Buffer): readonly string[] | undefined {
  if (subscription.length < 2) return undefined
  try {
    return decodeMessage(ConsumerProtocolSubscription, 0, subscription.subarray(2)).topics
  } catch {
    return undefined
  }
}

/** Tombstones of the offsets of a topic that is gone; those of another topic of that name stay. */
export function removeTopic(
  group: Group,
  { name, topicId }: { name: string; topicId: string },
): StateRecord[] {
  return [...(group.offsets.get(name) ?? [])]
    .filter(([, offset]) => offset.topicId === ZERO_UUID || offset.topicId === topicId)
    .map(([partition]) => offsetTombstone(group.groupId, name, partition))
}

/** Tombstones of a group and all that it has. */
export function removeGroup(group: Group): StateRecord[] {
  const records: StateRecord[] = []
  for (const [topic, partitions] of group.offsets) {
    for (const partition of partitions.keys()) {
      records.push(offsetTombstone(group.groupId, topic, partition))
    }
  }
  records.push(groupTombstone(group.groupId))
  return records
}
