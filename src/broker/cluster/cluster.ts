/**
 * The cluster: its topics with their ids, partitions and configs, its producer ids, and this node as a member of it.
 *
 * What the cluster knows is a shard over a log of its own, which clients do not see.
 */

import type { Logger } from '../../logger.ts'
import type { Clock } from '../../clock.ts'
import type { Random } from '../../random.ts'
import { type LogConfig, logId, type StorageEngine } from '../../storage/engine.ts'
import type { BrokerConfig, BrokerKey } from '../config/broker-config.ts'
import type { GroupConfig } from '../config/group-config.ts'
import { inertTopicSettings } from '../config/inert-settings.ts'
import { TopicConfig, topicDefaultKeys } from '../config/topic-config.ts'
import { Shard } from '../coordinator/shard.ts'
import type { Client } from '../client.ts'
import { KafkaError } from '../kafka-error.ts'
import { LogLimit } from '../log-limit.ts'
import type { Endpoint } from './advertised-endpoint.ts'
import { Alterations } from './alterations.ts'
import { clusterMachine } from './cluster-machine.ts'
import { KEEP_ALL, openState, topicsOf } from './cluster-opening.ts'
import type { ClusterState } from './cluster-state.ts'
import type { ConfigAlteration } from './config-alteration.ts'
import type { StoredResource } from '../config/config-resources.ts'
import {
  CLUSTER_TOPIC,
  CLUSTER_TOPIC_ID,
  internalTopicDefinition,
  type InternalTopicName,
  isInternalTopic,
} from './internal-topics.ts'
import type { KafkaMetadataLog } from './kafka-metadata.ts'
import { refuseUnsecured } from './kept-security.ts'
import { Node } from './node.ts'
import type { PartitionGrowth } from './partition-growth.ts'
import { ProducerIds } from './producer-ids.ts'
import { ResourceConfigs } from './resource-configs.ts'
import type { Partition, Topic } from './topic.ts'
import type { Refusal, TopicCreation } from './topic-creation.ts'
import { clusterLogSpec, TopicLogs } from './topic-logs.ts'
import { type TopicDeletedListener, Topics } from './topics.ts'

export type { Endpoint } from './advertised-endpoint.ts'
export type { ConfigAlteration } from './config-alteration.ts'
export type { InternalTopicName } from './internal-topics.ts'
export type { KafkaMetadataLog } from './kafka-metadata.ts'
export type { PartitionGrowth } from './partition-growth.ts'
export type { Partition, Topic } from './topic.ts'
export type { Refusal, TopicCreation } from './topic-creation.ts'

export interface ClusterOptions {
  engine: StorageEngine
  config: BrokerConfig
  clock: Clock
  random: Random
  log: Logger
  /** Stable for a data folder: 22 characters of base64url. */
  clusterId: string
  /** Reads what Kafka has left of its cluster in the store; throws StorageError where that cannot be read. */
  kafkaMetadata?: () => KafkaMetadataLog | undefined
}

export interface Quorum {
  leaderId: number
  leaderEpoch: number
  highWatermark: number
  logEndOffset: number
}

const clusterLog = logId(CLUSTER_TOPIC_ID, 0)

export class Cluster {
  readonly clusterId: string
  readonly node: Node
  private readonly options: ClusterOptions
  private readonly shard: Shard<ClusterState>
  private readonly known: Topics
  private readonly producerIds: ProducerIds
  private readonly resources: ResourceConfigs
  private readonly alterations: Alterations
  /** As long as no value of the broker changes that topics inherit. */
  private topicConfigs = new WeakMap<Topic, TopicConfig>()
  private readonly limited: LogLimit
  private readOnlyText: string | undefined

  /** Throws ConfigError when the node's addresses cannot be read. Nothing is served before `open`. */
  constructor(options: ClusterOptions) {
    const { engine, clock, config, random, log } = options
    this.options = options
    this.clusterId = options.clusterId
    this.limited = new LogLimit(log, clock)
    this.node = new Node(config)
    const shard = new Shard({
      engine,
      clock,
      machine: clusterMachine,
      log: clusterLog,
      name: CLUSTER_TOPIC,
      logger: log,
      maxBatchBytes: () => clusterLogSpec.config.segmentBytes,
      onReset: (state) => {
        void this.inheritAnew(this.resources.load(state))
        this.known.reconcile(state)
      },
    })
    const logs = new TopicLogs(engine, (topic) => this.logConfig(topic))
    const nodeIds = new Set([this.node.id])
    this.shard = shard
    this.known = new Topics({ engine, shard, logs, config, random, log, nodeIds })
    this.producerIds = new ProducerIds(this.node.id, shard)
    this.resources = new ResourceConfigs(this.node.id, config)
    this.alterations = new Alterations({
      shard,
      topics: this.known,
      resources: this.resources,
      config,
      log: this.limited,
      onChange: (keys) => this.inheritAnew(keys),
    })
  }

  get nodeId(): number {
    return this.node.id
  }

  /** Rises each time that a broker becomes the owner of the cluster's state. */
  get controllerEpoch(): number {
    return this.shard.epoch
  }

  /** The one replica of the cluster's log: its leader, and how far it has come. */
  quorum(): Quorum {
    const offsets = this.options.engine.offsets(clusterLog)
    return {
      leaderId: this.nodeId,
      leaderEpoch: this.controllerEpoch,
      highWatermark: offsets?.highWatermark ?? -1,
      logEndOffset: offsets?.logEndOffset ?? -1,
    }
  }

  /** Why nothing can be changed and nothing be written; undefined where all is as it should be. */
  get readOnly(): string | undefined {
    return this.readOnlyText
  }

  /** Replays what the cluster knows, or takes it over from Kafka, and opens the logs of all topics. */
  async open(): Promise<void> {
    const { engine, config, log, kafkaMetadata } = this.options
    // A folder that was another's, and that cannot be served, stays as it is.
    const lazy = (await engine.list()).length > 0
    await engine.create([{ ...clusterLogSpec, lazy }])
    await this.shard.open()
    const { shard, nodeId } = this
    const readOnly = await openState({ engine, shard, log, nodeId, config, kafkaMetadata })
    if (readOnly) {
      this.readOnlyText = readOnly.text
      shard.refuse(new KafkaError('POLICY_VIOLATION', readOnly.text))
      const there = new Set(readOnly.specs.map((spec) => logId(spec.topicId, spec.partitionIndex)))
      await this.known.openReadOnly(topicsOf(readOnly.specs), there)
      return
    }
    refuseUnsecured(shard.state, config, log)
    this.resources.load(this.shard.state)
    this.alterations.tellKept()
    await this.known.open()
  }

  /** Takes no more changes; resolves when those under way are done. */
  async close(): Promise<void> {
    await this.shard.close()
    await this.known.settled()
  }

  topic(name: string): Topic | undefined {
    return this.known.catalog.named(name)
  }

  topicById(topicId: string): Topic | undefined {
    return this.known.catalog.withId(topicId)
  }

  /** All topics, those of coordinators too. */
  topics(): Iterable<Topic> {
    return this.known.catalog.all()
  }

  /** The leader epoch under which this node leads the partition; undefined when its log is not to be had. */
  leaderEpoch(partition: Partition): number | undefined {
    return this.options.engine.offsets(partition.log)?.leaderEpoch
  }

  /** Its configs now, also where the topic is known from before they were altered. */
  topicConfig(topic: Topic): TopicConfig {
    const present = this.topicById(topic.topicId) ?? topic
    let config = this.topicConfigs.get(present)
    if (!config) {
      config = new TopicConfig(present.overrides, this.options.config)
      this.topicConfigs.set(present, config)
    }
    return config
  }

  logConfig(topic: Topic): LogConfig {
    const config = this.topicConfig(topic).logConfig()
    return this.readOnly === undefined ? config : { ...config, ...KEEP_ALL }
  }

  /** What the group's configs are, whether or not the group is there. */
  groupConfig(groupId: string): GroupConfig {
    return this.resources.group(groupId)
  }

  /** What is set for a broker, group or client metrics subscription. */
  configsOf(kind: StoredResource, name: string): ReadonlyMap<string, string> {
    return this.resources.of(kind, name)
  }

  /** The brokers, groups or client metrics subscriptions for which something is set. */
  namesWithConfigs(kind: StoredResource): string[] {
    return this.resources.names(kind)
  }

  /**
   * Alters the configs of resources that differ from one another, each as a whole or not at all. Resolved: what was
   * altered survives a crash and is in effect; there is a refusal for each of the others. `validateOnly` alters nothing.
   */
  alterConfigs(
    alterations: readonly ConfigAlteration[],
    { validateOnly = false }: { validateOnly?: boolean } = {},
  ): Promise<(Refusal | undefined)[]> {
    return this.alterations.alter(alterations, validateOnly)
  }

  /** Where this client is to connect to reach this node. */
  advertised(client: Client): Endpoint {
    return this.node.advertised(client)
  }

  /** An id that no producer has had before. */
  nextProducerId(): Promise<number> {
    return this.producerIds.next()
  }

  /** The deletion is answered when the listener's promise is settled. Returns how to stop listening. */
  onTopicDeleted(listener: TopicDeletedListener): () => void {
    return this.known.onDeleted(listener)
  }

  /**
   * Makes topics whose names differ from one another. Resolved: those that were made take records; with `validateOnly`
   * the topics are those that would have been made. Rejects with NOT_CONTROLLER when nothing can be decided now.
   */
  async createTopics(
    creations: readonly TopicCreation[],
    { validateOnly = false }: { validateOnly?: boolean } = {},
  ): Promise<(Topic | Refusal)[]> {
    const made = await this.known.create(creations, validateOnly)
    if (!validateOnly) for (const topic of made) if (!('error' in topic)) this.tellInert(topic)
    return made
  }

  /** Deletes topics with all their records. The answer has the refusals by topic id; the others are gone. */
  deleteTopics(topicIds: readonly string[]): Promise<Map<string, Refusal>> {
    return this.known.delete(topicIds)
  }

  /** Adds partitions to topics whose names differ from one another: undefined where that was done, and they take records. */
  createPartitions(
    growths: readonly PartitionGrowth[],
    { validateOnly = false }: { validateOnly?: boolean } = {},
  ): Promise<(Refusal | undefined)[]> {
    return this.known.grow(growths, validateOnly)
  }

  /** The topic of this name, made with the broker's defaults where there is none. */
  async ensureTopic(name: string): Promise<Topic | Refusal> {
    const there = this.topic(name)
    if (there) return there
    const [made] = await this.createTopics([this.defaultCreation(name)])
    // Somebody else has made it meanwhile.
    if (made && 'error' in made && made.error === 'TOPIC_ALREADY_EXISTS') {
      return this.topic(name) ?? made
    }
    return made ?? { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: null }
  }

  /** Rejects with COORDINATOR_NOT_AVAILABLE when the topic is not there and cannot be made now, with POLICY_VIOLATION when it may not be written to. */
  async internalTopic(name: InternalTopicName): Promise<Topic> {
    if (this.readOnly !== undefined) throw new KafkaError('POLICY_VIOLATION', this.readOnly)
    let cause: unknown
    try {
      const topic = await this.ensureTopic(name)
      if (!('error' in topic)) return topic
      cause = new KafkaError(topic.error, topic.message ?? '')
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      cause = error
    }
    throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `${name} cannot be made now.`, { cause })
  }

  /** The logs of all topics follow values of the broker that topics inherit. */
  private async inheritAnew(keys: ReadonlySet<BrokerKey>): Promise<void> {
    if (![...keys].some((key) => topicDefaultKeys.has(key))) return
    this.topicConfigs = new WeakMap()
    await this.known.inheritAnew()
  }

  /** Whoever makes a topic hears nothing of configs that do nothing: the log does. */
  private tellInert({ name, internal, overrides }: Topic): void {
    const inert = internal ? [] : inertTopicSettings(overrides, this.options.config)
    if (inert.length === 0) return
    const text = 'A topic has configs that are accepted, without effect here.'
    this.limited.warn('inert topic configs', { topic: name, configs: inert.join(', ') }, text)
  }

  private defaultCreation(name: string): TopicCreation {
    const creation = { name, replicationFactor: -1, assignments: [] }
    if (!isInternalTopic(name)) return { ...creation, numPartitions: -1, configs: [] }
    const { partitionCount, configs } = internalTopicDefinition(name, this.options.config)
    return {
      ...creation,
      numPartitions: partitionCount,
      replicationFactor: 1,
      configs: Array.from(configs, ([key, value]) => ({ name: key, value })),
    }
  }
}
