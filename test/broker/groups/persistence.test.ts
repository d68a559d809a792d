import { describe, expect, it } from 'vitest'
import { coordinatorPartition } from '../../../src/broker/groups/coordinator-partition.ts'
import { logId } from '../../../src/storage/engine.ts'
import { settle } from '../scripted-engine.ts'
import { GROUP, isParked, Scene } from './scene.ts'

describe('after a restart', () => {
  it('a group is what it was, and its members go on', async () => {
    const before = await Scene.open()
    const { ids, generation } = await before.stable(2)
    await before.commit(5, { memberId: ids[0]!, generationId: generation })
    const description = await before.groups.describe(GROUP)
    const scene = await before.restarted()
    expect(await scene.groups.describe(GROUP)).toEqual(description)
    expect(await scene.committed()).toBe(5)
    expect(await scene.heartbeat(ids[0]!, generation)).toBe('NONE')
    expect(await scene.commit(6, { memberId: ids[1]!, generationId: generation })).toBe('NONE')
    expect((await scene.sync(ids[1]!, generation)).assignment.toString()).toBe(`share of ${ids[1]}`)
  })

  it('sessions begin anew, and end as before', async () => {
    const before = await Scene.open()
    await before.stable(1)
    await before.clock.advance(9000)
    const scene = await before.restarted()
    await scene.state()
    await scene.clock.advance(9999)
    expect(await scene.state()).toBe('Stable')
    await scene.clock.advance(1)
    expect(await scene.state()).toBe('Empty')
  })

  it('a round that had no assignment yet is forgotten: new members rejoin, old ones start it again', async () => {
    const before = await Scene.open()
    const { ids, generation } = await before.stable(1)
    const { id, joined } = await before.enter()
    await Promise.all([joined, before.join({ memberId: ids[0]! })])
    const scene = await before.restarted()
    expect(await scene.sync(id, generation + 1)).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID' })
    expect(await scene.sync(ids[0]!, generation + 1)).toMatchObject({
      errorCode: 'ILLEGAL_GENERATION',
    })
    expect(await scene.join({ memberId: id })).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID' })
    const reply = await scene.join({ memberId: ids[0]! })
    expect(reply).toMatchObject({ generationId: generation + 1, leader: ids[0]! })
  })

  it('an empty group keeps its generation', async () => {
    const before = await Scene.open()
    const { ids, generation } = await before.stable(1)
    await before.leave(ids[0]!)
    const scene = await before.restarted()
    const { joined } = await scene.enter()
    expect((await joined).generationId).toBe(generation + 2)
  })

  it('only shards that hold records are opened before they are asked for', async () => {
    const before = await Scene.open()
    await before.commit(5)
    const owners = () =>
      [...before.engine.logs]
        .filter(([, { spec }]) => spec.topic === '__consumer_offsets')
        .map(([log, { ownerEpoch }]) => [log, ownerEpoch] as const)
    const earlier = new Map(owners())
    const scene = await before.restarted()
    expect(await scene.groups.list({ states: [], types: [] })).toHaveLength(1)
    const opened = owners().filter(([log, epoch]) => epoch > earlier.get(log)!)
    const { topicId } = scene.fixture.cluster.topic('__consumer_offsets')!
    expect(opened.map(([log]) => log)).toEqual([logId(topicId, coordinatorPartition(GROUP, 50))])
  })
})

describe('replies wait for the commit', () => {
  it('of the group that a first join makes', async () => {
    const scene = await Scene.open()
    scene.engine.hold()
    const joining = scene.join()
    expect(await isParked(joining)).toBe(true)
    scene.engine.release()
    expect((await joining).errorCode).toBe('MEMBER_ID_REQUIRED')
  })

  it('of the assignment, those of parked followers too', async () => {
    const scene = await Scene.open()
    const { ids } = await scene.stable(1)
    const { id, joined } = await scene.enter()
    await Promise.all([joined, scene.join({ memberId: ids[0]! })])
    const following = scene.sync(id, 2)
    await isParked(following)
    scene.engine.hold()
    const leading = scene.sync(ids[0]!, 2, { [id]: 'all' })
    expect(await isParked(following)).toBe(true)
    expect(await isParked(leading)).toBe(true)
    const beating = scene.heartbeat(id, 2)
    expect(await isParked(beating)).toBe(true)
    scene.engine.release()
    expect((await following).assignment.toString()).toBe('all')
    expect(await beating).toBe('NONE')
  })

  it('and when that fails everybody who waits hears NOT_COORDINATOR, and the group is what its log says', async () => {
    const scene = await Scene.open()
    const { ids } = await scene.stable(1)
    const { id, joined } = await scene.enter()
    await Promise.all([joined, scene.join({ memberId: ids[0]! })])
    const following = scene.sync(id, 2)
    await isParked(following)
    scene.engine.refuseNext('rejected')
    const leading = scene.sync(ids[0]!, 2, { [id]: 'all' })
    await expect(leading).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    expect(await following).toMatchObject({ errorCode: 'NOT_COORDINATOR' })
    await settle()
    expect(await scene.heartbeat(ids[0]!, 1)).toBe('NONE')
    expect(await scene.heartbeat(id, 2)).toBe('UNKNOWN_MEMBER_ID')
    await scene.clock.advance(10_000)
    expect(await scene.state()).toBe('Empty')
  })
})

describe('stopping', () => {
  it('answers who is parked with NOT_COORDINATOR, and everybody who comes after', async () => {
    const scene = await Scene.open()
    await scene.stable(1)
    const { joined } = await scene.enter()
    scene.groups.stop()
    expect(await joined).toMatchObject({ errorCode: 'NOT_COORDINATOR' })
    await expect(scene.join()).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await expect(scene.heartbeat('m', 1)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await scene.groups.close()
  })

  it('writes what was decided, and lets no member time out', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    scene.engine.hold()
    const committing = scene.commit(5, { memberId: ids[0]!, generationId: generation })
    await isParked(committing)
    const closing = scene.groups.close()
    expect(await isParked(closing)).toBe(true)
    scene.engine.release()
    expect(await committing).toBe('NONE')
    await closing
    await scene.clock.advance(60_000)
    const after = await scene.restarted()
    expect(await after.committed()).toBe(5)
    expect(await after.state()).toBe('Stable')
  })
})

describe('listing groups', () => {
  it('filters by state and by type, in any case', async () => {
    const scene = await Scene.open()
    const list = async (states: string[], types: string[]) =>
      (await scene.groups.list({ states, types })).map(({ groupId }) => groupId).sort()
    expect(await list([], [])).toEqual([])
    await scene.stable(1)
    await scene.commit(1, { groupId: 'audit' })
    expect(await list([], [])).toEqual(['audit', GROUP])
    expect(await list(['stable'], [])).toEqual([GROUP])
    expect(await list(['Empty', ' STABLE '], ['Classic'])).toEqual(['audit', GROUP])
    expect(await list(['Dead'], [])).toEqual([])
    expect(await list(['nonsense'], [])).toEqual([])
    expect(await list([], ['consumer'])).toEqual([])
    expect(await scene.groups.list({ states: [], types: [] })).toContainEqual({
      groupId: GROUP,
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: 'classic',
    })
  })
})
