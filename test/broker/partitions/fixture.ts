/** A broker without a network: topics on the memory engine, whose handlers are asked as a client would ask, through their codecs. */

import { pino } from 'pino'
import type { Broker } from '../../../src/broker/broker.ts'
import { Cluster } from '../../../src/broker/cluster/cluster.ts'
import type { Topic } from '../../../src/broker/cluster/topic.ts'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import type { Groups } from '../../../src/broker/groups/groups.ts'
import type { Client } from '../../../src/broker/client.ts'
import { CLOSE, type Handler } from '../../../src/broker/handler.ts'
import { Request } from '../../../src/broker/network/request.ts'
import { MemoryBudget } from '../../../src/broker/memory.ts'
import { Partitions } from '../../../src/broker/partitions/partitions.ts'
import { ManualClock } from '../../../src/clock.ts'
import { decodeMessage, encodeMessage } from '../../../src/protocol/compile.ts'
import {
  type BatchOptions,
  buildBatch,
  type RecordInput,
} from '../../../src/protocol/records/batch-builder.ts'
import type { Api, RequestInput, ResponseOutput } from '../../../src/protocol/schema.ts'
import { seededRandom } from '../../../src/random.ts'
import type { StorageEngine } from '../../../src/storage/engine.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'

const client: Client = {
  connectionId: 1,
  clientId: 'test',
  host: '127.0.0.1',
  localHost: '127.0.0.1',
  localPort: 9092,
  listenerName: 'PLAINTEXT',
  principal: 'User:ANONYMOUS',
  software: { name: '', version: '' },
}

export class BrokerUnderTest {
  readonly clock: ManualClock
  readonly engine: EngineUnderTest
  readonly cluster: Cluster
  readonly broker: Broker
  /** What `authorized` says no to: `WRITE TOPIC t`. */
  readonly denied = new Set<string>()

  private constructor(
    clock: ManualClock,
    engine: EngineUnderTest,
    cluster: Cluster,
    broker: Broker,
  ) {
    this.clock = clock
    this.engine = engine
    this.cluster = cluster
    this.broker = broker
  }

  static async open(
    settings: Parameters<typeof BrokerConfig.of>[0] = {},
    memory = Infinity,
  ): Promise<BrokerUnderTest> {
    const clock = new ManualClock()
    const random = seededRandom(7)
    const log = pino({ enabled: false })
    const config = BrokerConfig.of(settings)
    const engine = new EngineUnderTest(await openMemoryEngine({ clock, log }))
    const parts = { engine: engine.observed, config, clock, random, log }
    const cluster = new Cluster({ ...parts, clusterId: random.uuid() })
    await cluster.open()
    const budget = new MemoryBudget(memory, clock)
    const partitions = new Partitions({ ...parts, cluster, budget })
    const groups = {} as Groups
    const broker = { config, cluster, partitions, groups, clock, random, log }
    return new BrokerUnderTest(clock, engine, cluster, broker)
  }

  async topic(name: string, partitions = 1, configs: Record<string, string> = {}): Promise<Topic> {
    const creation = {
      name,
      numPartitions: partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    }
    const [made] = await this.cluster.createTopics([creation])
    if (!made || 'error' in made) throw new Error(`The topic could not be made: ${made?.error}`)
    return made
  }

  /** Asks a handler in a version, and reads its answer as that version shows it. */
  async ask<A extends Api>(
    handler: Handler<A>,
    apiVersion: number,
    request: RequestInput<A>,
    cancellation = new Request(Buffer.alloc(0), 0, false, undefined),
  ): Promise<ResponseOutput<A> | undefined | typeof CLOSE> {
    const { api } = handler
    const sent = encodeMessage(api.request, apiVersion, request)
    const context = {
      ...this.broker,
      client,
      apiVersion,
      cancellation,
      authorized: (operation: string, type: string, name: string) =>
        !this.denied.has(`${operation} ${type} ${name}`),
    }
    const reply = await handler.handle(decodeMessage(api.request, apiVersion, sent), context)
    if (reply === undefined) return undefined
    if (reply === CLOSE) return CLOSE
    const answer = encodeMessage(api.response, apiVersion, reply)
    handler.sent?.(reply)
    return decodeMessage(api.response, apiVersion, answer)
  }
}

/** An engine that counts what it has lent and who watches it. */
export class EngineUnderTest {
  readonly observed: StorageEngine
  lentReads = 0
  watchers = 0
  appendCalls = 0
  reads = 0
  /** Reads at a time that did not answer at once, now and the most there have been. */
  readsUnderWay = 0
  mostUnderWay = 0
  /** Set: reads answer later, as they do where memory does not have it all. */
  readsLater = false

  constructor(engine: StorageEngine) {
    const observed: Partial<StorageEngine> = {
      append: (appends, options) => {
        this.appendCalls++
        return engine.append(appends, options)
      },
      read: (wants, limits) => {
        this.reads++
        this.lentReads++
        const result = engine.read(wants, limits)
        const counted = (read: Awaited<typeof result>) => ({
          reads: read.reads,
          release: () => {
            this.lentReads--
            read.release()
          },
        })
        if (result instanceof Promise) return result.then(counted)
        if (!this.readsLater) return counted(result)
        this.mostUnderWay = Math.max(this.mostUnderWay, ++this.readsUnderWay)
        return new Promise((resolve) =>
          setImmediate(() => {
            this.readsUnderWay--
            resolve(counted(result))
          }),
        )
      },
      watch: (log, listener) => {
        this.watchers++
        const stop = engine.watch(log, listener)
        return () => {
          this.watchers--
          stop()
        }
      },
    }
    this.observed = new Proxy(engine, {
      get(target, name) {
        const value: unknown = Reflect.get(observed, name) ?? Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

export function records(...values: string[]): RecordInput[] {
  return values.map((value) => ({
    key: null,
    value: Buffer.from(value),
    timestamp: 1_700_000_000_000,
  }))
}

export function batch(values: string[], options?: BatchOptions): Buffer {
  return buildBatch(records(...values), options).bytes
}

/** A batch of one record that has so many bytes all together. */
export function batchOfSize(bytes: number): Buffer {
  const empty = batch([''])
  const almost = batch(['x'.repeat(bytes - empty.length - 6)])
  const made = batch(['x'.repeat(bytes - empty.length - 6 + (bytes - almost.length))])
  if (made.length !== bytes)
    throw new Error(`A batch of ${made.length} bytes came instead of ${bytes}.`)
  return made
}

/** Lets everything happen that waits for nothing but its turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
