/** Random lives of a fetch session: who merges its increments knows what full fetches say. */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  Asked,
  baseOffsets,
  type FetchReply,
  type Part,
  type Terms,
  write,
} from './fetch-request.ts'
import { batchOfSize, BrokerUnderTest } from './fixture.ts'

const PARTITIONS = 4
const BATCH_BYTES = 200
const RUNS = process.env.ODRADEK_LONG ? 2000 : 150

type FetchedPartition = FetchReply['responses'][number]['partitions'][number]
type Step =
  | { kind: 'write' | 'ask' | 'forget' | 'truncate'; partition: number }
  | { kind: 'seek'; partition: number; offset: number }
  | { kind: 'poll' | 'park' | 'recreate' }

const partition = fc.nat(PARTITIONS - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), partition }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('poll' as const, 'park' as const) }) },
  fc.record({ kind: fc.constantFrom('ask' as const, 'forget' as const), partition }),
  fc.record({ kind: fc.constant('truncate' as const), partition }),
  fc.record({ kind: fc.constant('seek' as const), partition, offset: fc.nat(6) }),
  fc.record({ kind: fc.constant('recreate' as const) }),
)

/** Asks as Java's consumer does: names what has changed, and keeps what it was told. */
class Client {
  private readonly broker: BrokerUnderTest
  private readonly limits: Terms
  private sessionId = 0
  private epoch = 0
  readonly offsets = new Map<number, number>([[0, 0]])
  private readonly changed = new Set<number>([0])
  private readonly forgotten = new Set<number>()
  private readonly known = new Map<number, string>()
  private ids: Record<string, string> = {}

  constructor(broker: BrokerUnderTest, limits: Terms, topicId: string | undefined) {
    this.broker = broker
    this.limits = limits
    if (topicId) this.ids = { topicId }
  }

  seek(partition: number, offset: number): void {
    this.offsets.set(partition, offset)
    this.changed.add(partition)
    this.forgotten.delete(partition)
  }

  forget(partition: number): void {
    if (!this.offsets.has(partition) || this.offsets.size === 1) return
    this.offsets.delete(partition)
    this.changed.delete(partition)
    this.forgotten.add(partition)
  }

  /** Bytes that came. */
  async poll(maxWaitMs: number): Promise<number> {
    const full = await this.askAll()
    const asked = this.ask(maxWaitMs)
    if (maxWaitMs > 0 && (await asked.isParked())) await this.broker.clock.advance(maxWaitMs)
    const reply = await asked.answer
    expect(reply.errorCode).toBe('NONE')
    this.sessionId = reply.sessionId
    this.epoch++
    this.changed.clear()
    // What is forgotten and asked for again before a poll, the session never hears of.
    for (const partition of this.forgotten) this.known.delete(partition)
    this.forgotten.clear()
    return this.take(flat(reply), full)
  }

  async close(): Promise<void> {
    const terms = { ...this.limits, sessionId: this.sessionId, sessionEpoch: -1 }
    await new Asked(this.broker, [], terms).answer
  }

  private ask(maxWaitMs: number): Asked {
    const forgotten = { topic: 't', ...this.ids, partitions: [...this.forgotten] }
    return new Asked(
      this.broker,
      [...this.changed].map((named) => this.part(named)),
      {
        ...this.limits,
        maxWaitMs,
        sessionId: this.sessionId,
        sessionEpoch: this.epoch,
        forgottenTopicsData: this.forgotten.size > 0 && this.epoch > 0 ? [forgotten] : [],
      },
    )
  }

  private part(partition: number): Part {
    return { partition, offset: this.offsets.get(partition)!, ...this.ids }
  }

  private async askAll(): Promise<Map<number, FetchedPartition>> {
    const parts = [...this.offsets.keys()].map((named) => this.part(named))
    const asked = new Asked(this.broker, parts, { version: this.limits.version ?? 12 })
    return new Map(flat(await asked.answer).map((part) => [part.partitionIndex, part]))
  }

  private take(told: FetchedPartition[], full: Map<number, FetchedPartition>): number {
    let bytes = 0
    for (const part of told) {
      const { partitionIndex, records } = part
      expect(this.offsets.has(partitionIndex)).toBe(true)
      this.known.set(partitionIndex, standOf(part))
      const whole = full.get(partitionIndex)!.records!
      expect(records).toEqual(whole.subarray(0, records!.length))
      bytes += records!.length
      const count = baseOffsets(records).length
      if (count > 0) this.seek(partitionIndex, this.offsets.get(partitionIndex)! + count)
    }
    const stands = [...full].map(([index, part]) => [index, standOf(part)] as const)
    expect(Object.fromEntries(this.known)).toEqual(Object.fromEntries(stands))
    const all = [...full.values()].reduce((sum, { records }) => sum + records!.length, 0)
    if (this.limits.maxBytes === undefined) expect(bytes).toBe(all)
    else expect(bytes > 0).toBe(all > 0)
    return bytes
  }
}

function flat({ responses }: FetchReply): FetchedPartition[] {
  return responses.flatMap(({ partitions }) => partitions)
}

/** Where a partition stands. A session tells another error of a topic that is made anew under its id. */
function standOf({ errorCode, highWatermark, logStartOffset }: FetchedPartition): string {
  const error = errorCode === 'INCONSISTENT_TOPIC_ID' ? 'UNKNOWN_TOPIC_ID' : errorCode
  return `${error} ${logStartOffset}..${highWatermark}`
}

async function live(steps: Step[], limits: Terms, isLate: boolean): Promise<void> {
  const broker = await BrokerUnderTest.open()
  broker.engine.readsLater = isLate
  const topic = await broker.topic('t', PARTITIONS)
  const client = new Client(broker, limits, limits.version === 13 ? topic.topicId : undefined)
  for (const step of [...steps, { kind: 'poll' as const }]) await take(step, broker, client)
  // All that is there comes, however little at a time; a poll without records says that it has.
  for (let polls = 0; (await client.poll(0)) > 0; polls++) expect(polls).toBeLessThan(200)
  await client.close()
  expect(broker.engine).toMatchObject({ lentReads: 0, watchers: 0 })
}

async function take(step: Step, broker: BrokerUnderTest, client: Client): Promise<void> {
  const { topicId, partitions } = broker.cluster.topic('t')!
  switch (step.kind) {
    case 'write':
      return write(broker, batchOfSize(BATCH_BYTES), step.partition)
    case 'ask':
      return client.seek(step.partition, client.offsets.get(step.partition) ?? 0)
    case 'seek':
      return client.seek(step.partition, step.offset)
    case 'forget':
      return client.forget(step.partition)
    case 'truncate': {
      const { log } = partitions[step.partition]!
      const { highWatermark } = broker.engine.observed.offsets(log)!
      await broker.engine.observed.truncateBefore(log, highWatermark)
      return
    }
    case 'recreate':
      await broker.cluster.deleteTopics([topicId])
      await broker.topic('t', PARTITIONS)
      return
    case 'poll':
    case 'park':
      await client.poll(step.kind === 'park' ? 100 : 0)
  }
}

it.each<[string, Terms, boolean]>([
  ['by names', { version: 12 }, false],
  ['by topic ids', { version: 13 }, false],
  ['where one batch fits', { version: 12, maxBytes: BATCH_BYTES }, false],
  ['for committed readers, read late', { version: 12, isolationLevel: 1 }, true],
])('increments say what full fetches say: %s', { timeout: 120_000 }, async (_, limits, isLate) => {
  const steps = fc.array(step, { maxLength: 40 })
  const property = fc.asyncProperty(steps, (it) => live(it, limits, isLate))
  await fc.assert(property, { numRuns: RUNS })
})
