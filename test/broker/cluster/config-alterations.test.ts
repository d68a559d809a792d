import { describe, expect, test } from 'vitest'
import { Cluster, type ConfigAlteration } from '../../../src/broker/cluster/cluster.ts'
import { clusterMachine } from '../../../src/broker/cluster/cluster-machine.ts'
import { configsOf } from '../../../src/broker/cluster/cluster-state.ts'
import { CLUSTER_TOPIC_ID } from '../../../src/broker/cluster/internal-topics.ts'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { ManualClock } from '../../../src/clock.ts'
import { decodeMetadataRecord } from '../../../src/protocol/messages/embedded/cluster-metadata.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import { logId } from '../../../src/storage/engine.ts'
import { CLUSTER_ID, silent } from '../fixture.ts'
import { ScriptedEngine, settle } from '../scripted-engine.ts'

const clusterLog = logId(CLUSTER_TOPIC_ID, 0)

async function openCluster(engine = new ScriptedEngine()) {
  engine.restart()
  const config = BrokerConfig.of()
  const cluster = new Cluster({
    engine,
    config,
    clock: new ManualClock(),
    random: seededRandom(1),
    log: silent,
    clusterId: CLUSTER_ID,
  })
  await cluster.open()
  return { engine, config, cluster }
}

const topic = {
  name: 't',
  numPartitions: 2,
  replicationFactor: -1,
  assignments: [],
  configs: [],
}

/** Null deletes. */
function alteration(
  resourceType: ConfigAlteration['resourceType'],
  resourceName: string,
  values: Record<string, string | null>,
): ConfigAlteration {
  const operations = Object.entries(values).map(([name, value]) => ({
    name,
    kind: value === null ? ('DELETE' as const) : ('SET' as const),
    value: value ?? '',
  }))
  return { resourceType, resourceName, operations, replacesAll: false }
}

function recordsIn(engine: ScriptedEngine) {
  return engine.logs.get(clusterLog)!.batches.flatMap((stored) => [...iterateRecords(stored)])
}

function logConfigs(engine: ScriptedEngine) {
  return [...engine.logs.values()]
    .filter(({ spec }) => spec.topic === 't')
    .map(({ spec }) => spec.config)
}

describe('an alteration', () => {
  test('is in effect when it is answered, and not before it is committed', async () => {
    const { engine, config, cluster } = await openCluster()
    await cluster.createTopics([topic])
    engine.hold()
    const altered = cluster.alterConfigs([
      alteration(2, 't', { 'segment.bytes': '2000000' }),
      alteration(4, '1', { 'log.roll.ms': '5000', 'message.max.bytes': '9' }),
      alteration(32, 'g', { 'consumer.session.timeout.ms': '50000' }),
    ])
    await settle()
    expect(cluster.topic('t')?.overrides.size).toBe(0)
    expect(config.altered.ofBroker.size).toBe(0)
    expect(cluster.namesWithConfigs(32)).toEqual([])
    engine.release()
    expect(await altered).toEqual([undefined, undefined, undefined])
    const [first, second] = logConfigs(engine)
    expect(first).toMatchObject({ segmentBytes: 2_000_000, segmentMs: 5000 })
    expect(second).toEqual(first)
    expect(cluster.topicConfig(cluster.topic('t')!).get('max.message.bytes')).toBe(9)
    expect(cluster.namesWithConfigs(32)).toEqual(['g'])
  })

  test("is kept in Kafka's records, a deletion with a tombstone behind it", async () => {
    const { engine, cluster } = await openCluster()
    await cluster.alterConfigs([alteration(4, '1', { 'log.roll.ms': '5' })])
    await cluster.alterConfigs([alteration(4, '1', { 'log.roll.ms': '5' })])
    await cluster.alterConfigs([alteration(4, '1', { 'log.roll.ms': null })])
    const key = '["config",4,"1","log.roll.ms"]'
    const [set, unset, ended, ...more] = recordsIn(engine)
    const value = { resourceType: 4, resourceName: '1', name: 'log.roll.ms' }
    expect([set, unset, ended].map((one) => String(one?.key))).toEqual([key, key, key])
    expect(decodeMetadataRecord(set!.value!)).toMatchObject({ value: { ...value, value: '5' } })
    expect(decodeMetadataRecord(unset!.value!)).toMatchObject({ value: { ...value, value: null } })
    expect(ended!.value).toBeNull()
    expect(more).toEqual([])
  })

  test('that cannot be committed is refused as a whole, and has no effect', async () => {
    const { engine, config, cluster } = await openCluster()
    await cluster.createTopics([topic])
    engine.refuseNext('rejected')
    await expect(
      cluster.alterConfigs([
        alteration(2, 't', { 'retention.ms': '1' }),
        alteration(4, '', { 'log.roll.ms': '1' }),
      ]),
    ).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
    await settle()
    expect(cluster.topic('t')?.overrides.size).toBe(0)
    expect(config.get('log.roll.ms')).toBeNull()
    expect(await cluster.alterConfigs([alteration(2, 't', { 'retention.ms': '2' })])).toEqual([
      undefined,
    ])
  })

  test('that is committed although it was refused is in effect when the log was replayed', async () => {
    const { engine, config, cluster } = await openCluster()
    await cluster.createTopics([topic])
    engine.refuseNext('throws')
    await expect(
      cluster.alterConfigs([
        alteration(2, 't', { 'retention.ms': '1' }),
        alteration(4, '', { 'log.roll.ms': '7' }),
        alteration(16, 's', { 'interval.ms': '1000' }),
      ]),
    ).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
    await settle(50)
    expect(cluster.topic('t')?.overrides).toEqual(new Map([['retention.ms', '1']]))
    expect(config.get('log.roll.ms')).toBe(7)
    expect(cluster.namesWithConfigs(16)).toEqual(['s'])
    expect(logConfigs(engine)).toMatchObject([
      { retentionMs: 1, segmentMs: 7 },
      { retentionMs: 1, segmentMs: 7 },
    ])
  })

  test('of a topic that is deleted meanwhile leaves nothing behind', async () => {
    const { engine, cluster } = await openCluster()
    await cluster.createTopics([topic])
    const { topicId } = cluster.topic('t')!
    const [answers] = await Promise.all([
      cluster.alterConfigs([alteration(2, 't', { 'retention.ms': '1' })]),
      cluster.deleteTopics([topicId]),
      cluster.createTopics([topic]),
    ])
    expect(answers).toEqual([undefined])
    expect(cluster.topic('t')?.topicId).not.toBe(topicId)
    expect(cluster.topic('t')?.overrides.size).toBe(0)
    expect(logConfigs(engine).map(({ retentionMs }) => retentionMs)).toEqual([
      604_800_000, 604_800_000,
    ])
  })

  test('of a log that cannot be told is told of, and kept', async () => {
    const { engine, cluster } = await openCluster()
    await cluster.createTopics([topic])
    engine.configure = () => Promise.reject(new Error('The disk is gone.'))
    expect(await cluster.alterConfigs([alteration(2, 't', { 'retention.ms': '1' })])).toEqual([
      undefined,
    ])
    expect(cluster.topic('t')?.overrides.size).toBe(1)
  })
})

function randomAlteration(random: Random, i: number): ConfigAlteration {
  const value = random.below(3) === 0 ? null : String(i + 1)
  return random.below(2) === 0
    ? alteration(2, 't', { [random.below(2) === 0 ? 'retention.ms' : 'segment.ms']: value })
    : alteration(4, random.below(2) === 0 ? '' : '1', { 'log.roll.ms': value })
}

test.each([1, 2, 3, 4, 5])('many at a time leave what a replay gives (run %i)', async (seed) => {
  const { engine, config, cluster } = await openCluster()
  await cluster.createTopics([topic])
  const random = seededRandom(seed)
  const running: Promise<unknown>[] = []
  for (let i = 0; i < 60; i++) {
    running.push(cluster.alterConfigs([randomAlteration(random, i)]))
    if (random.below(3) === 0) await settle(random.below(4))
    if (i === 30) {
      running.push(cluster.createPartitions([{ name: 't', count: 3, assignments: null }]))
    }
  }
  await Promise.all(running)
  const state = clusterMachine.empty()
  for (const { key, value } of recordsIn(engine)) {
    if (key) clusterMachine.apply(state, { key, value })
  }
  expect(cluster.topic('t')?.overrides).toEqual(configsOf(state, 2, 't'))
  expect(config.altered).toEqual({
    ofBroker: configsOf(state, 4, '1'),
    ofCluster: configsOf(state, 4, ''),
  })
  const expected = cluster.logConfig(cluster.topic('t')!)
  expect(logConfigs(engine)).toEqual([expected, expected, expected])
})
