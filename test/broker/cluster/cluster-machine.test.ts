import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clusterMachine } from '../../../src/broker/cluster/cluster-machine.ts'
import {
  configRecord,
  configRemoval,
  importRecord,
  keptRecord,
  partitionRecord,
  producerIdsRecord,
  topicEnd,
  topicRecord,
  topicRemoval,
} from '../../../src/broker/cluster/cluster-records.ts'
import {
  type ClusterState,
  configsOf,
  topicNamed,
} from '../../../src/broker/cluster/cluster-state.ts'
import type { StateRecord } from '../../../src/broker/coordinator/machine.ts'
import { decodeMetadataRecord } from '../../../src/protocol/messages/embedded/cluster-metadata.ts'

const idOf = (n: number): string => Buffer.alloc(16, n + 1).toString('base64url')

function replay(records: Iterable<StateRecord>): ClusterState {
  const state = clusterMachine.empty()
  for (const record of records) clusterMachine.apply(state, record)
  return state
}

function creation(n: number, name: string, partitions: number): StateRecord[] {
  const records = [topicRecord(idOf(n), name)]
  for (let index = 0; index < partitions; index++) {
    records.push(partitionRecord(idOf(n), index, [1]))
  }
  records.push(configRecord(2, name, 'retention.ms', String(n)))
  return records
}

/** What compaction leaves: the last record of each key. */
function compacted(records: readonly StateRecord[]): StateRecord[] {
  const last = new Map<string, StateRecord>()
  for (const record of records) {
    last.delete(record.key.toString())
    last.set(record.key.toString(), record)
  }
  return [...last.values()]
}

describe('the cluster state', () => {
  test('knows topics by id and name, their partitions and configs', () => {
    const state = replay([...creation(1, 'a.b', 2), ...creation(2, 'c', 1)])
    expect(topicNamed(state, 'a.b')?.topicId).toBe(idOf(1))
    expect(topicNamed(state, 'a.b')?.partitions.size).toBe(2)
    expect(configsOf(state, 2, 'c')).toEqual(new Map([['retention.ms', '2']]))
    expect(state.collisions.get('a_b')).toEqual(new Set(['a.b']))
  })

  test('forgets a deleted topic and its configs, and remembers its id until its logs are gone', () => {
    const made = creation(1, 'a', 2)
    const removal = topicRemoval({ name: 'a', topicId: idOf(1) }, [0, 1], ['retention.ms'])
    const removed = replay([...made, ...removal])
    expect(topicNamed(removed, 'a')).toBeUndefined()
    expect(removed.configs.size).toBe(0)
    expect(removed.collisions.size).toBe(0)
    expect(removed.removedTopicIds).toEqual(new Set([idOf(1)]))
    expect(replay([...made, ...removal, topicEnd(idOf(1))])).toEqual(clusterMachine.empty())
  })

  test('is not confused by a topic that was made again under the same name', () => {
    const removal = topicRemoval({ name: 'a', topicId: idOf(1) }, [0], ['retention.ms'])
    const state = replay([
      ...creation(1, 'a', 1),
      ...removal,
      ...creation(2, 'a', 3),
      topicEnd(idOf(1)),
    ])
    expect(topicNamed(state, 'a')?.partitions.size).toBe(3)
    expect(configsOf(state, 2, 'a').get('retention.ms')).toBe('2')
  })

  test('skips records of unknown types and versions', () => {
    const key = Buffer.from('["future"]')
    const state = replay([
      { key, value: Buffer.from([1, 120, 0, 1, 2, 3]) },
      { key, value: Buffer.from([1, 2, 9, 1, 2, 3]) },
      { key, value: Buffer.from([2, 2, 0]) },
      { key: Buffer.from('no json'), value: null },
    ])
    expect(state).toEqual(clusterMachine.empty())
  })

  test('takes a config away that is set to nothing', () => {
    const nothing = configRecord(4, '', 'min.insync.replicas', null)
    const state = replay([configRecord(4, '', 'min.insync.replicas', '1'), nothing])
    expect(state).toEqual(clusterMachine.empty())
  })

  test("is kept in Kafka's records", () => {
    const [topic, partition] = creation(1, 'orders', 1)
    expect(decodeMetadataRecord(topic!.value!)).toMatchObject({
      type: 'TopicRecord',
      value: { name: 'orders', topicId: idOf(1) },
    })
    expect(decodeMetadataRecord(partition!.value!)).toMatchObject({
      type: 'PartitionRecord',
      value: { partitionId: 0, topicId: idOf(1), replicas: [1], isr: [1], leader: 1 },
    })
  })
})

const change = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    n: fc.nat(5),
    name: fc.constantFrom('a', 'a.b', 'a_b', 'c'),
    partitions: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('grow' as const), n: fc.nat(5) }),
  fc.record({ kind: fc.constant('remove' as const), n: fc.nat(5) }),
  fc.record({ kind: fc.constant('end' as const), n: fc.nat(5) }),
  fc.record({ kind: fc.constant('ids' as const) }),
  fc.record({ kind: fc.constant('import' as const), isWhole: fc.boolean() }),
  fc.record({
    kind: fc.constant('kept' as const),
    id: fc.constantFrom('x', 'y'),
    value: fc.option(
      fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
      { nil: null },
    ),
  }),
  fc.record({
    kind: fc.constant('config' as const),
    type: fc.constantFrom(4, 32),
    name: fc.constantFrom('', '1', 'g/x'),
    value: fc.option(fc.string(), { nil: null }),
  }),
)

/** Records of changes as the cluster would decide them: nothing is made twice, nothing unknown is removed. */
function history(changes: readonly (typeof change extends fc.Arbitrary<infer C> ? C : never)[]) {
  const state = clusterMachine.empty()
  const records: StateRecord[] = []
  const decide = (...decided: StateRecord[]): void => {
    for (const record of decided) clusterMachine.apply(state, record)
    records.push(...decided)
  }
  for (const one of changes) {
    const topic = 'n' in one ? state.topics.get(idOf(one.n)) : undefined
    if (one.kind === 'ids') decide(producerIdsRecord(1, state.nextProducerId + 1000))
    if (one.kind === 'import') decide(importRecord(7, one.isWhole))
    if (one.kind === 'kept') decide(keptRecord(18, [one.id], one.value))
    if (one.kind === 'config') {
      const { type, name, value } = one
      if (value === null) decide(...configRemoval(type, name, 'x'))
      else decide(configRecord(type, name, 'x', value))
    }
    if (one.kind === 'create' && !state.topicIds.has(one.name)) {
      const used = state.topics.has(idOf(one.n)) || state.removedTopicIds.has(idOf(one.n))
      if (!used) decide(...creation(one.n, one.name, one.partitions))
    }
    if (one.kind === 'grow' && topic) {
      decide(partitionRecord(topic.topicId, topic.partitions.size, [1]))
    }
    if (one.kind === 'remove' && topic) {
      const configs = configsOf(state, 2, topic.name).keys()
      decide(...topicRemoval(topic, topic.partitions.keys(), configs))
    }
    if (one.kind === 'end' && state.removedTopicIds.has(idOf(one.n))) decide(topicEnd(idOf(one.n)))
  }
  return { state, records }
}

describe('whatever has happened', () => {
  const histories = fc.array(change, { maxLength: 40 })

  test('a replay gives an equal state', () => {
    fc.assert(
      fc.property(histories, (changes) => {
        const { state, records } = history(changes)
        expect(replay(records)).toEqual(state)
      }),
    )
  })

  test('a replay of what compaction leaves gives an equal state', () => {
    fc.assert(
      fc.property(histories, (changes) => {
        const { state, records } = history(changes)
        expect(replay(compacted(records))).toEqual(state)
      }),
    )
  })

  test('a replay of the snapshot gives an equal state', () => {
    fc.assert(
      fc.property(histories, (changes) => {
        const { state } = history(changes)
        expect(replay(clusterMachine.snapshot(state))).toEqual(state)
      }),
    )
  })

  test('a part of the snapshot behind the history changes nothing', () => {
    fc.assert(
      fc.property(histories, fc.nat(20), (changes, length) => {
        const { state, records } = history(changes)
        const left = [...clusterMachine.snapshot(state)].slice(0, length)
        expect(replay([...records, ...left])).toEqual(state)
      }),
    )
  })
})
