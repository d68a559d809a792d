/** A broker on a clock that the test moves, and members of a group that say what they are told to. */

import type { JoinRequest } from '../../../src/broker/groups/classic/join.ts'
import type { JoinReply, SyncReply } from '../../../src/broker/groups/classic/round-change.ts'
import type { Groups } from '../../../src/broker/groups/groups.ts'
import type { CommittedTopic, OffsetCommitRequest } from '../../../src/broker/groups/offsets.ts'
import type { StateRecord } from '../../../src/broker/coordinator/machine.ts'
import type { Cancellation } from '../../../src/broker/cancellation.ts'
import { ManualClock } from '../../../src/clock.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { type BrokerFixture, type FixtureOptions, openBroker } from '../fixture.ts'
import { ScriptedEngine, settle } from '../scripted-engine.ts'

export const GROUP = 'billing'
export const OTHER_TOPIC_ID = 'YW5vdGhlci1hbm90aGVyLQ'
export const patient: Cancellation = { cancelled: false, onCancel: () => () => undefined }

type Configs = NonNullable<FixtureOptions['values']>

export class Scene {
  readonly engine: ScriptedEngine
  readonly fixture: BrokerFixture

  private constructor(engine: ScriptedEngine, fixture: BrokerFixture) {
    this.engine = engine
    this.fixture = fixture
  }

  /** A broker with a topic `orders`, whose groups make their first round at once unless `configs` say otherwise. */
  static async open(
    configs: Configs = {},
    engine = new ScriptedEngine(),
    clock = new ManualClock(),
  ): Promise<Scene> {
    const values = { 'group.initial.rebalance.delay.ms': 0, ...configs }
    const fixture = await openBroker({ engine, clock, values })
    await fixture.cluster.ensureTopic('orders')
    await fixture.cluster.internalTopic('__consumer_offsets')
    return new Scene(engine, fixture)
  }

  /** A new broker that finds what this one has stored, as after a crash; time stands still for this one. */
  restarted(configs: Configs = {}): Promise<Scene> {
    this.engine.restart()
    return Scene.open(configs, this.engine, new ManualClock(this.clock.now()))
  }

  get groups(): Groups {
    return this.fixture.broker.groups
  }

  get clock(): ManualClock {
    return this.fixture.clock
  }

  /** Of topic `orders`. */
  get topicId(): string {
    return this.fixture.cluster.topic('orders')!.topicId
  }

  /** All that is stored in `__consumer_offsets`. */
  records(): StateRecord[] {
    return [...this.engine.logs.values()]
      .filter(({ spec }) => spec.topic === '__consumer_offsets')
      .flatMap(({ batches }) => batches)
      .flatMap((batch) =>
        [...iterateRecords(batch)].map(({ key, value }) => ({ key: key!, value })),
      )
  }

  join(request: Partial<JoinRequest> = {}, cancellation = patient): Promise<JoinReply> {
    return this.groups.join({ ...joining, ...request }, cancellation)
  }

  /** Both steps of a dynamic member's first join: the second is decided on, and may be parked. */
  async enter(
    request: Partial<JoinRequest> = {},
  ): Promise<{ id: string; joined: Promise<JoinReply> }> {
    const { memberId: id } = await this.join({ ...request, memberId: '' })
    const joined = this.join({ ...request, memberId: id })
    await settle()
    return { id, joined }
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: Record<string, string> = {},
    more: { groupInstanceId?: string; protocolType?: string; protocol?: string } = {},
    cancellation = patient,
  ): Promise<SyncReply> {
    const request = {
      groupId: GROUP,
      memberId,
      generationId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocol: null,
      assignments: new Map(
        Object.entries(assignments).map(([id, text]) => [id, Buffer.from(text)] as const),
      ),
      ...more,
    }
    return this.groups.sync(request, cancellation)
  }

  /** A Stable group of dynamic members in generation 1 or later: their ids, the leader first, and the generation. */
  async stable(
    count = 1,
    request: Partial<JoinRequest> = {},
  ): Promise<{ ids: string[]; generation: number }> {
    const ids: string[] = []
    let generation = 0
    for (let i = 0; i < count; i++) {
      const { id, joined } = await this.enter(request)
      const rejoined = ids.map((memberId) => this.join({ ...request, memberId }))
      const [reply] = await Promise.all([joined, ...rejoined])
      generation = reply.generationId
      ids.push(id)
      const shares = Object.fromEntries(ids.map((memberId) => [memberId, `share of ${memberId}`]))
      await Promise.all(ids.map((memberId) => this.sync(memberId, generation, shares)))
    }
    return { ids, generation }
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null) {
    return this.groups.heartbeat({ groupId: GROUP, memberId, generationId, groupInstanceId })
  }

  async leave(...memberIds: string[]) {
    const leavers = memberIds.map((memberId) => ({ memberId, groupInstanceId: null }))
    return (await this.groups.leave(GROUP, leavers)).map(({ errorCode }) => errorCode)
  }

  /** Commits to partition 0 of topic `orders`. */
  async commit(offset: number, more: Partial<OffsetCommitRequest> = {}) {
    const topics = await this.commitTopics(more, [
      { name: 'orders', topicId: this.topicId, partitions: [position(0, offset)] },
    ])
    return topics[0]!.partitions[0]!.errorCode
  }

  commitTopics(
    more: Partial<OffsetCommitRequest>,
    topics: OffsetCommitRequest['topics'],
  ): Promise<CommittedTopic[]> {
    return this.groups.commitOffsets({
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      retentionTimeMs: -1,
      knowsMissingGroups: false,
      topics,
      ...more,
    })
  }

  /** What is committed for partition 0 of `orders`; -1 for nothing. */
  async committed(topicId = this.topicId, groupId = GROUP): Promise<number> {
    const topic = { name: 'orders', topicId, partitionIndexes: [0] }
    const [fetched] = await this.groups.fetchOffsets(groupId, [topic])
    return fetched!.partitions[0]!.committedOffset
  }

  /** Undefined where there is no group. */
  async state(): Promise<string | undefined> {
    return (await this.groups.describe(GROUP))?.groupState
  }
}

export function position(partitionIndex: number, offset: number, metadata = '') {
  return { partitionIndex, offset, leaderEpoch: -1, metadata }
}

/** Whether the promise is still open after all that can happen without time has happened. */
export async function isParked(promise: Promise<unknown>): Promise<boolean> {
  const parked = Symbol('parked')
  return (await Promise.race([promise, settle().then(() => parked)])) === parked
}

export function protocols(...names: string[]) {
  return names.map((name) => ({ name, metadata: Buffer.from(`about ${name}`) }))
}

const joining: JoinRequest = {
  groupId: GROUP,
  memberId: '',
  groupInstanceId: null,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  protocolType: 'consumer',
  protocols: protocols('range'),
  clientId: 'app',
  clientHost: '/127.0.0.1',
  requiresKnownMemberId: true,
  canSkipAssignment: true,
}
