import { describe, expect, it } from 'vitest'
import { settle } from '../scripted-engine.ts'
import { isParked, OTHER_TOPIC_ID, position, Scene } from './scene.ts'

describe('committing offsets', () => {
  it('makes a group of it where there is none', async () => {
    const scene = await Scene.open()
    expect(await scene.commit(5)).toBe('NONE')
    expect(await scene.committed()).toBe(5)
    expect(await scene.state()).toBe('Empty')
    expect(await scene.groups.describe('billing')).toMatchObject({ protocolType: '', members: [] })
  })

  it('with a generation needs a group that is there, in words that the client knows', async () => {
    const scene = await Scene.open()
    const member = { memberId: 'm', generationId: 1 }
    expect(await scene.commit(5, member)).toBe('ILLEGAL_GENERATION')
    expect(await scene.commit(5, { ...member, knowsMissingGroups: true })).toBe(
      'GROUP_ID_NOT_FOUND',
    )
    expect(await scene.state()).toBeUndefined()
  })

  it('is for members while there are any', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    const memberId = ids[0]!
    expect(await scene.commit(1)).toBe('UNKNOWN_MEMBER_ID')
    expect(await scene.commit(1, { memberId: 'nobody', generationId: 1 })).toBe('UNKNOWN_MEMBER_ID')
    expect(await scene.commit(1, { memberId, generationId: 9 })).toBe('ILLEGAL_GENERATION')
    expect(await scene.commit(1, { memberId })).toBe('ILLEGAL_GENERATION')
    expect(await scene.committed()).toBe(-1)
    expect(await scene.commit(1, { memberId, generationId: generation })).toBe('NONE')
    await scene.leave(memberId)
    expect(await scene.commit(2)).toBe('NONE')
    expect(await scene.commit(3, { memberId: 'stray' })).toBe('NONE')
    expect(await scene.commit(4, { generationId: 1 })).toBe('UNKNOWN_MEMBER_ID')
    expect(await scene.committed()).toBe(3)
  })

  it('waits until the leader has assigned, but goes on while a round gathers', async () => {
    const scene = await Scene.open()
    const { id, joined } = await scene.enter()
    await joined
    const member = { memberId: id, generationId: 1 }
    expect(await scene.commit(1, member)).toBe('REBALANCE_IN_PROGRESS')
    await scene.sync(id, 1)
    expect(await scene.commit(1, member)).toBe('NONE')
    await scene.enter()
    expect(await scene.state()).toBe('PreparingRebalance')
    expect(await scene.commit(2, member)).toBe('NONE')
  })

  it('keeps the member alive', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    await scene.clock.advance(9000)
    await scene.commit(1, { memberId: ids[0]!, generationId: generation })
    await scene.clock.advance(9000)
    expect(await scene.state()).toBe('Stable')
  })

  it('refuses what is too much for one partition, and keeps the others', async () => {
    const scene = await Scene.open({ 'offset.metadata.max.bytes': 10 })
    const [topic] = await scene.commitTopics({}, [
      {
        name: 'orders',
        topicId: scene.topicId,
        partitions: [
          position(0, 1, 'x'.repeat(11)),
          position(1, 2, 'x'.repeat(10)),
          position(2, 2 ** 53),
          position(3, -5),
        ],
      },
    ])
    expect(topic!.partitions).toEqual([
      { partitionIndex: 0, errorCode: 'OFFSET_METADATA_TOO_LARGE' },
      { partitionIndex: 1, errorCode: 'NONE' },
      { partitionIndex: 2, errorCode: 'INVALID_COMMIT_OFFSET_SIZE' },
      { partitionIndex: 3, errorCode: 'NONE' },
    ])
    const everything = await scene.groups.fetchOffsets('billing', null)
    expect(everything[0]!.partitions.map(({ committedOffset }) => committedOffset)).toEqual([2, -5])
  })

  it('is answered when it is committed, and read by nobody before', async () => {
    const scene = await Scene.open()
    await scene.commit(1)
    scene.engine.hold()
    const committing = scene.commit(2)
    const reading = scene.committed()
    expect(await isParked(committing)).toBe(true)
    expect(await isParked(reading)).toBe(true)
    scene.engine.release()
    expect(await committing).toBe('NONE')
    expect(await reading).toBe(2)
  })

  it('that fails leaves what was committed before', async () => {
    const scene = await Scene.open()
    await scene.commit(1)
    scene.engine.refuseNext('rejected')
    await expect(scene.commit(2)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    expect(await scene.committed()).toBe(1)
  })
})

describe('reading offsets', () => {
  it('gives -1 for what is not committed, whatever is asked', async () => {
    const scene = await Scene.open()
    await scene.commit(5)
    const found = await scene.groups.fetchOffsets('billing', [
      { name: 'orders', topicId: scene.topicId, partitionIndexes: [0, 1] },
      { name: 'other', topicId: scene.topicId, partitionIndexes: [0] },
    ])
    const offsets = found.map(({ partitions }) => partitions.map((each) => each.committedOffset))
    expect(offsets).toEqual([[5, -1], [-1]])
    expect(await scene.groups.fetchOffsets('nobody', null)).toEqual([])
  })

  it('gives leader epoch and metadata back', async () => {
    const scene = await Scene.open()
    const partition = { partitionIndex: 4, offset: 7, leaderEpoch: 3, metadata: 'note' }
    await scene.commitTopics({}, [
      { name: 'orders', topicId: scene.topicId, partitions: [partition] },
    ])
    const fetched = {
      partitionIndex: 4,
      committedOffset: 7,
      committedLeaderEpoch: 3,
      metadata: 'note',
    }
    expect(await scene.groups.fetchOffsets('billing', null)).toEqual([
      { name: 'orders', partitions: [fetched] },
    ])
  })

  it('knows a topic made anew under the same name from the one before', async () => {
    const scene = await Scene.open()
    await scene.commit(5)
    expect(await scene.committed(OTHER_TOPIC_ID)).toBe(-1)
  })
})
