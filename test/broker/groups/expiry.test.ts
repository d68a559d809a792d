import { encodeMessage } from '../../../src/protocol/compile.ts'
import { ConsumerProtocolSubscription } from '../../../src/protocol/messages/embedded/consumer-protocol.ts'
import { describe, expect, it } from 'vitest'
import { removeTopic } from '../../../src/broker/groups/expiry.ts'
import { newGroup } from '../../../src/broker/groups/group.ts'
import { offsetTombstone } from '../../../src/broker/groups/group-records.ts'
import { ZERO_UUID } from '../../../src/protocol/schema.ts'
import { GROUP, OTHER_TOPIC_ID, position, Scene } from './scene.ts'

const DAY_MS = 86_400_000
const CHECK_MS = 600_000

/** What a Java consumer says of itself. */
function subscription(...topics: string[]) {
  const body = encodeMessage(ConsumerProtocolSubscription, 1, { topics, ownedPartitions: [] })
  return [{ name: 'range', metadata: Buffer.concat([Buffer.from([0, 1]), body]) }]
}

async function passDays(scene: Scene, days: number, meanwhile?: () => Promise<unknown>) {
  for (let passed = 0; passed < days * DAY_MS; passed += CHECK_MS) {
    await meanwhile?.()
    await scene.clock.advance(CHECK_MS)
  }
}

describe('retention of offsets', () => {
  it('counts from the commit in a group that has no members, and takes the group along', async () => {
    const scene = await Scene.open()
    await scene.commit(5)
    await passDays(scene, 6)
    expect(await scene.committed()).toBe(5)
    await passDays(scene, 1)
    expect(await scene.committed()).toBe(-1)
    expect(await scene.state()).toBeUndefined()
  })

  it('is offsets.retention.minutes, looked at every offsets.retention.check.interval.ms', async () => {
    const configs = {
      'offsets.retention.minutes': 2,
      'offsets.retention.check.interval.ms': 50_000,
    }
    const scene = await Scene.open(configs)
    await scene.commit(5)
    await scene.clock.advance(149_999)
    expect(await scene.committed()).toBe(5)
    await scene.clock.advance(1)
    expect(await scene.committed()).toBe(-1)
  })

  it('counts from when the last member left', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    const memberId = ids[0]!
    await scene.commit(5, { memberId, generationId: generation })
    const heartbeats = async () => {
      for (let i = 0; i < 61; i++) {
        await scene.clock.advance(9900)
        await scene.heartbeat(memberId, generation)
      }
    }
    await heartbeats()
    await scene.leave(memberId)
    await passDays(scene, 7)
    expect(await scene.committed()).toBe(5)
    await scene.clock.advance(CHECK_MS)
    expect(await scene.committed()).toBe(-1)
  })

  it('ends offsets of topics that the members do not read any more, and of no other', async () => {
    const scene = await Scene.open()
    const terms = { protocols: subscription('orders'), sessionTimeoutMs: 1_800_000 }
    const { ids, generation } = await scene.stable(1, terms)
    const member = { memberId: ids[0]!, generationId: generation }
    await scene.commit(5, member)
    await scene.commitTopics(member, [
      { name: 'left', topicId: scene.topicId, partitions: [position(0, 1)] },
    ])
    await passDays(scene, 7, () => scene.heartbeat(ids[0]!, generation))
    const kept = await scene.groups.fetchOffsets(GROUP, null)
    expect(kept.map(({ name }) => name)).toEqual(['orders'])
    expect(await scene.state()).toBe('Stable')
  })

  it('ends nothing of a group whose subscriptions cannot be read', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1, { sessionTimeoutMs: 1_800_000 })
    await scene.commit(5, { memberId: ids[0]!, generationId: generation })
    await passDays(scene, 8, () => scene.heartbeat(ids[0]!, generation))
    expect(await scene.committed()).toBe(5)
  })

  it('is what an old client asks for with its commit', async () => {
    const scene = await Scene.open()
    await scene.commit(5, { retentionTimeMs: 1000 })
    await scene.clock.advance(CHECK_MS)
    expect(await scene.committed()).toBe(-1)
  })

  it('ends an empty group that has no offsets', async () => {
    const scene = await Scene.open()
    const { ids } = await scene.stable(1)
    await scene.leave(ids[0]!)
    await scene.clock.advance(CHECK_MS)
    expect(await scene.state()).toBeUndefined()
    expect(await (await scene.restarted()).state()).toBeUndefined()
  })
})

describe('deleting a topic', () => {
  it('takes its offsets from every group before it is answered', async () => {
    const scene = await Scene.open()
    const { topicId } = scene
    await scene.commit(5)
    await scene.commit(6, { groupId: 'audit' })
    await scene.fixture.cluster.deleteTopics([topicId])
    expect(await scene.committed(topicId)).toBe(-1)
    expect(await scene.committed(topicId, 'audit')).toBe(-1)
  })

  it('leaves the offsets of another topic of that name', () => {
    const offset = {
      offset: 5,
      leaderEpoch: -1,
      metadata: '',
      commitTimestamp: 0,
      expireTimestamp: -1,
    }
    const partitions = new Map([
      [0, { ...offset, topicId: OTHER_TOPIC_ID }],
      [1, { ...offset, topicId: ZERO_UUID }],
    ])
    const group = { ...newGroup('g'), offsets: new Map([['orders', partitions]]) }
    expect(removeTopic(group, { name: 'orders', topicId: 'Z29uZS1nb25lLWdvbmUtZw' })).toEqual([
      offsetTombstone('g', 'orders', 1),
    ])
  })
})

describe('deleting a group', () => {
  it('is refused while it has members, and afterwards it is gone with its offsets', async () => {
    const scene = await Scene.open()
    expect(await scene.groups.deleteGroup(GROUP)).toBe('GROUP_ID_NOT_FOUND')
    const { ids, generation } = await scene.stable(1)
    await scene.commit(5, { memberId: ids[0]!, generationId: generation })
    expect(await scene.groups.deleteGroup(GROUP)).toBe('NON_EMPTY_GROUP')
    await scene.leave(ids[0]!)
    expect(await scene.committed()).toBe(5)
    expect(await scene.groups.deleteGroup(GROUP)).toBe('NONE')
    expect(await scene.committed()).toBe(-1)
    expect(await scene.groups.list({ states: [], types: [] })).toEqual([])
    expect(await scene.join({ memberId: ids[0]! })).toMatchObject({
      errorCode: 'UNKNOWN_MEMBER_ID',
    })
    const after = await scene.restarted()
    expect(await after.state()).toBeUndefined()
  })

  it('takes back the member ids that it has given out', async () => {
    const scene = await Scene.open()
    const { memberId } = await scene.join()
    expect(await scene.groups.deleteGroup(GROUP)).toBe('NONE')
    expect(await scene.join({ memberId })).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID' })
  })
})
