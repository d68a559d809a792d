/** The groups that this broker coordinates, over the partitions of `__consumer_offsets`. */

import type { Logger } from '../../logger.ts'
import type { Clock, Timer } from '../../clock.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import type { Random } from '../../random.ts'
import type { StorageEngine } from '../../storage/engine.ts'
import type { Cluster, Partition, Topic } from '../cluster/cluster.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Cancellation } from '../cancellation.ts'
import { KafkaError } from '../kafka-error.ts'
import type { JoinRequest } from './classic/join.ts'
import type { HeartbeatRequest, Leaver, LeaverReply } from './classic/membership.ts'
import { type JoinReply, joinRefusal, type SyncReply } from './classic/round-change.ts'
import type { SyncRequest } from './classic/sync.ts'
import { coordinatorPartition } from './coordinator-partition.ts'
import { GroupShard } from './group-shard.ts'
import { type DescribedGroup, type GroupFilter, isListed, type ListedGroup } from './inspection.ts'
import type { OffsetDeletion, TopicToForget } from './offset-deletion.ts'
import type { CommittedTopic, FetchedTopic, OffsetCommitRequest, TopicToFetch } from './offsets.ts'

const OFFSETS_TOPIC = '__consumer_offsets'
const MINUTE_MS = 60_000

export interface GroupsOptions {
  engine: StorageEngine
  cluster: Pick<Cluster, 'topic' | 'topicConfig' | 'internalTopic' | 'onTopicDeleted' | 'readOnly'>
  config: BrokerConfig
  clock: Clock
  random: Random
  log: Logger
}

export class Groups {
  private readonly options: GroupsOptions
  /** By partition index; a shard that could not be opened is not there, and tried again when it is next asked for. */
  private readonly shards = new Map<number, Promise<GroupShard>>()
  private readonly opened = new Set<GroupShard>()
  private expiryTimer: Timer | undefined
  private stopListening: (() => void) | undefined
  private isStopped = false

  constructor(options: GroupsOptions) {
    this.options = options
  }

  /** Begins to replay what there is; a request for a group waits for its shard. */
  async open(): Promise<void> {
    const { cluster, clock, config, engine } = this.options
    // A group lives by what it writes.
    if (cluster.readOnly !== undefined) return
    this.stopListening = cluster.onTopicDeleted((topic) => this.removeTopic(topic))
    const intervalMs = config.get('offsets.retention.check.interval.ms')
    this.expiryTimer = clock.every(intervalMs, () => void this.expire())
    for (const partition of cluster.topic(OFFSETS_TOPIC)?.partitions ?? []) {
      const hasRecords = (engine.offsets(partition.log)?.logEndOffset ?? 0) > 0
      if (hasRecords) this.shard(partition).catch(() => undefined)
    }
  }

  /** Parked requests hear NOT_COORDINATOR, and so does every one after them. */
  stop(): void {
    this.isStopped = true
    this.expiryTimer?.cancel()
    this.stopListening?.()
    for (const shard of this.opened) shard.stop()
  }

  /** Resolved: what was decided is committed. */
  async close(): Promise<void> {
    this.stop()
    await Promise.allSettled(this.shards.values())
    await Promise.all([...this.opened].map((shard) => shard.close()))
  }

  async join(request: JoinRequest, cancellation: Cancellation): Promise<JoinReply> {
    const { groupId, memberId, sessionTimeoutMs } = request
    const { config } = this.options
    if (groupId === '') return joinRefusal('INVALID_GROUP_ID', memberId)
    if (
      sessionTimeoutMs < config.get('group.min.session.timeout.ms') ||
      sessionTimeoutMs > config.get('group.max.session.timeout.ms')
    ) {
      return joinRefusal('INVALID_SESSION_TIMEOUT', memberId)
    }
    const shard = await this.shardOf(groupId)
    const newMemberId = `${request.groupInstanceId ?? request.clientId}-${this.uuid()}`
    return shard.join(request, newMemberId, cancellation)
  }

  async sync(request: SyncRequest, cancellation: Cancellation): Promise<SyncReply> {
    const shard = await this.shardOf(nonEmpty(request.groupId))
    return shard.sync(request, cancellation)
  }

  async heartbeat(request: HeartbeatRequest): Promise<ErrorName> {
    const shard = await this.shardOf(nonEmpty(request.groupId))
    return shard.heartbeat(request)
  }

  /** An answer for each of those who leave, in their order. */
  async leave(groupId: string, leavers: readonly Leaver[]): Promise<LeaverReply[]> {
    const shard = await this.shardOf(nonEmpty(groupId))
    return shard.leave(groupId, leavers)
  }

  /** An answer for each partition. Under an empty group id too offsets may be kept. */
  async commitOffsets(request: OffsetCommitRequest): Promise<CommittedTopic[]> {
    const shard = await this.shardOf(request.groupId)
    return shard.commitOffsets(request)
  }

  /** `topics` null: all that the group has committed. A group that is not there has committed nothing. */
  async fetchOffsets(
    groupId: string,
    topics: readonly TopicToFetch[] | null,
  ): Promise<FetchedTopic[]> {
    const shard = await this.shardOf(groupId)
    return shard.fetchOffsets(groupId, topics)
  }

  /** `undefined` where there is no such group. */
  async describe(groupId: string): Promise<DescribedGroup | undefined> {
    const shard = await this.shardOf(groupId)
    return shard.describe(groupId)
  }

  async list(filter: GroupFilter): Promise<ListedGroup[]> {
    const shards = await Promise.all(this.shards.values())
    const groups = await Promise.all(shards.map((shard) => shard.list()))
    return groups.flat().filter((group) => isListed(group, filter))
  }

  async deleteGroup(groupId: string): Promise<ErrorName> {
    const shard = await this.shardOf(groupId)
    return shard.deleteGroup(groupId)
  }

  /** Partitions that exist; what is not committed is deleted too. */
  async deleteOffsets(groupId: string, topics: readonly TopicToForget[]): Promise<OffsetDeletion> {
    if (groupId === '') return { errorCode: 'INVALID_GROUP_ID', topics: [] }
    const shard = await this.shardOf(groupId)
    return shard.deleteOffsets(groupId, topics)
  }

  private async shardOf(groupId: string): Promise<GroupShard> {
    const { partitions } = await this.options.cluster.internalTopic(OFFSETS_TOPIC)
    return this.shard(partitions[coordinatorPartition(groupId, partitions.length)]!)
  }

  private shard(partition: Partition): Promise<GroupShard> {
    if (this.isStopped) {
      return Promise.reject(new KafkaError('NOT_COORDINATOR', 'The broker is stopping.'))
    }
    let shard = this.shards.get(partition.index)
    if (!shard) {
      shard = this.openShard(partition)
      this.shards.set(partition.index, shard)
    }
    return shard
  }

  private async openShard({ index, log, topic }: Partition): Promise<GroupShard> {
    const { cluster, engine, clock, config, log: logger } = this.options
    const shard = new GroupShard({
      engine,
      log,
      name: `${OFFSETS_TOPIC}-${index}`,
      clock,
      logger,
      maxBatchBytes: () => {
        const offsetsTopic = cluster.topicConfig(cluster.topic(OFFSETS_TOPIC) ?? topic)
        return Math.min(offsetsTopic.get('max.message.bytes'), offsetsTopic.get('segment.bytes'))
      },
      maxMetadataBytes: config.get('offset.metadata.max.bytes'),
      limits: {
        initialRebalanceDelayMs: config.get('group.initial.rebalance.delay.ms'),
        maxSize: config.get('group.max.size'),
      },
    })
    try {
      await shard.open()
    } catch (cause) {
      this.shards.delete(index)
      logger.error(
        { err: cause, partition: index },
        'The groups of a partition could not be loaded.',
      )
      const text = `Partition ${index} of ${OFFSETS_TOPIC} could not be loaded.`
      throw new KafkaError('COORDINATOR_NOT_AVAILABLE', text, { cause })
    }
    this.opened.add(shard)
    if (this.isStopped) shard.stop()
    return shard
  }

  private async expire(): Promise<void> {
    const retentionMs = this.options.config.get('offsets.retention.minutes') * MINUTE_MS
    await this.onEveryShard((shard) => shard.expire(retentionMs))
  }

  /** Resolved: no group has offsets of the topic any more. */
  private async removeTopic({ name, topicId }: Topic): Promise<void> {
    await this.onEveryShard((shard) => shard.removeTopic({ name, topicId }))
  }

  /** One shard's failure is not the others': what it leaves undone, the next time or the topic's id makes good. */
  private async onEveryShard(act: (shard: GroupShard) => Promise<void>): Promise<void> {
    await Promise.allSettled([...this.shards.values()].map(async (shard) => act(await shard)))
  }

  /** A version 4 uuid as Java prints it, for member ids. */
  private uuid(): string {
    const bytes = this.options.random.bytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}

/** Only offsets may be kept under an empty group id. */
function nonEmpty(groupId: string): string {
  if (groupId === '') throw new KafkaError('INVALID_GROUP_ID', 'The group id is empty.')
  return groupId
}
