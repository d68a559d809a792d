/** The composition root: makes an engine, the broker's services and its listeners out of a configuration, and ends them in order. */

import type { Broker } from './broker/broker.ts'
import { handlers } from './broker/apis/index.ts'
import { Cluster } from './broker/cluster/cluster.ts'
import type { BrokerConfig } from './broker/config/broker-config.ts'
import { ConnectionLimits } from './broker/config/connection-limits.ts'
import { type ListenerAddress, listenersOf } from './broker/config/listeners.ts'
import { refuseContradictions, refuseUnserved, warningsOf } from './broker/config/start-checks.ts'
import { createDispatcher } from './broker/dispatch.ts'
import { Groups } from './broker/groups/groups.ts'
import { KafkaError } from './broker/kafka-error.ts'
import { LogLimit } from './broker/log-limit.ts'
import { MemoryBudget, memoryLimit } from './broker/memory.ts'
import { Connections } from './broker/network/connections.ts'
import { Listener } from './broker/network/listener.ts'
import { CompactionSchedule } from './broker/partitions/compaction-schedule.ts'
import { Partitions } from './broker/partitions/partitions.ts'
import { RetentionSchedule } from './broker/partitions/retention-schedule.ts'
import { Tracer } from './broker/trace.ts'
import { asBrokerError, type TopicToMake } from './broker-options.ts'
import { BrokerError } from './broker-error.ts'
import { type Clock, keepingAlive } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Random } from './random.ts'
import { SlabPool } from './slab-pool.ts'
import { listenFailure, refuseTaken } from './listen-failure.ts'
import { asFolderError, nodeIdOf, openStore, type Store } from './store.ts'

/** How long connections may take to get their last replies out. */
const DRAIN_MS = 1000

export interface Plan {
  config: BrokerConfig
  /** An absolute path; undefined for memory. */
  folder: string | undefined
  /** What a new folder is to belong to, and one that is there must. */
  clusterId?: string | undefined
  topics: readonly TopicToMake[]
  log: Logger
  clock: Clock
  random: Random
  /** Whether what listens keeps the process alive. */
  keepAlive: boolean
}

interface Services extends Broker {
  readonly connections: Connections
  readonly compaction: CompactionSchedule
  readonly retention: RetentionSchedule
}

/** A broker that listens. */
export class AssembledBroker {
  readonly clusterId: string
  readonly listeners: readonly ListenerAddress[]
  /** Resolves if another process takes the data folder: the broker stops by itself then. */
  readonly lost: Promise<BrokerError>
  private readonly store: Store
  private readonly services: Services
  private readonly open: readonly Listener[]
  private stopped: Promise<void> | undefined

  constructor(store: Store, services: Services, open: readonly Listener[]) {
    this.clusterId = store.clusterId
    this.listeners = open.map(({ name, host, port }) => ({ name, host, port }))
    this.lost = store.lost
    this.store = store
    this.services = services
    this.open = open
  }

  /**
   * Replies go out within a second, then everything is on stable storage. Calling it again waits for the same end.
   * Rejects with BrokerError where the folder could not be closed: it is let go of all the same.
   */
  stop(): Promise<void> {
    this.stopped ??= keepingAlive(() => this.end())
    return this.stopped
  }

  private async end(): Promise<void> {
    const { groups, connections, log } = this.services
    await Promise.all(this.open.map((listener) => listener.close()))
    groups.stop()
    await connections.stop(DRAIN_MS)
    try {
      await close(this.store, this.services)
    } catch (error) {
      throw asFolderError('FOLDER_NOT_CLOSED', this.store.folder, error)
    }
    log.info('stopped')
  }
}

/** Resolves when every listener takes connections and everything is ready to be asked for. Rejects with BrokerError. */
export function startPlanned(plan: Plan): Promise<AssembledBroker> {
  return keepingAlive(() => startAwake(plan))
}

async function startAwake(given: Plan): Promise<AssembledBroker> {
  const config = asBrokerError(() => withNodeOf(given.folder, given.config))
  const plan = { ...given, config }
  const { folder, log } = plan
  asBrokerError(() => refuseUnserved(config))
  asBrokerError(() => refuseContradictions(config))
  const addresses = asBrokerError(() => listenersOf(config))
  for (const warning of warningsOf(config)) log.warn(warning)
  // Before a folder is made and filled for a broker that cannot start.
  if (folder !== undefined) await Promise.all(addresses.map(refuseTaken))
  const slabs = new SlabPool()
  const store = await openStore({ ...plan, slabs })
  let services: Services | undefined
  try {
    services = asBrokerError(() => assemble(plan, store, slabs))
    await services.cluster.open()
    await services.groups.open()
    services.compaction.start()
    services.retention.start()
    await makeTopics(services.cluster, plan.topics)
    const listeners = await listen(addresses, plan, services.connections)
    const broker = new AssembledBroker(store, services, listeners)
    void store.lost.then(() => broker.stop().catch(() => undefined))
    log.info({ listeners: broker.listeners, folder: folder ?? null }, 'started')
    return broker
  } catch (error) {
    await services?.connections.stop(0)
    // Why it did not start is said; that it could not be closed then either adds nothing.
    await close(store, services).catch(() => undefined)
    throw asFolderError('FOLDER_NOT_USABLE', folder, error)
  }
}

/** Where nothing is said of the node's id, it is the one that the folder was made for. */
function withNodeOf(folder: string | undefined, config: BrokerConfig): BrokerConfig {
  if (folder === undefined || config.source('node.id') !== 'default') return config
  const nodeId = nodeIdOf(folder)
  if (nodeId === undefined || nodeId === config.text('node.id')) return config
  return config.over({ kind: 'file', origin: folder, values: { 'node.id': nodeId } })
}

function assemble(
  { config, clock, random, log }: Plan,
  { engine, clusterId, kafkaMetadata }: Store,
  slabs: SlabPool,
): Services {
  const cluster = new Cluster({
    engine,
    config,
    clock,
    random,
    log,
    clusterId,
    ...(kafkaMetadata && { kafkaMetadata }),
  })
  const budget = new MemoryBudget(memoryLimit(config.get('queued.max.request.bytes')), clock)
  const partitions = new Partitions({ engine, cluster, config, budget, clock, random, log })
  const groups = new Groups({ engine, cluster, config, clock, random, log })
  const broker: Broker = { config, cluster, partitions, groups, clock, random, log }
  const limited = new LogLimit(log, clock)
  const connections = new Connections({
    dispatcher: createDispatcher({ handlers, broker, limited }),
    budget,
    clock,
    log: limited,
    tracer: new Tracer(clock, log),
    slabs,
    maxFrameBytes: config.get('socket.request.max.bytes'),
    maxIdleMs: config.get('connections.max.idle.ms'),
    limits: new ConnectionLimits(config),
  })
  const compaction = new CompactionSchedule({ engine, config, clock, log })
  const retention = new RetentionSchedule({ engine, config, clock, log })
  return { ...broker, connections, compaction, retention }
}

async function listen(
  addresses: readonly ListenerAddress[],
  { config, keepAlive }: Plan,
  connections: Connections,
): Promise<Listener[]> {
  const listeners: Listener[] = []
  for (const address of addresses) {
    try {
      const backlog = config.get('socket.listen.backlog.size')
      const listener = await Listener.open({ ...address, backlog }, (socket, name) => {
        if (!keepAlive) socket.unref()
        connections.acceptSocket(socket, name)
      })
      if (!keepAlive) listener.unref()
      listeners.push(listener)
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()))
      throw listenFailure(address, error)
    }
  }
  return listeners
}

/** Those that are there already stay as they are. */
async function makeTopics(cluster: Cluster, topics: readonly TopicToMake[]): Promise<void> {
  const missing = topics.filter(({ name }) => !cluster.topic(name))
  if (missing.length === 0) return
  const creations = missing.map(({ name, partitions, configs }) => {
    return { name, numPartitions: partitions, replicationFactor: -1, assignments: [], configs }
  })
  const made = await cluster.createTopics(creations).catch((error: unknown) => {
    if (!(error instanceof KafkaError)) throw error
    const text = `No topic can be made: ${error.message || error.code}`
    throw new BrokerError('CANNOT_CREATE_TOPIC', text, { cause: error })
  })
  for (const [i, topic] of made.entries()) {
    if (!('error' in topic)) continue
    const reason = topic.message ?? topic.error
    throw new BrokerError('CANNOT_CREATE_TOPIC', `Topic ${missing[i]?.name}: ${reason}`)
  }
}

/** Whatever else fails, the folder is let go of. */
async function close({ engine }: Store, services: Services | undefined): Promise<void> {
  services?.compaction.stop()
  try {
    await services?.retention.close()
    await services?.groups.close()
    await services?.cluster.close()
  } finally {
    await engine.close()
  }
}
