/** The logs of topics follow what was decided about them: per topic name in the order of the decisions, one after the other. */

import {
  defaultLogConfig,
  type LogConfig,
  type LogSpec,
  type StorageEngine,
} from '../../storage/engine.ts'
import { CLUSTER_TOPIC, CLUSTER_TOPIC_ID } from './internal-topics.ts'
import type { Partition, Topic } from './topic.ts'

const MIB = 1024 * 1024

/**
 * Rarely written, and on stable storage before anybody hears of a change. It is kept short by its shard, which appends its whole
 * state anew, and not by the cleaner: a partition's record means nothing before its topic's, and of a state that a crash has cut
 * off the cleaner would leave the one behind the other.
 */
const CLUSTER_LOG_CONFIG: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 64 * MIB,
  flushMessages: 1,
  retentionMs: -1,
  cleanupPolicy: { delete: false, compact: false },
}

export const clusterLogSpec: LogSpec = {
  topic: CLUSTER_TOPIC,
  topicId: CLUSTER_TOPIC_ID,
  partitionIndex: 0,
  config: CLUSTER_LOG_CONFIG,
}

export class TopicLogs {
  private readonly engine: StorageEngine
  private readonly configOf: (topic: Topic) => LogConfig
  /** What is still to be done, by topic name. */
  private readonly works = new Map<string, Promise<unknown>>()

  constructor(engine: StorageEngine, configOf: (topic: Topic) => LogConfig) {
    this.engine = engine
    this.configOf = configOf
  }

  /** Starts the work when all earlier work on topics of this name has ended, well or not. */
  inOrder<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.works.get(name) ?? Promise.resolve()
    const result = before.then(work)
    const ended = result.then(nothing, nothing)
    this.works.set(name, ended)
    void ended.then(() => {
      if (this.works.get(name) === ended) this.works.delete(name)
    })
    return result
  }

  /** Resolves when all work on topics of this name has ended that had begun before the call. */
  async settled(name: string): Promise<void> {
    await this.works.get(name)
  }

  /** Makes the logs of these partitions, or opens them. */
  async create(partitions: Iterable<Partition>): Promise<void> {
    const specs: LogSpec[] = []
    let config: LogConfig | undefined
    let last: Topic | undefined
    for (const { topic, index, firstLeaderEpoch } of partitions) {
      if (!config || topic !== last) config = this.configOf(topic)
      last = topic
      const { name, topicId, internal } = topic
      const log = { topic: name, topicId, partitionIndex: index, config, lazy: internal }
      specs.push({ ...log, leaderEpoch: firstLeaderEpoch })
    }
    if (specs.length > 0) await this.engine.create(specs)
  }

  /** Tells a topic's logs what they are to obey now. */
  async configure(topic: Topic): Promise<void> {
    const config = this.configOf(topic)
    await Promise.all(topic.partitions.map(({ log }) => this.engine.configure(log, config)))
  }

  /** Deletes what there is of a topic's logs. */
  async delete({ partitions }: Topic): Promise<void> {
    await Promise.all(partitions.map(({ log }) => this.engine.delete(log)))
  }

  /** Resolves when all work that has begun has ended. */
  async allSettled(): Promise<void> {
    while (this.works.size > 0) await Promise.all(this.works.values())
  }
}

function nothing(): void {}
