/** A whole broker in process, without sockets: handlers are asked with objects that go through the codecs of their version. */

import type { Broker } from '../../src/broker/broker.ts'
import { Cluster, type KafkaMetadataLog } from '../../src/broker/cluster/cluster.ts'
import { BrokerConfig } from '../../src/broker/config/broker-config.ts'
import { Groups } from '../../src/broker/groups/groups.ts'
import type { Cancellation } from '../../src/broker/cancellation.ts'
import type { Client } from '../../src/broker/client.ts'
import { CLOSE, type Context, type Handler } from '../../src/broker/handler.ts'
import { KafkaError } from '../../src/broker/kafka-error.ts'
import { MemoryBudget } from '../../src/broker/memory.ts'
import { Partitions } from '../../src/broker/partitions/partitions.ts'
import { ManualClock } from '../../src/clock.ts'
import { type Logger, silentLogger } from '../../src/logger.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../src/protocol/compile.ts'
import { Reader } from '../../src/protocol/reader.ts'
import type { Api, RequestInput, ResponseOf, ResponseOutput } from '../../src/protocol/schema.ts'
import { hasVersion, parseVersions } from '../../src/protocol/versions.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { seededRandom } from '../../src/random.ts'
import type { StorageEngine } from '../../src/storage/engine.ts'
import { openMemoryEngine } from '../../src/storage/memory/memory-engine.ts'

export const CLUSTER_ID = 'OdradekTestClusterAAAA'

export interface FixtureOptions {
  engine: StorageEngine
  /** Values over Kafka's defaults, by key. */
  values?: Parameters<typeof BrokerConfig.of>[0]
  clock?: ManualClock
  seed?: number
  log?: Logger
  /** What Kafka has left beside the logs. */
  kafkaMetadata?: () => KafkaMetadataLog | undefined
}

export interface Question {
  version: number
  client?: Partial<Client>
  authorized?: Context['authorized']
  cancellation?: Cancellation
}

export const silent: Logger = silentLogger

/** Never cancelled. */
const patient: Cancellation = { cancelled: false, onCancel: () => () => {} }

export function makeClient(facts: Partial<Client> = {}): Client {
  return {
    connectionId: 1,
    clientId: 'test',
    host: '127.0.0.1',
    localHost: '127.0.0.1',
    localPort: 9092,
    listenerName: 'PLAINTEXT',
    principal: 'User:ANONYMOUS',
    software: { name: '', version: '' },
    ...facts,
  }
}

export class BrokerFixture {
  readonly engine: StorageEngine
  readonly clock: ManualClock
  readonly broker: Broker

  constructor(options: FixtureOptions) {
    const { engine, values = {}, clock, seed = 1, log = silent, kafkaMetadata } = options
    this.engine = engine
    this.clock = clock ?? new ManualClock()
    const config = BrokerConfig.of(values)
    const random = seededRandom(seed)
    const shared = { engine, config, clock: this.clock, random, log }
    const left = kafkaMetadata && { kafkaMetadata }
    const cluster = new Cluster({ ...shared, ...left, clusterId: CLUSTER_ID })
    const budget = new MemoryBudget(Infinity, this.clock)
    const partitions = new Partitions({ ...shared, cluster, budget })
    const groups = new Groups({ ...shared, cluster })
    this.broker = { config, cluster, partitions, groups, clock: this.clock, random, log }
  }

  get cluster(): Cluster {
    return this.broker.cluster
  }

  async open(): Promise<this> {
    await this.cluster.open()
    await this.broker.groups.open()
    return this
  }

  async close(): Promise<void> {
    await this.broker.groups.close()
    await this.cluster.close()
  }

  context({ version, client, authorized, cancellation }: Question): Context {
    return {
      ...this.broker,
      client: makeClient(client),
      apiVersion: version,
      cancellation: cancellation ?? patient,
      authorized: authorized ?? (() => true),
    }
  }

  /** The answer as a client of this version would read it. */
  async ask<A extends Api>(
    handler: Handler<A>,
    request: RequestInput<A>,
    question: Question,
  ): Promise<ResponseOutput<A>> {
    const { api } = handler
    const { version } = question
    if (!hasVersion(parseVersions(handler.versions), version)) {
      throw new RangeError(`${api.name} v${version} is not served.`)
    }
    const sent = new Writer()
    encodeRequest(api, version, sent, request)
    const response = await this.handle(
      handler,
      decodeRequest(api, version, new Reader(sent.copy())),
      question,
    )
    const answered = new Writer()
    encodeResponse(api, version, answered, response)
    const received = decodeResponse(api, version, new Reader(answered.copy()))
    handler.sent?.(response)
    return received
  }

  private async handle<A extends Api>(
    handler: Handler<A>,
    request: Parameters<Handler<A>['handle']>[0],
    question: Question,
  ): Promise<ResponseOf<A>> {
    try {
      const reply = await handler.handle(request, this.context(question))
      if (reply === undefined || reply === CLOSE) throw new TypeError('There is no reply.')
      return reply
    } catch (error) {
      if (error instanceof KafkaError) return handler.fail(request, error.code, error.message)
      throw error
    }
  }
}

/** A fixture that is open: over a new memory engine, or one that is given; over the same engine again it is a restart. */
export async function openBroker(options: Partial<FixtureOptions> = {}): Promise<BrokerFixture> {
  const { clock = new ManualClock() } = options
  const engine = options.engine ?? (await openMemoryEngine({ clock, random: seededRandom(1) }))
  return new BrokerFixture({ ...options, clock, engine }).open()
}
