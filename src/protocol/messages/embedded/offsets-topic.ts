/**
 * Keys and values of `__consumer_offsets` as classic groups write them.
 *
 * A key is an int16 record type and a body of version 0; a value is an int16 version and a body.
 */

import {
  array,
  bytes,
  int32,
  int64,
  type MessageInput,
  type MessageOf,
  message,
  string,
  uuid,
  ZERO_UUID,
} from '../../schema.ts'
import { decodeKey, decodeVersioned, encodeKey, encodeVersioned, keyTypeOf } from './prefixes.ts'

/** A committed offset, as written before Kafka 0.9; OffsetCommitKey has the same bytes. */
export const LegacyOffsetCommitKey = message({
  name: 'LegacyOffsetCommitKey',
  apiKey: 0,
  versions: '0',
  fields: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
})

/** A committed offset of a group. */
export const OffsetCommitKey = message({
  name: 'OffsetCommitKey',
  apiKey: 1,
  versions: '0',
  fields: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
})

/** v1 expireTimestamp - v2 without it - v3 leaderEpoch (KIP-320) - v4 flexible, topicId */
export const OffsetCommitValue = message({
  name: 'OffsetCommitValue',
  apiKey: 1,
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: int64(),
    leaderEpoch: int32('3+', { default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64('1', { default: -1n, ignorable: true }),
    topicId: uuid('4+', { default: ZERO_UUID, tag: 0, tagged: '4+', ignorable: true }),
  },
})

/** A classic group. */
export const GroupMetadataKey = message({
  name: 'GroupMetadataKey',
  apiKey: 2,
  versions: '0',
  fields: {
    group: string(),
  },
})

const memberMetadata = {
  memberId: string(),
  groupInstanceId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32('1+', { default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
}

/** v1 rebalanceTimeout - v2 currentStateTimestamp - v3 groupInstanceId (KIP-345) - v4 flexible */
export const GroupMetadataValue = message({
  name: 'GroupMetadataValue',
  apiKey: 2,
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string('0+', { nullable: '0+' }),
    leader: string('0+', { nullable: '0+' }),
    currentStateTimestamp: int64('2+', { default: -1n, ignorable: true }),
    members: array('0+', memberMetadata),
  },
})

/** What a record of the topic is about. */
export type OffsetsTopicKey =
  | { readonly type: 'offset'; readonly key: MessageOf<typeof OffsetCommitKey> }
  | { readonly type: 'group'; readonly key: MessageOf<typeof GroupMetadataKey> }

export type CommittedOffset = MessageOf<typeof OffsetCommitValue>
export type GroupMetadata = MessageOf<typeof GroupMetadataValue>

/** Undefined for a type that is not known here; consumer, share and streams groups have many of their own. */
export function decodeOffsetsTopicKey(key: Buffer): OffsetsTopicKey | undefined {
  switch (keyTypeOf(key)) {
    case LegacyOffsetCommitKey.apiKey:
      return { type: 'offset', key: decodeKey(LegacyOffsetCommitKey, key) }
    case OffsetCommitKey.apiKey:
      return { type: 'offset', key: decodeKey(OffsetCommitKey, key) }
    case GroupMetadataKey.apiKey:
      return { type: 'group', key: decodeKey(GroupMetadataKey, key) }
    default:
      return undefined
  }
}

export function encodeOffsetKey(key: MessageInput<typeof OffsetCommitKey>): Buffer {
  return encodeKey(OffsetCommitKey, key)
}

export function encodeGroupKey(group: string): Buffer {
  return encodeKey(GroupMetadataKey, { group })
}

export function encodeOffsetValue(
  version: number,
  value: MessageInput<typeof OffsetCommitValue>,
): Buffer {
  return encodeVersioned(OffsetCommitValue, version, value)
}

/** Undefined for a version that is newer than ours. */
export function decodeOffsetValue(value: Buffer): CommittedOffset | undefined {
  return decodeVersioned(OffsetCommitValue, value)
}

export function encodeGroupValue(
  version: number,
  value: MessageInput<typeof GroupMetadataValue>,
): Buffer {
  return encodeVersioned(GroupMetadataValue, version, value)
}

/** Undefined for a version that is newer than ours. */
export function decodeGroupValue(value: Buffer): GroupMetadata | undefined {
  return decodeVersioned(GroupMetadataValue, value)
}
