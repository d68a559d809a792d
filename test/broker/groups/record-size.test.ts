import { describe, expect, it } from 'vitest'
import { GROUP, isParked, position, Scene } from './scene.ts'

/** What the offsets topic takes in a batch. */
const LIMIT = 4000
const configs = { 'message.max.bytes': LIMIT }
const LARGE = 'x'.repeat(LIMIT)
const TOO_LARGE = { code: 'UNKNOWN_SERVER_ERROR' }

/** As Kafka 4.4 answers: its log takes no batch beyond `max.message.bytes` either. */
describe('what is too large for the offsets topic', () => {
  it('an assignment: the leader is refused alone, and its group goes on with another', async () => {
    const scene = await Scene.open(configs)
    const { id: leader, joined } = await scene.enter()
    const { id: follower, joined: joinedLater } = await scene.enter()
    await joined
    const rejoined = scene.join({ memberId: leader })
    const [{ generationId }] = await Promise.all([joinedLater, rejoined])
    const waiting = scene.sync(follower, generationId)
    expect(await isParked(waiting)).toBe(true)
    const refused = scene.sync(leader, generationId, { [leader]: LARGE })
    await expect(refused).rejects.toMatchObject(TOO_LARGE)
    expect(await scene.state()).toBe('CompletingRebalance')
    expect(await isParked(waiting)).toBe(true)
    const shares = { [leader]: 'all', [follower]: 'none' }
    expect(String((await scene.sync(leader, generationId, shares)).assignment)).toBe('all')
    expect(String((await waiting).assignment)).toBe('none')
  })

  it('a commit: nothing of it is kept, and other groups notice nothing', async () => {
    const scene = await Scene.open(configs)
    await scene.commit(1)
    const partitions = Array.from({ length: 4 }, (_, i) => position(i, 2, 'x'.repeat(1000)))
    const topics = [{ name: 'orders', topicId: scene.topicId, partitions }]
    const other = scene.commit(7, { groupId: 'other' })
    await expect(scene.commitTopics({}, topics)).rejects.toMatchObject(TOO_LARGE)
    expect(await other).toBe('NONE')
    expect(await scene.committed()).toBe(1)
    expect(await scene.commit(3)).toBe('NONE')
  })

  it('the end of a group with many offsets: it comes in several batches', async () => {
    const scene = await Scene.open(configs)
    for (let partition = 0; partition < 100; partition++) {
      const partitions = [position(partition, 1)]
      const topics = [{ name: 'orders', topicId: scene.topicId, partitions }]
      await scene.commitTopics({}, topics)
    }
    expect(await scene.groups.deleteGroup(GROUP)).toBe('NONE')
    expect(await scene.committed()).toBe(-1)
    const after = await scene.restarted(configs)
    expect(await after.committed()).toBe(-1)
  })
})
