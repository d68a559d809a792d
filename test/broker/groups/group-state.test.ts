import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StateRecord } from '../../../src/broker/coordinator/machine.ts'
import type { CommittedOffset, GroupMetadata } from '../../../src/broker/groups/group.ts'
import {
  decodeRecord,
  groupRecord,
  groupTombstone,
  offsetRecord,
  offsetTombstone,
} from '../../../src/broker/groups/group-records.ts'
import { type GroupsState, groupsMachine } from '../../../src/broker/groups/group-state.ts'
import { OTHER_TOPIC_ID } from './scene.ts'

const oracles = process.env['ODRADEK_ORACLES'] ?? '../shared'
const vectors = `${oracles}/kafka/vectors/group-coordinator`

function replay(records: Iterable<StateRecord>, state = groupsMachine.empty()): GroupsState {
  for (const record of records) groupsMachine.apply(state, record)
  return state
}

const metadata: GroupMetadata = {
  protocolType: 'consumer',
  generationId: 3,
  protocol: 'range',
  leader: 'm-1',
  stateTimestamp: 1_700_000_000_000,
  members: [
    {
      memberId: 'm-1',
      groupInstanceId: 'i',
      clientId: 'app',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: 60_000,
      sessionTimeoutMs: 10_000,
      subscription: Buffer.from('reads'),
      assignment: Buffer.from('mine'),
    },
  ],
}

const offset: CommittedOffset = {
  offset: 42,
  leaderEpoch: 7,
  metadata: 'note',
  commitTimestamp: 1_700_000_000_000,
  expireTimestamp: -1,
  topicId: OTHER_TOPIC_ID,
}

describe('records of __consumer_offsets', () => {
  it('are written in the versions of Kafka 4.4', () => {
    expect(offsetRecord('g', 't', 2, offset).key.toString('hex')).toBe(
      '0001000167000174' + '00000002',
    )
    expect(offsetRecord('g', 't', 2, offset).value!.readInt16BE(0)).toBe(4)
    expect(groupRecord('g', metadata).key.toString('hex')).toBe('0002000167')
    expect(groupRecord('g', metadata).value!.readInt16BE(0)).toBe(3)
  })

  it('carry a time to end in the old version that has one', () => {
    const record = offsetRecord('g', 't', 0, { ...offset, expireTimestamp: 9 })
    expect(record.value!.readInt16BE(0)).toBe(1)
    expect(decodeRecord(record)).toMatchObject({ offset: { offset: 42, expireTimestamp: 9 } })
  })

  it('say what was put into them', () => {
    const place = { groupId: 'g', topic: 't', partition: 2 }
    expect(decodeRecord(offsetRecord('g', 't', 2, offset))).toEqual({
      kind: 'offset',
      ...place,
      offset,
    })
    expect(decodeRecord(offsetTombstone('g', 't', 2))).toEqual({ kind: 'offset-removed', ...place })
    expect(decodeRecord(groupRecord('g', metadata))).toEqual({
      kind: 'group',
      groupId: 'g',
      metadata,
    })
    expect(decodeRecord(groupTombstone('g'))).toEqual({ kind: 'group-removed', groupId: 'g' })
  })

  it.each([
    ['a type that is not ours', '0007000167', '0000'],
    ['a version that we do not know', '0002000167', '7fff00'],
    ['no type', '00', ''],
    ['no version', '0002000167', '00'],
  ])('are kept as they are when they have %s', (_what, key, value) => {
    const record = { key: Buffer.from(key, 'hex'), value: Buffer.from(value, 'hex') }
    expect(decodeRecord(record)).toBeUndefined()
    const state = replay([record])
    expect(state.groups).toEqual(new Map())
    expect([...groupsMachine.snapshot(state)]).toEqual([record])
    const ended = replay([record, { key: record.key, value: null }])
    expect(ended).toEqual(groupsMachine.empty())
  })
})

describe.skipIf(!existsSync(vectors))('records of Kafka', () => {
  const read = (name: string) =>
    readFileSync(`${vectors}/${name}.ndjson`, 'utf8')
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { prefix: string; hex: string; value: Record<string, unknown> },
      )

  it('of offsets are understood in every version', () => {
    const key = offsetTombstone('g', 't', 2).key
    for (const { prefix, hex, value } of read('OffsetCommitValue')) {
      const change = decodeRecord({ key, value: Buffer.from(prefix + hex, 'hex') })
      expect(change).toMatchObject({ offset: { metadata: value['metadata'] } })
      expect(change).toMatchObject({ offset: { offset: Number(value['offset']) } })
    }
  })

  it('of groups are understood in every version', () => {
    const key = groupTombstone('g').key
    for (const { prefix, hex, value } of read('GroupMetadataValue')) {
      const change = decodeRecord({ key, value: Buffer.from(prefix + hex, 'hex') })
      const members = value['members'] as { memberId: string }[]
      expect(change).toMatchObject({
        metadata: {
          generationId: value['generation'],
          members: members.map(({ memberId }) => ({ memberId })),
        },
      })
    }
  })
})

describe('the state of a shard', () => {
  const groupId = fc.constantFrom('a', 'b', 'c')
  const topic = fc.constantFrom('t', 'u')
  const partition = fc.nat(2)
  const record: fc.Arbitrary<StateRecord> = fc.oneof(
    fc
      .tuple(groupId, fc.nat(), fc.constantFrom('', 'consumer', 'connect'))
      .map(([id, generationId, protocolType]) =>
        groupRecord(id, { ...metadata, generationId, protocolType }),
      ),
    groupId.map(groupTombstone),
    fc
      .tuple(groupId, topic, partition, fc.nat())
      .map(([id, name, index, position]) =>
        offsetRecord(id, name, index, { ...offset, offset: position }),
      ),
    fc
      .tuple(groupId, topic, partition)
      .map(([id, name, index]) => offsetTombstone(id, name, index)),
  )

  it('is what its snapshot gives, also when that is applied on top of it in part', () => {
    fc.assert(
      fc.property(fc.array(record), fc.nat(20), (records, part) => {
        const state = replay(records)
        const snapshot = [...groupsMachine.snapshot(state)]
        expect(replay(snapshot)).toEqual(state)
        expect(replay(snapshot.slice(0, part), replay(records))).toEqual(state)
      }),
    )
  })

  it('keeps a group that has offsets when only its members end', () => {
    const state = replay([
      groupRecord('g', metadata),
      offsetRecord('g', 't', 0, offset),
      groupTombstone('g'),
    ])
    expect(state.groups.get('g')).toMatchObject({ members: [], protocolType: '' })
    expect(state.groups.get('g')!.offsets.get('t')!.get(0)).toEqual(offset)
  })
})
