/** kill -9 during a running load, again and again: what was acknowledged is there after the restart, in order, once. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Kafka, Producer } from 'kafkajs'
import { seededRandom } from '../src/random.ts'
import { BrokerProcess } from './harness/broker-process.ts'
import { kafkajs, until } from './harness/kafkajs-client.ts'

const KILLS = 20
const PARTITIONS = 3
const firstSeed = Number(process.env['ODRADEK_SEED'] ?? 20_261_124)

interface Acknowledged {
  value: string
  partition: number
  offset: number
}

/** Sends numbered messages one after another into each partition until told to stop; keeps what was acknowledged. */
class Load {
  readonly acknowledged: Acknowledged[] = []
  private stopped = false
  private readonly done: Promise<void[]>

  constructor(producer: Producer, topic: string, prefix: string) {
    this.done = Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        this.fill(producer, topic, partition, prefix),
      ),
    )
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.done
  }

  private async fill(
    producer: Producer,
    topic: string,
    partition: number,
    prefix: string,
  ): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const value = `${prefix}-${partition}-${i}`
      try {
        const [result] = await producer.send({ topic, messages: [{ value, partition }] })
        this.acknowledged.push({ value, partition, offset: Number(result!.baseOffset) })
      } catch {
        // The broker was killed and this message gave up: it was not acknowledged, and may or may not be there.
      }
    }
  }
}

describe.each([
  ['a plain producer', false],
  ['an idempotent producer', true],
])('kill -9 under %s', (_, idempotent) => {
  let broker: BrokerProcess
  let kafka: Kafka

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file', flags: ['--topic', `load:${PARTITIONS}`] })
    kafka = kafkajs(broker.bootstrap)
  })
  afterAll(() => broker?.dispose())

  it(`loses nothing that was acknowledged, ${KILLS / 2} times`, { timeout: 180_000 }, async () => {
    const acknowledged: Acknowledged[] = []
    const startsMs: number[] = []
    for (let round = 0; round < KILLS / 2; round++) {
      const seed = firstSeed + round
      const random = seededRandom(seed)
      const producer = kafka.producer({ idempotent, retry: { initialRetryTime: 20, retries: 30 } })
      await producer.connect()
      const load = new Load(producer, 'load', `round${round}`)
      const runForMs = 50 + random.below(400)
      await new Promise((resolve) => setTimeout(resolve, runForMs))
      await broker.kill()
      startsMs.push(await broker.start())
      const beforeKill = load.acknowledged.length
      await until('acknowledged again', () => load.acknowledged.length > beforeKill + 10)
      await load.stop()
      await producer.disconnect()
      acknowledged.push(...load.acknowledged)
      console.log(
        `seed ${seed}: killed after ${runForMs} ms, listening again after ${Math.round(startsMs.at(-1)!)} ms, ` +
          `${load.acknowledged.length} acknowledged`,
      )
    }
    const stored = await readAll(kafka, PARTITIONS)
    for (const { value, partition, offset } of acknowledged) {
      expect(stored[partition]!.get(offset), `offset ${offset} of partition ${partition}`).toBe(
        value,
      )
    }
    for (const values of stored) expectInOrder([...values.values()], idempotent)
    console.log(
      `starts: median ${startsMs.toSorted((a, b) => a - b)[startsMs.length >> 1]!.toFixed(0)} ms`,
    )
  })
})

/** Each partition's values by offset. */
async function readAll(kafka: Kafka, partitions: number): Promise<Map<number, string>[]> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets('load')
  await admin.disconnect()
  const total = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const stored = Array.from({ length: partitions }, () => new Map<number, string>())
  const consumer = kafka.consumer({ groupId: `readers-${Math.random()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'load', fromBeginning: true })
  let count = 0
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      stored[partition]!.set(Number(message.offset), message.value!.toString())
      count++
    },
  })
  await until(`${total} stored messages`, () => count >= total, 60_000)
  await consumer.disconnect()
  return stored
}

/** Within a round the numbers of a partition rise; an idempotent producer's also never repeat. */
function expectInOrder(values: string[], once: boolean): void {
  let last: { round: string; number: number } | undefined
  for (const value of values) {
    const [round, , number] = value.split('-') as [string, string, string]
    if (last?.round === round) {
      if (once) expect(Number(number), value).toBeGreaterThan(last.number)
      else expect(Number(number), value).toBeGreaterThanOrEqual(last.number)
    }
    last = { round, number: Number(number) }
  }
  if (once) expect(new Set(values).size).toBe(values.length)
}
