/** What a shard of `__consumer_offsets` keeps: groups and their committed offsets, as replaying its records gives them. */

import type { Machine, StateRecord } from '../coordinator/machine.ts'
import { type CommittedOffset, type Group, newGroup, simpleGroup } from './group.ts'
import { decodeRecord, groupRecord, offsetRecord } from './group-records.ts'

export interface GroupsState {
  groups: Map<string, Group>
  /** The last records of each key that is not known here, such as those of consumer and share groups: kept as they are, by the bytes of the key. */
  others: Map<string, StateRecord>
}

export const groupsMachine: Machine<GroupsState> = {
  empty: () => ({ groups: new Map(), others: new Map() }),

  apply(state, record) {
    const change = decodeRecord(record)
    if (state.others.size > 0) state.others.delete(record.key.toString('latin1'))
    switch (change?.kind) {
      case 'group':
        Object.assign(groupIn(state, change.groupId), change.metadata)
        break
      case 'group-removed':
        removeGroup(state, change.groupId)
        break
      case 'offset':
        putOffset(groupIn(state, change.groupId), change.topic, change.partition, change.offset)
        break
      case 'offset-removed':
        removeOffset(state.groups.get(change.groupId), change.topic, change.partition)
        break
      case undefined:
        keep(state, record)
        break
    }
  },

  *snapshot({ groups, others }): Iterable<StateRecord> {
    for (const group of groups.values()) {
      yield groupRecord(group.groupId, group)
      for (const [topic, partitions] of group.offsets) {
        for (const [partition, offset] of partitions) {
          yield offsetRecord(group.groupId, topic, partition, offset)
        }
      }
    }
    yield* others.values()
  },
}

/** The record's bytes are only lent. */
function keep({ others }: GroupsState, { key, value }: StateRecord): void {
  if (value === null) return
  others.set(key.toString('latin1'), { key: Buffer.from(key), value: Buffer.from(value) })
}

function groupIn({ groups }: GroupsState, groupId: string): Group {
  let group = groups.get(groupId)
  if (!group) groups.set(groupId, (group = newGroup(groupId)))
  return group
}

/** Offsets that were not removed before their group keep it in being. */
function removeGroup({ groups }: GroupsState, groupId: string): void {
  const group = groups.get(groupId)
  if (!group) return
  if (group.offsets.size === 0) groups.delete(groupId)
  else Object.assign(group, simpleGroup)
}

function putOffset(
  { offsets }: Group,
  topic: string,
  partition: number,
  offset: CommittedOffset,
): void {
  const partitions = offsets.get(topic)
  if (partitions) partitions.set(partition, offset)
  else offsets.set(topic, new Map([[partition, offset]]))
}

function removeOffset(group: Group | undefined, topic: string, partition: number): void {
  const partitions = group?.offsets.get(topic)
  if (!group || !partitions) return
  partitions.delete(partition)
  if (partitions.size === 0) group.offsets.delete(topic)
}
