import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import {
  ConfigRecord,
  decodeMetadataRecord,
  FeatureLevelRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RemoveTopicRecord,
  TopicRecord,
} from '../../src/protocol/messages/embedded/cluster-metadata.ts'
import {
  ConsumerProtocolSubscription,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../src/protocol/messages/embedded/consumer-protocol.ts'
import {
  decodeGroupValue,
  decodeOffsetsTopicKey,
  decodeOffsetValue,
  encodeGroupKey,
  encodeGroupValue,
  encodeOffsetKey,
  encodeOffsetValue,
  GroupMetadataKey,
  OffsetCommitKey,
} from '../../src/protocol/messages/embedded/offsets-topic.ts'
import {
  decodeKey,
  decodeVersioned,
  decodeVersionedLeniently,
  encodeKey,
  encodeMetadataRecord,
  encodeVersioned,
  openMetadataRecord,
} from '../../src/protocol/messages/embedded/prefixes.ts'
import { codecOf, decodeMessage, encodeMessage } from '../../src/protocol/compile.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { hasVersion } from '../../src/protocol/versions.ts'
import { report } from '../report.ts'
import { embedded } from './known-messages.ts'
import { hasOracles, type Vector, vectorsOf } from './oracles.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Reads a vector with what precedes it, and writes it again. */
function throughPrefix(
  message: Message,
  { type, version, prefix = '', hex: body }: Vector,
): string {
  const bytes = hex(prefix + body)
  if (type === 'coordinator-key') {
    return encodeKey(message, decodeKey(message, bytes)).toString('hex')
  }
  if (type === 'metadata') {
    const opened = openMetadataRecord(bytes)!
    expect([opened.type, opened.version]).toEqual([message.apiKey, version])
    const value = codecOf(message, version).decode(opened.body)
    return encodeMetadataRecord(message, version, value).toString('hex')
  }
  if (unprefixed.includes(message.name)) {
    expect(prefix).toBe('')
    return encodeMessage(message, version, decodeMessage(message, version, bytes)).toString('hex')
  }
  return encodeVersioned(message, version, decodeVersioned(message, bytes)!).toString('hex')
}

/** Control records of a quorum: a field of their own is their version. */
const unprefixed = [
  'LeaderChangeMessage',
  'SnapshotHeaderRecord',
  'SnapshotFooterRecord',
  'KRaftVersionRecord',
  'VotersRecord',
]

describe.skipIf(!hasOracles)('golden vectors with their prefix', () => {
  const checked = { vectors: 0 }

  it.each(embedded.map((message) => [message.name, message] as const))('%s', (name, message) => {
    const vectors = vectorsOf(name).filter(({ version }) => hasVersion(message.versions, version))
    expect(vectors.length).toBeGreaterThan(0)
    for (const vector of vectors) {
      if (JSON.stringify(vector.value).includes('"_unknownTags"')) continue
      expect(throughPrefix(message, vector)).toBe((vector.prefix ?? '') + vector.hex)
      checked.vectors++
    }
  })

  it('says how many they were', () => {
    expect(checked.vectors).toBeGreaterThan(250)
    report(
      `golden records: ${checked.vectors} vectors of ${embedded.length} embedded messages read and written with their prefix`,
    )
  })

  it.each([
    TopicRecord,
    PartitionRecord,
    ConfigRecord,
    RemoveTopicRecord,
    FeatureLevelRecord,
    ProducerIdsRecord,
  ])('of a $name tells what it is', (message) => {
    for (const { version, prefix, hex: body } of vectorsOf(message.name)) {
      const value = decodeMessage<Message>(message, version, hex(body))
      expect(decodeMetadataRecord(hex(prefix! + body))).toEqual({
        type: message.name,
        version,
        value,
      })
    }
  })
})

describe('records of the offsets topic', () => {
  it('keys tell what they are about', () => {
    const offset = encodeOffsetKey({ group: 'g', topic: 't', partition: 3 })
    expect(offset.toString('hex')).toBe('0001' + '000167' + '000174' + '00000003')
    const key = { group: 'g', topic: 't', partition: 3 }
    expect(decodeOffsetsTopicKey(offset)).toEqual({ type: 'offset', key })
    expect(decodeOffsetsTopicKey(hex('0000' + '000167' + '000174' + '00000003'))).toEqual({
      type: 'offset',
      key,
    })
    expect(encodeGroupKey('g').toString('hex')).toBe('0002' + '000167')
    expect(decodeOffsetsTopicKey(encodeGroupKey('g'))).toEqual({
      type: 'group',
      key: { group: 'g' },
    })
    expect(decodeOffsetsTopicKey(hex('0003' + '000167'))).toBeUndefined()
  })

  it('a key of another type is refused', () => {
    expect(() => decodeKey(OffsetCommitKey, encodeKey(GroupMetadataKey, { group: 'g' }))).toThrow(
      'A key of type 2 is no OffsetCommitKey.',
    )
    expect(() => decodeOffsetsTopicKey(hex('00'))).toThrow(ProtocolViolation)
  })

  it('values carry their version, and newer ones are not read', () => {
    const value = encodeOffsetValue(3, {
      offset: 42,
      leaderEpoch: 1,
      metadata: '',
      commitTimestamp: 7,
    })
    expect(value.toString('hex')).toBe(
      '0003' + '000000000000002a' + '00000001' + '0000' + '0000000000000007',
    )
    expect(decodeOffsetValue(value)).toEqual({
      offset: 42n,
      leaderEpoch: 1,
      metadata: '',
      commitTimestamp: 7n,
      expireTimestamp: -1n,
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    })
    expect(decodeOffsetValue(Buffer.concat([hex('0005'), value.subarray(2)]))).toBeUndefined()
    const group = {
      protocolType: 'consumer',
      generation: 1,
      protocol: null,
      leader: null,
      members: [],
    }
    expect(decodeGroupValue(encodeGroupValue(3, group))).toMatchObject(group)
  })
})

describe("records of the cluster's state", () => {
  it('begin with form, type and version', () => {
    const bytes = encodeMetadataRecord(ConfigRecord, 0, {
      resourceType: 2,
      resourceName: 't',
      name: 'n',
      value: null,
    })
    expect(bytes.toString('hex')).toBe('010400' + '02' + '0274' + '026e' + '00' + '00')
    expect(decodeMetadataRecord(bytes)).toEqual({
      type: 'ConfigRecord',
      version: 0,
      value: { resourceType: 2, resourceName: 't', name: 'n', value: null },
    })
  })

  it('of an unknown form, type or version are left alone', () => {
    const body = encodeMetadataRecord(TopicRecord, 0, {
      name: 't',
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    }).subarray(3)
    expect(decodeMetadataRecord(Buffer.concat([hex('020200'), body]))).toBeUndefined()
    expect(decodeMetadataRecord(Buffer.concat([hex('016300'), body]))).toBeUndefined()
    expect(decodeMetadataRecord(Buffer.concat([hex('010209'), body]))).toBeUndefined()
    expect(decodeMetadataRecord(Buffer.concat([hex('010200'), body]))?.type).toBe('TopicRecord')
  })
})

describe('the consumer protocol', () => {
  it('is what kafkajs sends', () => {
    const subscription = hex('0001' + '00000001' + '00066f7264657273' + '00000000' + '00000000')
    expect(decodeSubscription(subscription)).toEqual({
      topics: ['orders'],
      userData: Buffer.alloc(0),
      ownedPartitions: [],
      generationId: -1,
      rackId: null,
    })
    expect(encodeSubscription(1, { topics: ['orders'], userData: Buffer.alloc(0) })).toEqual(
      subscription,
    )
    const assigned = { assignedPartitions: [{ topic: 'orders', partitions: [0, 2] }] }
    expect(decodeAssignment(encodeAssignment(0, assigned))).toEqual({ ...assigned, userData: null })
  })

  it('reads a version newer than ours as our newest, and leaves the rest', () => {
    const newest = encodeSubscription(3, { topics: ['a'], rackId: 'r' })
    const newer = Buffer.concat([hex('0009'), newest.subarray(2), hex('cafe')])
    expect(decodeSubscription(newer)).toMatchObject({ topics: ['a'], rackId: 'r' })
    expect(() => decodeVersionedLeniently(ConsumerProtocolSubscription, hex('ffff'))).toThrow(
      'has no version -1',
    )
    expect(() => decodeSubscription(hex('0000ffffffff'))).toThrow(ProtocolViolation)
    expect(() => decodeSubscription(Buffer.alloc(0))).toThrow(ProtocolViolation)
  })
})
