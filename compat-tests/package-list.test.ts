/**
 * Real input: Debian's list of packages, a record for each package, key = package name. kcat produces it into six
 * partitions and a kafkajs group of three reads it; then kafkajs sends it gzip-compressed and kcat reads it.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CompressionTypes, type Consumer, type Kafka } from 'kafkajs'
import { BrokerProcess } from './harness/broker-process.ts'
import { kafkajs, until } from './harness/kafkajs-client.ts'
import { installed, kcat, run } from './harness/programs.ts'

/** Between key and value, and after a record: bytes that no package's text contains. */
const KEY_END = '\x01'
const RECORD_END = '\x02'

async function packageList(): Promise<Map<string, string>> {
  const { stdout } = await run('apt-cache', ['dumpavail'], { timeoutMs: 60_000 })
  const records = new Map<string, string>()
  for (const text of stdout.split('\n\n')) {
    const name = /^Package: (.+)$/m.exec(text)?.[1]
    if (name) records.set(name, text)
  }
  return records
}

describe.skipIf(!installed('kcat') || !installed('apt-cache'))('the package list', () => {
  let broker: BrokerProcess
  let kafka: Kafka
  let records: Map<string, string>

  beforeAll(async () => {
    records = await packageList()
    broker = await BrokerProcess.start({
      engine: 'file',
      flags: ['--topic', 'by-kcat:6', '--topic', 'by-kafkajs:6'],
    })
    kafka = kafkajs(broker.bootstrap)
  })
  afterAll(() => broker?.dispose())

  /** A member of a group, and how many partitions of the topic it has now. */
  async function startMember(
    groupId: string,
    topic: string,
    take: (partition: number, key: string, value: string) => void,
  ): Promise<{ consumer: Consumer; assigned: () => number }> {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 100 })
    let assigned = 0
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      assigned = payload.memberAssignment[topic]?.length ?? 0
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ partition, message }) =>
        take(partition, message.key!.toString(), message.value!.toString()),
    })
    return { consumer, assigned: () => assigned }
  }

  it('has tens of thousands of records', () => {
    expect(records.size).toBeGreaterThan(10_000)
  })

  it('goes from kcat to a kafkajs group of three without a record lost, changed, doubled or out of order', async () => {
    const order = new Map([...records.keys()].map((name, i) => [name, i]))
    const received = new Map<string, string>()
    const lastInPartition = new Map<number, number>()
    const partitionsOf = [0, 1, 2].map(() => new Set<number>())
    let total = 0
    let disorder = 0
    const members = await Promise.all(
      partitionsOf.map((partitions) =>
        startMember('package-readers', 'by-kcat', (partition, name, value) => {
          const position = order.get(name)!
          if (position <= (lastInPartition.get(partition) ?? -1)) disorder++
          lastInPartition.set(partition, position)
          received.set(name, value)
          partitions.add(partition)
          total++
        }),
      ),
    )
    await until('two partitions for each member', () =>
      members.every(({ assigned }) => assigned() === 2),
    )
    const text = [...records].map(([name, value]) => name + KEY_END + value).join(RECORD_END)
    await kcat(
      broker.bootstrap,
      ['-P', '-t', 'by-kcat', '-K', KEY_END, '-D', RECORD_END, '-X', 'enable.idempotence=true'],
      { input: text, timeoutMs: 120_000 },
    )
    await until('every package', () => received.size === records.size, 120_000)
    await Promise.all(members.map(({ consumer }) => consumer.disconnect()))
    expect(received).toEqual(records)
    expect(disorder).toBe(0)
    expect(total).toBe(records.size)
    expect(partitionsOf.map(({ size }) => size)).toEqual([2, 2, 2])
    expect(new Set(partitionsOf.flatMap((set) => [...set])).size).toBe(6)
  })

  it('goes from kafkajs, gzip-compressed, to kcat', async () => {
    const producer = kafka.producer({ idempotent: true })
    await producer.connect()
    const all = [...records].map(([key, value]) => ({ key, value }))
    for (let i = 0; i < all.length; i += 2000) {
      await producer.send({
        topic: 'by-kafkajs',
        compression: CompressionTypes.GZIP,
        messages: all.slice(i, i + 2000),
      })
    }
    await producer.disconnect()
    const text = await kcat(
      broker.bootstrap,
      ['-C', '-t', 'by-kafkajs', '-e', '-q', '-K', KEY_END, '-D', RECORD_END],
      { timeoutMs: 120_000 },
    )
    const received = text
      .split(RECORD_END)
      .filter((record) => record !== '')
      .map((record) => record.split(KEY_END) as [string, string])
    expect(received).toHaveLength(records.size)
    expect(new Map(received)).toEqual(records)
  })
})
