import { describe, expect, test } from 'vitest'
import type { Topic } from '../../../src/broker/cluster/cluster.ts'
import { ManualClock } from '../../../src/clock.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { seededRandom } from '../../../src/random.ts'
import { openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { BrokerFixture } from '../fixture.ts'

/** A broker whose disk a test can kill or cut the power of. */
class Machine {
  readonly clock = new ManualClock()
  disk = new MemoryDisk({ clock: this.clock })
  private starts = 0

  async start(values: ConstructorParameters<typeof BrokerFixture>[0]['values'] = {}) {
    const { clock, disk } = this
    const random = seededRandom(++this.starts)
    const engine = await openFileEngine({ disk, directory: '/data', clock, random })
    const fixture = new BrokerFixture({ engine, clock, seed: this.starts, values: values ?? {} })
    return fixture.open()
  }
}

type Stop = (machine: Machine, broker: BrokerFixture) => Promise<void>

const stops: [string, Stop][] = [
  [
    'a clean stop',
    async (_machine, broker) => {
      await broker.close()
      await broker.engine.close()
    },
  ],
  [
    'a kill',
    async (machine) => {
      machine.disk = machine.disk.kill()
    },
  ],
  [
    'a power cut',
    async (machine) => {
      machine.disk = machine.disk.powerCut(seededRandom(7))
    },
  ],
]

const batch = buildBatch([{ key: null, value: Buffer.from('v'), timestamp: 1 }])

async function make(broker: BrokerFixture, name: string, partitions: number): Promise<Topic> {
  const [topic] = await broker.cluster.createTopics([
    {
      name,
      numPartitions: partitions,
      replicationFactor: -1,
      assignments: [],
      configs: [{ name: 'retention.ms', value: '123456' }],
    },
  ])
  if (!topic || 'error' in topic) throw new Error(JSON.stringify(topic))
  return topic
}

const facts = ({ name, topicId, partitions, overrides }: Topic) => ({
  name,
  topicId,
  partitions: partitions.length,
  overrides,
})

describe.each(stops)('after %s', (_what, stop) => {
  test('topics are there, with ids, partitions and configs, and take records', async () => {
    const machine = new Machine()
    const before = await machine.start()
    const topics = [await make(before, 'a', 3), await make(before, 'b.c', 1)]
    await before.cluster.createPartitions([{ name: 'b.c', count: 2, assignments: null }])
    const offsets = await before.cluster.internalTopic('__consumer_offsets')
    const expected = [topics[0]!, before.cluster.topic('b.c')!, offsets].map(facts)
    await stop(machine, before)
    const after = await machine.start()
    expect([...after.cluster.topics()].map(facts)).toEqual(expected)
    for (const { log } of after.cluster.topic('b.c')!.partitions) {
      const [outcome] = await after.engine.append([{ log, batch }])
      expect(outcome).toMatchObject({ kind: 'appended', baseOffset: 0 })
    }
  })

  test('altered configs are there, and those that were deleted are not', async () => {
    const machine = new Machine()
    const before = await machine.start()
    await make(before, 'a', 1)
    const alter = (resourceType: 2 | 4 | 32, resourceName: string, name: string, value?: string) =>
      before.cluster.alterConfigs([
        {
          resourceType,
          resourceName,
          operations: [{ name, kind: value === undefined ? 'DELETE' : 'SET', value: value ?? '' }],
          replacesAll: false,
        },
      ])
    await alter(2, 'a', 'segment.bytes', '2000000')
    await alter(2, 'a', 'retention.ms')
    await alter(4, '1', 'message.max.bytes', '3000')
    await alter(4, '', 'log.roll.ms', '4000')
    await alter(4, '', 'log.roll.ms')
    await alter(32, 'g', 'consumer.session.timeout.ms', '50000')
    await stop(machine, before)
    const { broker, cluster } = await machine.start()
    expect(cluster.topic('a')?.overrides).toEqual(new Map([['segment.bytes', '2000000']]))
    expect(broker.config.altered).toEqual({
      ofBroker: new Map([['message.max.bytes', '3000']]),
      ofCluster: new Map(),
    })
    expect(cluster.groupConfig('g').get('consumer.session.timeout.ms')).toBe(50_000)
  })

  test('deleted topics are gone, and one made again is another one', async () => {
    const machine = new Machine()
    const before = await machine.start()
    const first = await make(before, 'a', 2)
    await before.engine.append([{ log: first.partitions[0]!.log, batch }])
    await before.cluster.deleteTopics([first.topicId])
    const second = await make(before, 'a', 1)
    await make(before, 'gone', 1)
    await before.cluster.deleteTopics([before.cluster.topic('gone')!.topicId])
    await stop(machine, before)
    const { cluster, engine } = await machine.start()
    expect([...cluster.topics()].map(facts)).toEqual([facts(second)])
    expect(engine.offsets(second.partitions[0]!.log)?.logEndOffset).toBe(0)
    const stored = new Set((await engine.list()).map(({ topic }) => topic))
    expect(stored).toEqual(new Set(['__odradek_cluster', 'a']))
  })

  test('no producer id is given out again', async () => {
    const machine = new Machine()
    const ids = new Set<number>()
    for (let start = 0; start < 3; start++) {
      const broker = await machine.start()
      for (let i = 0; i < 5; i++) ids.add(await broker.cluster.nextProducerId())
      await stop(machine, broker)
    }
    expect(ids.size).toBe(15)
  })
})

test('a deletion that a crash has interrupted is ended at the next start', async () => {
  const machine = new Machine()
  const before = await machine.start()
  const { topicId, partitions } = await make(before, 'a', 2)
  await before.engine.append([{ log: partitions[0]!.log, batch }])
  // The folders cannot be renamed, so the logs stay when the deletion is committed.
  machine.disk.fault = (verb) => (verb === 'rename' ? 'EIO' : undefined)
  await before.cluster.deleteTopics([topicId])
  expect(before.cluster.topic('a')).toBeUndefined()
  machine.disk.fault = undefined
  machine.disk = machine.disk.kill()
  const { cluster, engine } = await machine.start()
  expect([...cluster.topics()]).toEqual([])
  expect((await engine.list()).map(({ topic }) => topic)).toEqual(['__odradek_cluster'])
})
