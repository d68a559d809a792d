import { describe, expect, it } from 'vitest'
import { GROUP, isParked, protocols, Scene } from './scene.ts'

const instance = { groupInstanceId: 'i' }

async function stableStatic(scene: Scene, more = {}): Promise<string> {
  const { memberId } = await scene.join({ ...instance, ...more })
  await scene.sync(memberId, 1, { [memberId]: 'mine' }, instance)
  return memberId
}

describe('a static member', () => {
  it('joins in one step, under an id that begins with its instance id', async () => {
    const scene = await Scene.open()
    const reply = await scene.join(instance)
    expect(reply).toMatchObject({ errorCode: 'NONE', generationId: 1 })
    expect(reply.memberId).toMatch(/^i-/)
    expect(reply.members[0]!.groupInstanceId).toBe('i')
  })

  it('comes back to its place without a round, and the member it was is fenced', async () => {
    const scene = await Scene.open()
    const before = await stableStatic(scene)
    const reply = await scene.join(instance)
    const { memberId } = reply
    expect(memberId).not.toBe(before)
    expect(reply).toMatchObject({ generationId: 1, leader: memberId, skipAssignment: true })
    expect(reply.members.map((member) => member.memberId)).toEqual([memberId])
    expect(await scene.state()).toBe('Stable')
    expect(await scene.heartbeat(before, 1, 'i')).toBe('FENCED_INSTANCE_ID')
    expect(await scene.heartbeat(before, 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(await scene.heartbeat(memberId, 1, 'i')).toBe('NONE')
    expect((await scene.sync(memberId, 1, {}, instance)).assignment.toString()).toBe('mine')
    expect(await scene.sync(before, 1, {}, instance)).toMatchObject({
      errorCode: 'FENCED_INSTANCE_ID',
    })
    const commit = { memberId: before, generationId: 1, ...instance }
    expect(await scene.commit(5, commit)).toBe('FENCED_INSTANCE_ID')
    expect(await scene.join({ ...instance, memberId: before })).toMatchObject({
      errorCode: 'FENCED_INSTANCE_ID',
    })
  })

  it('is not told that it leads when its client would assign anew (before JoinGroup v9)', async () => {
    const scene = await Scene.open()
    const before = await stableStatic(scene)
    const reply = await scene.join({ ...instance, canSkipAssignment: false })
    expect(reply).toMatchObject({ leader: before, skipAssignment: false, members: [] })
  })

  it('may come back with other metadata, and no round starts while the protocol stays', async () => {
    const scene = await Scene.open()
    await stableStatic(scene)
    const other = [{ name: 'range', metadata: Buffer.from('moved') }]
    const reply = await scene.join({ ...instance, protocols: other })
    expect(reply.generationId).toBe(1)
    expect(reply.members[0]!.metadata.toString()).toBe('moved')
  })

  it('starts a round when the group would choose another protocol with it', async () => {
    const scene = await Scene.open()
    await stableStatic(scene, { protocols: protocols('range', 'sticky') })
    const reply = await scene.join({ ...instance, protocols: protocols('sticky', 'range') })
    expect(reply).toMatchObject({ generationId: 2, protocol: 'sticky' })
  })

  it('starts a round when it comes back before the leader has assigned', async () => {
    const scene = await Scene.open()
    await scene.join(instance)
    const reply = await scene.join(instance)
    expect(reply).toMatchObject({ generationId: 2, leader: reply.memberId })
  })

  it('takes over from itself while its join is parked', async () => {
    const scene = await Scene.open()
    await scene.stable(1)
    const first = scene.join(instance)
    await isParked(first)
    const second = scene.join(instance)
    expect(await first).toMatchObject({ errorCode: 'FENCED_INSTANCE_ID' })
    expect(await isParked(second)).toBe(true)
  })

  it('keeps its place through a round that it does not join, until its session ends', async () => {
    const scene = await Scene.open()
    const terms = { rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 30_000 }
    const silent = await stableStatic(scene, terms)
    const { id, joined } = await scene.enter(terms)
    await scene.clock.advance(10_000)
    const reply = await joined
    expect(reply).toMatchObject({ generationId: 2, leader: id })
    expect(reply.members.map(({ memberId }) => memberId).sort()).toEqual([id, silent].sort())
    await scene.sync(id, 2, { [id]: 'a', [silent]: 'b' })
    expect((await scene.sync(silent, 2, {}, instance)).assignment.toString()).toBe('b')
  })

  it('waits on with the group when none of its members joins a round', async () => {
    const scene = await Scene.open()
    const terms = { rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 60_000 }
    const silent = await stableStatic(scene, terms)
    const { id } = await scene.enter(terms)
    await scene.leave(id)
    await scene.clock.advance(25_000)
    expect(await scene.state()).toBe('PreparingRebalance')
    expect(await scene.heartbeat(silent, 1, 'i')).toBe('REBALANCE_IN_PROGRESS')
    await scene.clock.advance(60_000)
    expect(await scene.state()).toBe('Empty')
  })

  it('need not wait for the other static members longer than the rebalance timeout, again and again', async () => {
    const scene = await Scene.open()
    const terms = { rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 600_000 }
    const memberId = await stableStatic(scene, terms)
    const other = { ...terms, groupInstanceId: 'j' }
    const joined = scene.join(other)
    await Promise.all([joined, scene.join({ ...instance, ...terms, memberId })])
    const { id } = await scene.enter(terms)
    await scene.leave(id)
    await scene.clock.advance(15_000)
    const back = scene.join({ ...instance, ...terms, memberId })
    await scene.clock.advance(4999)
    expect(await isParked(back)).toBe(true)
    await scene.clock.advance(1)
    expect(await back).toMatchObject({ generationId: 3, leader: memberId })
  })

  it('is removed by its instance id alone, and by nobody else’s', async () => {
    const scene = await Scene.open()
    await stableStatic(scene)
    const left = await scene.groups.leave(GROUP, [
      { memberId: '', groupInstanceId: 'j' },
      { memberId: 'nobody', groupInstanceId: 'i' },
      { memberId: '', groupInstanceId: 'i' },
    ])
    expect(left).toEqual([
      { memberId: '', groupInstanceId: 'j', errorCode: 'UNKNOWN_MEMBER_ID' },
      { memberId: 'nobody', groupInstanceId: 'i', errorCode: 'FENCED_INSTANCE_ID' },
      { memberId: '', groupInstanceId: 'i', errorCode: 'NONE' },
    ])
    expect(await scene.state()).toBe('Empty')
  })

  it('finds its place after a restart', async () => {
    const before = await Scene.open()
    await stableStatic(before)
    const scene = await before.restarted()
    const reply = await scene.join(instance)
    expect(reply).toMatchObject({ generationId: 1, skipAssignment: true })
    expect((await scene.sync(reply.memberId, 1, {}, instance)).assignment.toString()).toBe('mine')
  })
})
