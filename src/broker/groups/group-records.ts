/**
 * Records of `__consumer_offsets`, in Kafka's own formats.
 *
 * | key: int16 type | body of the key         | value: int16 version                   | null value        |
 * |-----------------|-------------------------|----------------------------------------|-------------------|
 * | 0, 1            | group, topic, partition | OffsetCommitValue                      | no offset there   |
 * | 2               | group                   | GroupMetadataValue                     | no such group     |
 *
 * Written as Kafka 4.4 does: offsets in version 4, or 1 when they carry a time to end; groups in version 3.
 */

import { decodeMessage, encodeMessage } from '../../protocol/compile.ts'
import {
  GroupMetadataKey,
  GroupMetadataValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../protocol/messages/embedded/offsets-topic.ts'
import type { Message, MessageInput, MessageOf } from '../../protocol/schema.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import type { CommittedMember, CommittedOffset, GroupMetadata } from './group.ts'

const LEGACY_OFFSET_TYPE = 0
const OFFSET_TYPE = 1
const GROUP_TYPE = 2
const OFFSET_VERSION = 4
const OFFSET_VERSION_WITH_END = 1
const GROUP_VERSION = 3

/** What a record says. */
export type GroupsChange =
  | { kind: 'group'; groupId: string; metadata: GroupMetadata }
  | { kind: 'group-removed'; groupId: string }
  | { kind: 'offset'; groupId: string; topic: string; partition: number; offset: CommittedOffset }
  | { kind: 'offset-removed'; groupId: string; topic: string; partition: number }

export function groupRecord(groupId: string, metadata: GroupMetadata): StateRecord {
  return {
    key: groupKey(groupId),
    value: prefixed(GROUP_VERSION, GroupMetadataValue, GROUP_VERSION, {
      protocolType: metadata.protocolType,
      generation: metadata.generationId,
      protocol: metadata.protocol,
      leader: metadata.leader,
      currentStateTimestamp: metadata.stateTimestamp,
      members: metadata.members.map(({ rebalanceTimeoutMs, sessionTimeoutMs, ...member }) => ({
        ...member,
        rebalanceTimeout: rebalanceTimeoutMs,
        sessionTimeout: sessionTimeoutMs,
      })),
    }),
  }
}

export function groupTombstone(groupId: string): StateRecord {
  return { key: groupKey(groupId), value: null }
}

export function offsetRecord(
  groupId: string,
  topic: string,
  partition: number,
  offset: CommittedOffset,
): StateRecord {
  const version = offset.expireTimestamp === -1 ? OFFSET_VERSION : OFFSET_VERSION_WITH_END
  return {
    key: offsetKey(groupId, topic, partition),
    value: prefixed(version, OffsetCommitValue, version, offset),
  }
}

export function offsetTombstone(groupId: string, topic: string, partition: number): StateRecord {
  return { key: offsetKey(groupId, topic, partition), value: null }
}

/** `undefined` for a record that is not of ours: of another type, or of a version that we do not know. */
export function decodeRecord({ key, value }: StateRecord): GroupsChange | undefined {
  if (key.length < 2) return undefined
  const body = key.subarray(2)
  switch (key.readInt16BE(0)) {
    case LEGACY_OFFSET_TYPE:
    case OFFSET_TYPE:
      return decodeOffset(decodeMessage(OffsetCommitKey, 0, body), value)
    case GROUP_TYPE:
      return decodeGroup(decodeMessage(GroupMetadataKey, 0, body).group, value)
    default:
      return undefined
  }
}

function decodeOffset(
  { group: groupId, topic, partition }: MessageOf<typeof OffsetCommitKey>,
  value: Buffer | null,
): GroupsChange | undefined {
  if (value === null) return { kind: 'offset-removed', groupId, topic, partition }
  const decoded = decodeValue(OffsetCommitValue, value)
  if (!decoded) return undefined
  const offset: CommittedOffset = {
    offset: Number(decoded.offset),
    leaderEpoch: decoded.leaderEpoch,
    metadata: decoded.metadata,
    commitTimestamp: Number(decoded.commitTimestamp),
    expireTimestamp: Number(decoded.expireTimestamp),
    topicId: decoded.topicId,
  }
  return { kind: 'offset', groupId, topic, partition, offset }
}

function decodeGroup(groupId: string, value: Buffer | null): GroupsChange | undefined {
  if (value === null) return { kind: 'group-removed', groupId }
  const decoded = decodeValue(GroupMetadataValue, value)
  if (!decoded) return undefined
  const metadata: GroupMetadata = {
    protocolType: decoded.protocolType,
    generationId: decoded.generation,
    protocol: decoded.protocol,
    leader: decoded.leader,
    stateTimestamp: Number(decoded.currentStateTimestamp),
    members: decoded.members.map(committedMember),
  }
  return { kind: 'group', groupId, metadata }
}

function committedMember(
  member: MessageOf<typeof GroupMetadataValue>['members'][number],
): CommittedMember {
  return {
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    sessionTimeoutMs: member.sessionTimeout,
    // Version 0 has none: the session's was meant for both.
    rebalanceTimeoutMs:
      member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
    // The record's bytes are only lent.
    subscription: Buffer.from(member.subscription),
    assignment: Buffer.from(member.assignment),
  }
}

function decodeValue<M extends Message>(schema: M, value: Buffer): MessageOf<M> | undefined {
  const version = value.length < 2 ? -1 : value.readInt16BE(0)
  if (version < schema.versions.min || version > schema.versions.max) return undefined
  return decodeMessage(schema, version, value.subarray(2))
}

function groupKey(groupId: string): Buffer {
  return prefixed(GROUP_TYPE, GroupMetadataKey, 0, { group: groupId })
}

function offsetKey(group: string, topic: string, partition: number): Buffer {
  return prefixed(OFFSET_TYPE, OffsetCommitKey, 0, { group, topic, partition })
}

/** The body behind the int16 that says what it is. */
function prefixed<M extends Message>(
  prefix: number,
  schema: M,
  version: number,
  body: MessageInput<M>,
): Buffer {
  const encoded = encodeMessage(schema, version, body)
  const out = Buffer.allocUnsafe(2 + encoded.length)
  out.writeInt16BE(prefix, 0)
  encoded.copy(out, 2)
  return out
}
