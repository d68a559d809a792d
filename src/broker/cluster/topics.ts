/**
 * The topics: making, deleting and growing them.
 *
 * A change is decided and committed in the cluster's shard, then the logs of the topic follow, then everybody sees it,
 * then it is answered. Where the shard had to drop its memory, what is seen is brought into agreement with what it replays.
 */

import type { Logger } from '../../logger.ts'
import type { Random } from '../../random.ts'
import type { LogId, StorageEngine } from '../../storage/engine.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Decision, StateRecord } from '../coordinator/machine.ts'
import type { Shard } from '../coordinator/shard.ts'
import { topicEnd, topicRemoval } from './cluster-records.ts'
import { type ClusterState, configsOf, type TopicState } from './cluster-state.ts'
import { TOPIC_RESOURCE } from '../config/config-resources.ts'
import { controllerStep } from './controller-step.ts'
import { isInternalTopic } from './internal-topics.ts'
import { growthRecords, type PartitionGrowth, planGrowths } from './partition-growth.ts'
import { makeTopic, type Topic } from './topic.ts'
import { TopicCatalog } from './topic-catalog.ts'
import {
  creationRecords,
  MAX_NEW_PARTITIONS,
  partitionsAskedFor,
  planTopic,
  type Refusal,
  TOO_MANY_PARTITIONS,
  type TopicCreation,
} from './topic-creation.ts'
import type { TopicLogs } from './topic-logs.ts'
import { clearStrayLogs, deleteRemovedLogs } from './topic-recovery.ts'

export interface TopicsOptions {
  engine: StorageEngine
  shard: Shard<ClusterState>
  logs: TopicLogs
  config: BrokerConfig
  random: Random
  log: Logger
  nodeIds: ReadonlySet<number>
}

export type TopicDeletedListener = (topic: Topic) => void | Promise<void>

export class Topics {
  /** What everybody sees. */
  readonly catalog = new TopicCatalog()
  private readonly options: TopicsOptions
  private readonly deletionListeners = new Set<TopicDeletedListener>()

  constructor(options: TopicsOptions) {
    this.options = options
  }

  /** Clears what a crash has left, opens the logs of all topics and shows them. */
  async open(): Promise<void> {
    const { engine, shard, logs, log } = this.options
    const { state } = shard
    await deleteRemovedLogs(engine, state)
    for (const topicId of state.removedTopicIds) this.forget(topicId)
    const topics = [...state.topics.values()].map((topic) => topicOf(state, topic))
    await logs.create(topics.flatMap(({ partitions }) => partitions))
    await clearStrayLogs(engine, state, log)
    for (const topic of topics) this.catalog.publish(topic)
  }

  /** Opens the logs that there are of these topics, and nothing else, and shows the topics. */
  async openReadOnly(topics: readonly Topic[], there: ReadonlySet<LogId>): Promise<void> {
    const partitions = topics.flatMap((topic) => topic.partitions)
    await this.options.logs.create(partitions.filter(({ log }) => there.has(log)))
    for (const topic of topics) this.catalog.publish(topic)
  }

  async create(
    creations: readonly TopicCreation[],
    validateOnly: boolean,
  ): Promise<(Topic | Refusal)[]> {
    const { config, random, nodeIds, logs } = this.options
    if (partitionsAskedFor(creations, config) > MAX_NEW_PARTITIONS) {
      return creations.map(() => TOO_MANY_PARTITIONS)
    }
    const asked = creations.map((creation) => ({ creation, topicId: random.uuid() }))
    const plans = await this.step((state) => {
      const planned = asked.map(({ creation, topicId }) => ({
        name: creation.name,
        plan: planTopic(state, creation, topicId, { config, nodeIds }),
      }))
      const records = planned.flatMap(({ plan }) => ('error' in plan ? [] : creationRecords(plan)))
      return { response: planned, records: validateOnly ? [] : records }
    })
    return Promise.all(
      plans.map(async ({ name, plan }) => {
        if ('error' in plan) {
          // Who hears that a topic is there may use it.
          if (plan.error === 'TOPIC_ALREADY_EXISTS') await logs.settled(name)
          return plan
        }
        const { topicId, replicas, overrides } = plan
        const internal = isInternalTopic(name)
        const partitionCount = replicas.length
        const topic = makeTopic({ name, topicId, internal, partitionCount, overrides })
        return validateOnly ? topic : logs.inOrder(name, () => this.openNew(topic))
      }),
    )
  }

  /** Refusals by topic id; the topics of the other ids are gone. */
  async delete(topicIds: readonly string[]): Promise<Map<string, Refusal>> {
    const { deleted, refusals } = await this.step((state) => decideDeletion(state, topicIds))
    await Promise.all(
      deleted.map((topic) => this.options.logs.inOrder(topic.name, () => this.endDeleted(topic))),
    )
    return refusals
  }

  /** A refusal for each, or undefined where the partitions were added. */
  async grow(
    growths: readonly PartitionGrowth[],
    validateOnly: boolean,
  ): Promise<(Refusal | undefined)[]> {
    const { nodeIds, logs } = this.options
    const plans = await this.step((state) => {
      const planned = planGrowths(state, growths, nodeIds).map((plan, index) => ({
        name: growths[index]!.name,
        plan,
      }))
      const records = planned.flatMap(({ plan }) => ('error' in plan ? [] : growthRecords(plan)))
      return { response: planned, records: validateOnly ? [] : records }
    })
    return Promise.all(
      plans.map(async ({ name, plan }) => {
        if ('error' in plan) return plan
        const count = plan.first + plan.replicas.length
        return validateOnly
          ? undefined
          : logs.inOrder(name, () => this.openGrown(plan.topicId, count))
      }),
    )
  }

  /** Resolved: the topic's logs obey these configs, and everybody sees them. */
  alter(name: string, topicId: string, overrides: ReadonlyMap<string, string>): Promise<void> {
    return this.options.logs.inOrder(name, () => this.showAltered(topicId, overrides))
  }

  /** Resolved: the logs of all topics obey what the broker says now where their topics say nothing. */
  async inheritAnew(): Promise<void> {
    const { logs } = this.options
    const topics = [...this.catalog.all()]
    await Promise.all(
      topics.map(({ name, topicId }) => logs.inOrder(name, () => this.configureLogs(topicId))),
    )
  }

  onDeleted(listener: TopicDeletedListener): () => void {
    this.deletionListeners.add(listener)
    return () => void this.deletionListeners.delete(listener)
  }

  /** Resolves when the logs have followed all that was decided. */
  settled(): Promise<void> {
    return this.options.logs.allSettled()
  }

  /** Brings logs and catalog into agreement with a state that was replayed anew. */
  reconcile(state: ClusterState): void {
    const { logs } = this.options
    for (const topic of this.catalog.all()) {
      if (state.topics.has(topic.topicId)) continue
      void logs.inOrder(topic.name, () => this.endDeleted(topic))
    }
    for (const known of state.topics.values()) {
      const topic = topicOf(state, known)
      void logs.inOrder(topic.name, async () => {
        await this.openNew(topic)
        await this.openGrown(topic.topicId, topic.partitions.length)
        await this.showAltered(topic.topicId, topic.overrides)
      })
    }
  }

  private step<Response>(decide: (state: ClusterState) => Decision<Response>): Promise<Response> {
    return controllerStep(this.options.shard, decide)
  }

  /** Never rejects: a topic whose logs cannot be made is taken back. */
  private async openNew(topic: Topic): Promise<Topic | Refusal> {
    const { logs, log } = this.options
    const shown = this.catalog.withId(topic.topicId)
    if (shown) return shown
    try {
      await logs.create(topic.partitions)
    } catch (err) {
      log.error({ err, topic: topic.name }, 'The logs of a new topic could not be made.')
      await this.takeBack(topic)
      return { error: 'KAFKA_STORAGE_ERROR', message: null }
    }
    this.catalog.publish(topic)
    return topic
  }

  private async takeBack(topic: Topic): Promise<void> {
    try {
      await this.options.shard.step((state) => decideDeletion(state, [topic.topicId]))
    } catch {
      // The topic stays known, and its logs are made when the cluster's log is replayed the next time.
      return
    }
    await this.endDeleted(topic)
  }

  private async openGrown(topicId: string, partitionCount: number): Promise<Refusal | undefined> {
    const { logs, log } = this.options
    const shown = this.catalog.withId(topicId)
    if (!shown || shown.partitions.length >= partitionCount) return undefined
    const grown = makeTopic({ ...shown, partitionCount })
    try {
      await logs.create(grown.partitions.slice(shown.partitions.length))
    } catch (err) {
      // The partitions are decided and cannot be taken back; their logs are made at the next start.
      log.error({ err, topic: shown.name }, 'The logs of new partitions could not be made.')
      return { error: 'KAFKA_STORAGE_ERROR', message: null }
    }
    this.catalog.publish(grown)
    return undefined
  }

  private async showAltered(
    topicId: string,
    overrides: ReadonlyMap<string, string>,
  ): Promise<void> {
    const shown = this.catalog.withId(topicId)
    if (!shown || isSame(shown.overrides, overrides)) return
    this.catalog.publish(
      makeTopic({ ...shown, partitionCount: shown.partitions.length, overrides }),
    )
    await this.configureLogs(topicId)
  }

  /** Never rejects: a log that cannot be told now is told when it is opened anew. */
  private async configureLogs(topicId: string): Promise<void> {
    const { logs, log } = this.options
    const topic = this.catalog.withId(topicId)
    if (!topic) return
    try {
      await logs.configure(topic)
    } catch (err) {
      log.error({ err, topic: topic.name }, 'A log could not be told of altered configs.')
    }
  }

  /** Never rejects: logs that cannot be deleted now are deleted at the next start. */
  private async endDeleted(topic: Topic): Promise<void> {
    const { logs, log } = this.options
    const shown = this.catalog.withdraw(topic.topicId)
    const listeners = shown ? [...this.deletionListeners] : []
    const [logsGone, ...heard] = await Promise.allSettled([
      logs.delete(topic),
      ...listeners.map(async (listener) => listener(topic)),
    ])
    for (const outcome of [logsGone, ...heard]) {
      if (outcome.status === 'fulfilled') continue
      const text = 'A deleted topic has left something behind.'
      log.error({ err: outcome.reason, topic: topic.name }, text)
    }
    if (logsGone.status === 'fulfilled') this.forget(topic.topicId)
  }

  /** Notes that a deleted topic's logs are gone. Nobody waits for it: what is not noted is looked at again at the next start. */
  private forget(topicId: string): void {
    const noted = this.options.shard.step((state) => ({
      response: undefined,
      records: state.removedTopicIds.has(topicId) ? [topicEnd(topicId)] : [],
    }))
    noted.catch(() => {})
  }
}

function decideDeletion(
  state: ClusterState,
  topicIds: readonly string[],
): Decision<{ deleted: Topic[]; refusals: Map<string, Refusal> }> {
  const deleted: Topic[] = []
  const refusals = new Map<string, Refusal>()
  const records: StateRecord[] = []
  for (const topicId of new Set(topicIds)) {
    const topic = state.topics.get(topicId)
    if (!topic) {
      refusals.set(topicId, { error: 'UNKNOWN_TOPIC_ID', message: null })
      continue
    }
    deleted.push(topicOf(state, topic))
    const configs = configsOf(state, TOPIC_RESOURCE, topic.name)
    records.push(...topicRemoval(topic, topic.partitions.keys(), configs.keys()))
  }
  return { response: { deleted, refusals }, records }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value)
}

function topicOf(state: ClusterState, { name, topicId, partitions }: TopicState): Topic {
  return makeTopic({
    name,
    topicId,
    internal: isInternalTopic(name),
    partitionCount: partitions.size,
    overrides: new Map(configsOf(state, TOPIC_RESOURCE, name)),
    leaderEpochs: Array.from(
      { length: partitions.size },
      (_, index) => partitions.get(index)?.leaderEpoch ?? 0,
    ),
  })
}
