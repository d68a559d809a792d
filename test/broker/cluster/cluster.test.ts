import pino from 'pino'
import { describe, expect, test } from 'vitest'
import {
  Cluster,
  type Refusal,
  type Topic,
  type TopicCreation,
} from '../../../src/broker/cluster/cluster.ts'
import { clusterMachine } from '../../../src/broker/cluster/cluster-machine.ts'
import { CLUSTER_TOPIC_ID } from '../../../src/broker/cluster/internal-topics.ts'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { ManualClock } from '../../../src/clock.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { seededRandom } from '../../../src/random.ts'
import { type LogConfig, logId } from '../../../src/storage/engine.ts'
import { CLUSTER_ID, silent } from '../fixture.ts'
import { ScriptedEngine, settle } from '../scripted-engine.ts'

const clusterLog = logId(CLUSTER_TOPIC_ID, 0)

async function openCluster(
  engine: ScriptedEngine,
  {
    values = {},
    seed = 1,
    log = silent,
  }: { values?: Parameters<typeof BrokerConfig.of>[0]; seed?: number; log?: typeof silent } = {},
): Promise<Cluster> {
  engine.restart()
  const cluster = new Cluster({
    engine,
    config: BrokerConfig.of(values),
    clock: new ManualClock(),
    random: seededRandom(seed),
    log,
    clusterId: CLUSTER_ID,
  })
  await cluster.open()
  return cluster
}

function creation(name: string, more: Partial<TopicCreation> = {}): TopicCreation {
  return { name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [], ...more }
}

async function make(cluster: Cluster, name: string, partitions = 1): Promise<Topic> {
  const [topic] = await cluster.createTopics([creation(name, { numPartitions: partitions })])
  return made(topic)
}

function made(result: Topic | Refusal | undefined): Topic {
  if (!result || 'error' in result) throw new Error(`No topic: ${JSON.stringify(result)}`)
  return result
}

const batch = buildBatch([{ key: null, value: Buffer.from('v'), timestamp: 1 }])

function replayed(engine: ScriptedEngine) {
  const state = clusterMachine.empty()
  for (const stored of engine.logs.get(clusterLog)?.batches ?? []) {
    for (const { key, value } of iterateRecords(stored)) {
      if (key) clusterMachine.apply(state, { key, value })
    }
  }
  return state
}

describe('a topic', () => {
  test('takes records when its creation is answered', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const topic = await make(cluster, 'orders', 3)
    expect(cluster.topic('orders')).toBe(topic)
    expect(cluster.topicById(topic.topicId)).toBe(topic)
    expect(topic.partitions.map(({ index }) => index)).toEqual([0, 1, 2])
    const appends = topic.partitions.map(({ log }) => ({ log, batch }))
    await expect(engine.append(appends)).resolves.toMatchObject([
      { kind: 'appended' },
      { kind: 'appended' },
      { kind: 'appended' },
    ])
    expect(topic.partitions.map((partition) => cluster.leaderEpoch(partition))).toEqual([0, 0, 0])
  })

  test('is not seen before it is committed and its logs are there', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    engine.hold()
    const making = make(cluster, 'orders')
    await settle()
    expect(cluster.topic('orders')).toBeUndefined()
    expect(engine.logs.size).toBe(1)
    engine.release()
    await making
    expect([...cluster.topics()].map(({ name }) => name)).toEqual(['orders'])
  })

  test('survives a restart, with its id, partitions and configs', async () => {
    const engine = new ScriptedEngine()
    const before = await openCluster(engine)
    const configs = [{ name: 'retention.ms', value: '1000' }]
    const [result] = await before.createTopics([creation('a', { numPartitions: 2, configs })])
    const topic = made(result)
    await before.createPartitions([{ name: 'a', count: 4, assignments: null }])
    await before.close()
    const after = await openCluster(engine)
    expect(after.topic('a')).toMatchObject({ name: 'a', topicId: topic.topicId, internal: false })
    expect(after.topic('a')?.partitions).toHaveLength(4)
    expect(after.topic('a')?.overrides).toEqual(new Map([['retention.ms', '1000']]))
    expect(after.topicConfig(after.topic('a')!).get('retention.ms')).toBe(1000)
    expect(engine.logs.get(after.topic('a')!.partitions[3]!.log)?.spec.config.retentionMs).toBe(
      1000,
    )
  })

  test('made by several at a time is made once, and all may use it when they are answered', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const results = await Promise.all([
      cluster.createTopics([creation('a')]),
      cluster.createTopics([creation('a')]).then((answer) => {
        expect(cluster.topic('a')).toBeDefined()
        return answer
      }),
      cluster.ensureTopic('a').then((topic) => [topic]),
      cluster.ensureTopic('a').then((topic) => [topic]),
    ])
    const [winner, loser, ensured, ensuredToo] = results.map(([result]) => result)
    expect(loser).toEqual({
      error: 'TOPIC_ALREADY_EXISTS',
      message: "Topic 'a' already exists.",
    })
    expect(ensured).toBe(winner)
    expect(ensuredToo).toBe(winner)
    expect(engine.events.filter((event) => event === 'create a-0')).toHaveLength(1)
  })

  test('that was deleted is gone, with its logs, and its name makes another topic', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const first = await make(cluster, 'a', 2)
    const [, second] = await Promise.all([
      cluster.deleteTopics([first.topicId]),
      make(cluster, 'a', 1),
    ])
    expect(second.topicId).not.toBe(first.topicId)
    expect(cluster.topicById(first.topicId)).toBeUndefined()
    expect(cluster.topic('a')).toBe(second)
    // The second one's logs have the same folders: they are made when the first one's are gone.
    expect(engine.events.slice(-3)).toEqual(['delete a-0', 'delete a-1', 'create a-0'])
    await settle()
    expect(replayed(engine).removedTopicIds.size).toBe(0)
  })

  test('is deleted once when several ask for it', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const { topicId } = await make(cluster, 'a')
    const [first, second] = await Promise.all([
      cluster.deleteTopics([topicId]),
      cluster.deleteTopics([topicId]),
    ])
    expect(first).toEqual(new Map())
    expect(second).toEqual(new Map([[topicId, { error: 'UNKNOWN_TOPIC_ID', message: null }]]))
  })

  test('that ends is told of before the deletion is answered', async () => {
    const cluster = await openCluster(new ScriptedEngine())
    const heard: string[] = []
    cluster.onTopicDeleted(async ({ name, partitions }) => {
      await settle()
      heard.push(`${name} ${partitions.length}`)
    })
    const stop = cluster.onTopicDeleted(() => void heard.push('stopped'))
    cluster.onTopicDeleted(() => {
      throw new Error('A listener is broken.')
    })
    stop()
    const { topicId } = await make(cluster, 'a', 2)
    await cluster.deleteTopics([topicId])
    expect(heard).toEqual(['a 2'])
    expect(cluster.topic('a')).toBeUndefined()
  })

  test('grows, and the old partitions stay', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const small = await make(cluster, 'a', 1)
    await engine.append([{ log: small.partitions[0]!.log, batch }])
    await Promise.all([
      cluster.createPartitions([{ name: 'a', count: 2, assignments: null }]),
      cluster.createPartitions([{ name: 'a', count: 4, assignments: null }]),
    ])
    const grown = cluster.topic('a')!
    expect(grown.partitions.map(({ log }) => log)).toEqual(
      [0, 1, 2, 3].map((index) => logId(small.topicId, index)),
    )
    expect(engine.offsets(grown.partitions[0]!.log)?.logEndOffset).toBe(1)
    expect(engine.offsets(grown.partitions[3]!.log)?.logEndOffset).toBe(0)
  })
})

test('closing waits until the logs have followed what was decided', async () => {
  const engine = new ScriptedEngine()
  const cluster = await openCluster(engine)
  engine.hold()
  const making = make(cluster, 'a', 2)
  await settle()
  const closing = cluster.close()
  engine.release()
  await closing
  expect(cluster.topic('a')).toBe(await making)
  await expect(make(cluster, 'b')).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
})

describe('what is only validated', () => {
  test('changes nothing', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    await make(cluster, 'a')
    const calls = engine.calls.length
    const [would] = await cluster.createTopics([creation('b')], { validateOnly: true })
    expect(made(would).partitions).toHaveLength(1)
    await cluster.createPartitions([{ name: 'a', count: 9, assignments: null }], {
      validateOnly: true,
    })
    expect(cluster.topic('b')).toBeUndefined()
    expect(cluster.topic('a')?.partitions).toHaveLength(1)
    expect(engine.calls).toHaveLength(calls)
  })
})

describe('when the store fails', () => {
  test('a change that cannot be committed is NOT_CONTROLLER and has not happened', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    engine.refuseNext('rejected')
    await expect(make(cluster, 'a')).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
    await settle()
    expect(cluster.topic('a')).toBeUndefined()
    await make(cluster, 'a')
    expect(cluster.topic('a')).toBeDefined()
  })

  test('a change that was stored all the same is seen after the replay', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const { topicId } = await make(cluster, 'old')
    engine.refuseNext('throws')
    await expect(make(cluster, 'a', 2)).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
    await settle()
    expect(cluster.topic('a')?.partitions).toHaveLength(2)
    engine.refuseNext('throws')
    const growth = cluster.createPartitions([{ name: 'a', count: 5, assignments: null }])
    await expect(growth).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
    await settle()
    expect(cluster.topic('a')?.partitions).toHaveLength(5)
    engine.refuseNext('throws')
    await expect(cluster.deleteTopics([topicId])).rejects.toMatchObject({ code: 'NOT_CONTROLLER' })
    await settle()
    expect(cluster.topic('old')).toBeUndefined()
    expect(engine.logs.has(logId(topicId, 0))).toBe(false)
  })

  test('a topic whose logs cannot be made is taken back', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    engine.failCreating(/^a-1$/)
    const [result] = await cluster.createTopics([creation('a', { numPartitions: 2 })])
    expect(result).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    expect([...engine.logs.keys()]).toEqual([clusterLog])
    engine.failCreating(undefined)
    await settle()
    expect(replayed(engine).topics.size).toBe(0)
    expect(await make(cluster, 'a')).toBe(cluster.topic('a'))
  })
})

describe('after a crash', () => {
  test('between commit and creation, the logs are made at the next start', async () => {
    const engine = new ScriptedEngine()
    const { topicId } = await make(await openCluster(engine), 'a', 2)
    for (const index of [0, 1]) engine.logs.delete(logId(topicId, index))
    const cluster = await openCluster(engine)
    for (const partition of cluster.topic('a')!.partitions) {
      expect(cluster.leaderEpoch(partition)).toBe(0)
    }
  })

  test('between the commit of a deletion and its end, the logs are deleted at the next start', async () => {
    const engine = new ScriptedEngine()
    const topic = await make(await openCluster(engine), 'a', 2)
    const logs = topic.partitions.map(({ log }) => engine.logs.get(log)!)
    await engine.append([{ log: topic.partitions[0]!.log, batch }])
    const cluster = await openCluster(engine)
    await cluster.deleteTopics([topic.topicId])
    // As if the crash had come before the deletion of the logs and before it was noted.
    const stored = engine.logs.get(clusterLog)!
    await settle()
    stored.batches = stored.batches.slice(0, -1)
    for (const [index, log] of logs.entries()) engine.logs.set(topic.partitions[index]!.log, log)
    expect(replayed(engine).removedTopicIds).toEqual(new Set([topic.topicId]))
    await openCluster(engine)
    await settle()
    expect([...engine.logs.keys()]).toEqual([clusterLog])
    expect(replayed(engine).removedTopicIds.size).toBe(0)
  })

  test('an empty log that belongs to no topic goes, one with records stays and is spoken of', async () => {
    const engine = new ScriptedEngine()
    const config = {} as LogConfig
    const [empty, full] = ['EmptyStrayLogAAAAAAAAA', 'FullStrayLogAAAAAAAAAA']
    // A cluster that knows nothing at all would not dare to tell which logs are its own.
    const topic = await make(await openCluster(engine), 'a', 1)
    await engine.delete(topic.partitions[0]!.log)
    await engine.create([
      { topic: 'empty', topicId: empty, partitionIndex: 0, config },
      { topic: 'full', topicId: full, partitionIndex: 0, config },
    ])
    await engine.append([{ log: logId(full, 0), batch }])
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const cluster = await openCluster(engine, { log: log as typeof silent })
    expect([...engine.logs.keys()]).toEqual([clusterLog, logId(full, 0), topic.partitions[0]!.log])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"topic":"full"')
    expect(cluster.topic('full')).toBeUndefined()
  })
})

describe('internal topics', () => {
  test("are made when first asked for, as Kafka's are", async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine, { values: { 'default.replication.factor': 3 } })
    expect(cluster.topic('__consumer_offsets')).toBeUndefined()
    const [topic, again] = await Promise.all([
      cluster.internalTopic('__consumer_offsets'),
      cluster.internalTopic('__consumer_offsets'),
    ])
    expect(again).toBe(topic)
    expect(topic.internal).toBe(true)
    expect(topic.partitions).toHaveLength(50)
    expect(topic.overrides).toEqual(
      new Map([
        ['cleanup.policy', 'compact'],
        ['segment.bytes', '104857600'],
        ['compression.type', 'producer'],
      ]),
    )
    expect(engine.logs.get(topic.partitions[49]!.log)?.spec).toMatchObject({
      lazy: true,
      config: { segmentBytes: 104_857_600, cleanupPolicy: { compact: true, delete: false } },
    })
  })

  test('have as many partitions as the broker is told', async () => {
    const values = { 'offsets.topic.num.partitions': 3 }
    const cluster = await openCluster(new ScriptedEngine(), { values })
    expect((await cluster.internalTopic('__consumer_offsets')).partitions).toHaveLength(3)
    expect(made(await cluster.ensureTopic('__transaction_state')).partitions).toHaveLength(50)
  })

  test('that cannot be made are COORDINATOR_NOT_AVAILABLE', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    engine.failCreating(/__consumer_offsets/)
    const asked = cluster.internalTopic('__consumer_offsets')
    await expect(asked).rejects.toMatchObject({ code: 'COORDINATOR_NOT_AVAILABLE' })
    engine.refuseNext('fenced')
    const askedAgain = cluster.internalTopic('__consumer_offsets')
    await expect(askedAgain).rejects.toMatchObject({ code: 'COORDINATOR_NOT_AVAILABLE' })
  })

  test("the cluster's own is seen by nobody", async () => {
    const cluster = await openCluster(new ScriptedEngine())
    expect([...cluster.topics()]).toEqual([])
    expect(cluster.topicById(CLUSTER_TOPIC_ID)).toBeUndefined()
    await expect(cluster.ensureTopic('__odradek_cluster')).resolves.toMatchObject({
      error: 'TOPIC_AUTHORIZATION_FAILED',
    })
  })
})

describe('producer ids', () => {
  test('differ, and come from one block for a thousand', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    const ids = await Promise.all(Array.from({ length: 1500 }, () => cluster.nextProducerId()))
    expect(new Set(ids).size).toBe(1500)
    expect(Math.max(...ids)).toBeLessThan(2000)
    expect(engine.calls).toHaveLength(2)
  })

  test('are never given out again after a crash', async () => {
    const engine = new ScriptedEngine()
    const before = await openCluster(engine)
    const last = Math.max(await before.nextProducerId(), await before.nextProducerId())
    const after = await openCluster(engine)
    expect(await after.nextProducerId()).toBeGreaterThan(last)
  })

  test('wait for their block, and can be asked for again when it failed', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine)
    engine.refuseNext('throws')
    await expect(cluster.nextProducerId()).rejects.toMatchObject({
      code: 'COORDINATOR_LOAD_IN_PROGRESS',
    })
    await settle()
    // The block that failed may have been stored: it is left out.
    await expect(cluster.nextProducerId()).resolves.toBe(1000)
  })
})

describe('the node', () => {
  test('has its id from node.id, and leads what it makes', async () => {
    const engine = new ScriptedEngine()
    const cluster = await openCluster(engine, { values: { 'node.id': 7 } })
    await make(cluster, 'a')
    expect(cluster.nodeId).toBe(7)
    const [partition] = [...replayed(engine).topics.values()][0]!.partitions.values()
    expect(partition?.replicas).toEqual([7])
  })

  test('owns the cluster under a higher epoch after each start', async () => {
    const engine = new ScriptedEngine()
    const first = await openCluster(engine)
    const second = await openCluster(engine)
    expect(second.controllerEpoch).toBeGreaterThan(first.controllerEpoch)
  })
})
