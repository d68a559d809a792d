/**
 * What members of a classic consumer group tell one another by way of JoinGroup and SyncGroup: int16 version, then the body.
 *
 * A version that is newer than ours begins like our newest, and is read as that.
 */

import {
  array,
  bytes,
  int32,
  type MessageInput,
  type MessageOf,
  message,
  string,
} from '../../schema.ts'
import { decodeVersionedLeniently, encodeVersioned } from './prefixes.ts'

const topicPartition = {
  topic: string(),
  partitions: array('0+', int32()),
}

/** v1 ownedPartitions (KIP-429) - v2 generationId (KIP-792) - v3 rackId (KIP-881) */
export const ConsumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  fields: {
    topics: array('0+', string()),
    userData: bytes('0+', { nullable: '0+', default: null }),
    ownedPartitions: array('1+', topicPartition, { default: [], ignorable: true }),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  },
})

/** The bytes are the same in all versions. */
export const ConsumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  fields: {
    assignedPartitions: array('0+', topicPartition),
    userData: bytes('0+', { nullable: '0+', default: null }),
  },
})

export type Subscription = MessageOf<typeof ConsumerProtocolSubscription>
export type Assignment = MessageOf<typeof ConsumerProtocolAssignment>

export function encodeSubscription(
  version: number,
  subscription: MessageInput<typeof ConsumerProtocolSubscription>,
): Buffer {
  return encodeVersioned(ConsumerProtocolSubscription, version, subscription)
}

/** Throws a ProtocolViolation for bytes that are no subscription: group members may send what they like. */
export function decodeSubscription(buffer: Buffer): Subscription {
  return decodeVersionedLeniently(ConsumerProtocolSubscription, buffer)
}

export function encodeAssignment(
  version: number,
  assignment: MessageInput<typeof ConsumerProtocolAssignment>,
): Buffer {
  return encodeVersioned(ConsumerProtocolAssignment, version, assignment)
}

/** Throws a ProtocolViolation for bytes that are no assignment. */
export function decodeAssignment(buffer: Buffer): Assignment {
  return decodeVersionedLeniently(ConsumerProtocolAssignment, buffer)
}
