/**
 * The groups of one partition of `__consumer_offsets`: what is committed of them, and how they live.
 *
 * Each request is a step of the shard. It decides on the round and the record of one group; its replies, those to requests
 * that other members have parked too, go out when the step is committed.
 */

import type { Logger } from '../../logger.ts'
import type { Clock } from '../../clock.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import type { LogId, StorageEngine } from '../../storage/engine.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { Shard } from '../coordinator/shard.ts'
import type { Cancellation } from '../cancellation.ts'
import { KafkaError } from '../kafka-error.ts'
import { join, type JoinRequest } from './classic/join.ts'
import {
  heartbeat,
  type HeartbeatRequest,
  leave,
  type Leaver,
  type LeaverReply,
} from './classic/membership.ts'
import { resume } from './classic/rebalance.ts'
import { Round, type Ticket } from './classic/round.ts'
import {
  type ClassicLimits,
  type JoinReply,
  joinRefusal,
  RoundChange,
  type SyncReply,
  syncRefusal,
} from './classic/round-change.ts'
import { sync, type SyncRequest } from './classic/sync.ts'
import { expire, removeGroup, removeTopic } from './expiry.ts'
import { simpleGroup } from './group.ts'
import { groupRecord } from './group-records.ts'
import { type GroupsState, groupsMachine } from './group-state.ts'
import { type DescribedGroup, describeGroup, type ListedGroup, listGroup } from './inspection.ts'
import { LiveGroups, type TimedDecision } from './live-groups.ts'
import { deleteOffsets, type OffsetDeletion, type TopicToForget } from './offset-deletion.ts'
import {
  checkCommit,
  type CommittedTopic,
  commitOffsets,
  fetchAllOffsets,
  type FetchedTopic,
  fetchOffsets,
  type OffsetCommitRequest,
  refuseCommit,
  type TopicToFetch,
} from './offsets.ts'
import { Parking } from './parking.ts'

export interface GroupShardOptions {
  engine: StorageEngine
  log: LogId
  /** The log's topic and partition. */
  name: string
  clock: Clock
  logger: Logger
  /** Largest batch that the log takes now. */
  maxBatchBytes: () => number
  limits: ClassicLimits
  maxMetadataBytes: number
}

interface Step<Response> {
  response: Response
  records?: readonly StateRecord[]
  isDivisible?: boolean
  change?: RoundChange | undefined
}

export class GroupShard {
  private readonly options: GroupShardOptions
  private readonly shard: Shard<GroupsState>
  private readonly live: LiveGroups
  private readonly joins = new Parking<JoinReply>(() => joinRefusal('NOT_COORDINATOR', ''))
  private readonly syncs = new Parking<SyncReply>(() => syncRefusal('NOT_COORDINATOR'))

  constructor(options: GroupShardOptions) {
    const { engine, log, name, clock, logger, limits, maxBatchBytes } = options
    this.options = options
    this.live = new LiveGroups(clock, limits, (groupId, decide) => this.onDue(groupId, decide))
    this.shard = new Shard({
      engine,
      log,
      name,
      clock,
      logger,
      maxBatchBytes,
      machine: groupsMachine,
      onReset: (state) => this.load(state),
    })
  }

  /** Resolved: the log is replayed, and its groups live. */
  async open(): Promise<void> {
    await this.shard.open()
    this.load(this.shard.state)
  }

  /** Nobody waits any more: parked requests hear NOT_COORDINATOR, and no member times out. */
  stop(): void {
    this.live.clear()
    this.refuseParked()
  }

  async close(): Promise<void> {
    this.stop()
    await this.shard.close()
    this.live.clear()
  }

  join(request: JoinRequest, newMemberId: string, cancellation: Cancellation): Promise<JoinReply> {
    return this.park(this.joins, cancellation, (state, ticket) => {
      const known = this.roundOf(state, request.groupId)
      if (!known && request.memberId !== '') {
        this.joins.answer(ticket, joinRefusal('UNKNOWN_MEMBER_ID', request.memberId))
        return {}
      }
      const before = known ?? new Round(request.groupId)
      const moment = this.live.moment()
      const change = join(before, request, ticket, newMemberId, moment)
      if (known || change.round.isVacant) return { change }
      const group = { ...simpleGroup, stateTimestamp: moment.now }
      return { change, records: [groupRecord(request.groupId, group)] }
    })
  }

  sync(request: SyncRequest, cancellation: Cancellation): Promise<SyncReply> {
    return this.park(this.syncs, cancellation, (state, ticket) => {
      const round = this.roundOf(state, request.groupId)
      const decided = round
        ? sync(round, request, ticket, this.live.moment())
        : syncRefusal('UNKNOWN_MEMBER_ID')
      if (decided instanceof RoundChange) return { change: decided }
      this.syncs.answer(ticket, decided)
      return {}
    })
  }

  heartbeat(request: HeartbeatRequest): Promise<ErrorName> {
    return this.step((state) => {
      const round = this.roundOf(state, request.groupId)
      if (!round) return { response: 'UNKNOWN_MEMBER_ID' }
      const { errorCode, isAlive } = heartbeat(round, request)
      if (isAlive) this.live.keepAlive(request.groupId, request.memberId)
      return { response: errorCode }
    })
  }

  leave(groupId: string, leavers: readonly Leaver[]): Promise<LeaverReply[]> {
    return this.step((state) => {
      const round = this.roundOf(state, groupId) ?? new Round(groupId)
      const { change, members } = leave(round, leavers, this.live.moment())
      return { response: members, change }
    })
  }

  commitOffsets(request: OffsetCommitRequest): Promise<CommittedTopic[]> {
    return this.step((state) => {
      const round = this.roundOf(state, request.groupId)
      const error = checkCommit(round, request)
      if (error !== 'NONE') return { response: refuseCommit(request.topics, error) }
      if (round) this.live.keepAlive(request.groupId, request.memberId)
      const { clock, maxMetadataBytes } = this.options
      const { topics, records } = commitOffsets(request, clock.now(), maxMetadataBytes)
      return { response: topics, records }
    })
  }

  /** `null`: all that is committed. */
  fetchOffsets(groupId: string, topics: readonly TopicToFetch[] | null): Promise<FetchedTopic[]> {
    return this.step(({ groups }) => {
      const group = groups.get(groupId)
      return { response: topics === null ? fetchAllOffsets(group) : fetchOffsets(group, topics) }
    })
  }

  /** `undefined` where there is no such group. */
  describe(groupId: string): Promise<DescribedGroup | undefined> {
    return this.step((state) => {
      const round = this.roundOf(state, groupId)
      return { response: round && describeGroup(round) }
    })
  }

  list(): Promise<ListedGroup[]> {
    return this.step((state) => ({
      response: [...state.groups.keys()].map((groupId) => listGroup(this.roundOf(state, groupId)!)),
    }))
  }

  deleteGroup(groupId: string): Promise<ErrorName> {
    return this.step((state) => {
      const group = state.groups.get(groupId)
      if (!group) return { response: 'GROUP_ID_NOT_FOUND' }
      if (this.roundOf(state, groupId)!.phase !== 'Empty') return { response: 'NON_EMPTY_GROUP' }
      this.live.forget(groupId)
      return { response: 'NONE', records: removeGroup(group), isDivisible: true }
    })
  }

  deleteOffsets(groupId: string, topics: readonly TopicToForget[]): Promise<OffsetDeletion> {
    return this.step((state) => {
      const group = state.groups.get(groupId)
      if (!group) return { response: { errorCode: 'GROUP_ID_NOT_FOUND', topics: [] } }
      return deleteOffsets(group, this.roundOf(state, groupId)!, topics)
    })
  }

  /** Ends what has outlived its retention. */
  expire(retentionMs: number): Promise<void> {
    return this.step((state) => {
      const now = this.options.clock.now()
      const records = [...state.groups.values()].flatMap((group) =>
        expire(group, this.roundOf(state, group.groupId)!, now, retentionMs),
      )
      return { response: undefined, records, isDivisible: true }
    })
  }

  removeTopic(topic: { name: string; topicId: string }): Promise<void> {
    return this.step(({ groups }) => ({
      response: undefined,
      records: [...groups.values()].flatMap((group) => removeTopic(group, topic)),
      isDivisible: true,
    }))
  }

  private roundOf({ groups }: GroupsState, groupId: string): Round | undefined {
    const round = this.live.round(groupId)
    if (round) return round
    const group = groups.get(groupId)
    return group && Round.of(group)
  }

  private async step<Response>(decide: (state: GroupsState) => Step<Response>): Promise<Response> {
    try {
      const { response, change } = await this.shard.step((state) => {
        const decision = decide(state)
        const { change, isDivisible = false } = decision
        const records = [...(decision.records ?? []), ...(change?.records ?? [])]
        const adopt = (): void => change && this.adopt(change)
        return { response: decision, records, isDivisible, adopt }
      })
      for (const { ticket, reply } of change?.joins ?? []) this.joins.answer(ticket, reply)
      for (const { ticket, reply } of change?.syncs ?? []) this.syncs.answer(ticket, reply)
      return response
    } catch (error) {
      if (isLost(error)) this.refuseParked()
      throw asAnswered(error)
    }
  }

  /** A step whose own reply may have to wait for other members'. */
  private async park<Reply>(
    parking: Parking<Reply>,
    cancellation: Cancellation,
    decide: (state: GroupsState, ticket: Ticket) => Omit<Step<void>, 'response'>,
  ): Promise<Reply> {
    const { ticket, reply } = parking.open(cancellation)
    try {
      await this.step((state) => ({ ...decide(state, ticket), response: undefined }))
    } catch (error) {
      parking.refuse(ticket)
      throw error
    }
    return reply
  }

  private onDue(groupId: string, decide: TimedDecision): void {
    this.step(() => {
      const round = this.live.round(groupId)
      return { response: undefined, change: round && decide(round) }
    }).catch((error: unknown) => {
      // A lost log is replayed, and sessions begin anew with that.
      if (isLost(error)) return
      this.options.logger.error({ err: error, groupId }, 'A group could not go on.')
    })
  }

  private load({ groups, others }: GroupsState): void {
    if (others.size > 0) {
      this.options.logger.info(
        { log: this.options.name, kept: others.size },
        'Groups of a kind that is not served here are kept as they are, for whoever serves them: their offsets are served.',
      )
    }
    this.refuseParked()
    this.live.clear()
    for (const group of groups.values()) {
      if (group.members.length === 0) continue
      this.live.adopt(resume(Round.of(group), this.live.moment()))
    }
  }

  private refuseParked(): void {
    this.joins.refuseAll()
    this.syncs.refuseAll()
  }

  /** The volatile half of a step. */
  private adopt(change: RoundChange): void {
    const { groupId, phase, generationId, members } = change.round
    const before = this.live.round(groupId)?.phase ?? 'Empty'
    this.live.adopt(change)
    if (phase === before) return
    this.options.logger.debug(
      { groupId, phase, generationId, members: members.size },
      'A group has changed its phase.',
    )
  }
}

/** Kafka has no error of its own for what does not fit the coordinator's log. */
function asAnswered(error: unknown): unknown {
  if (!(error instanceof KafkaError) || error.code !== 'RECORD_LIST_TOO_LARGE') return error
  return new KafkaError('UNKNOWN_SERVER_ERROR', error.message, { cause: error })
}

function isLost(error: unknown): boolean {
  return error instanceof KafkaError && error.code === 'NOT_COORDINATOR'
}
