import { describe, expect, it } from 'vitest'
import { isParked, Scene } from './scene.ts'

/** Two members who have joined generation 2 and not synced. */
async function joinedPair(scene: Scene): Promise<{ leader: string; follower: string }> {
  const { ids } = await scene.stable(1)
  const { id, joined } = await scene.enter()
  await Promise.all([joined, scene.join({ memberId: ids[0]! })])
  return { leader: ids[0]!, follower: id }
}

describe('syncing', () => {
  it('parks followers until the leader has assigned, and gives each its own', async () => {
    const scene = await Scene.open()
    const { leader, follower } = await joinedPair(scene)
    const waiting = scene.sync(follower, 2)
    expect(await isParked(waiting)).toBe(true)
    expect(await scene.heartbeat(follower, 2)).toBe('NONE')
    const assigned = await scene.sync(leader, 2, { [leader]: 'first', [follower]: 'second' })
    const reply = { errorCode: 'NONE', protocolType: 'consumer', protocol: 'range' }
    expect(assigned).toEqual({ ...reply, assignment: Buffer.from('first') })
    expect(await waiting).toEqual({ ...reply, assignment: Buffer.from('second') })
    expect(await scene.state()).toBe('Stable')
    expect(await scene.sync(follower, 2)).toEqual({ ...reply, assignment: Buffer.from('second') })
  })

  it('gives empty bytes to a member that the leader forgot', async () => {
    const scene = await Scene.open()
    const { leader, follower } = await joinedPair(scene)
    await scene.sync(leader, 2, { [leader]: 'all' })
    expect((await scene.sync(follower, 2)).assignment).toHaveLength(0)
  })

  it('refuses strangers, other generations, other protocols, and everybody while a round gathers', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    const member = ids[0]!
    const errorOf = async (...sync: Parameters<Scene['sync']>) =>
      (await scene.sync(...sync)).errorCode
    expect(await errorOf('nobody', generation)).toBe('UNKNOWN_MEMBER_ID')
    expect(await errorOf(member, generation + 1)).toBe('ILLEGAL_GENERATION')
    const connect = { protocolType: 'connect' }
    expect(await errorOf(member, generation, {}, connect)).toBe('INCONSISTENT_GROUP_PROTOCOL')
    const other = { protocol: 'other' }
    expect(await errorOf(member, generation, {}, other)).toBe('INCONSISTENT_GROUP_PROTOCOL')
    await scene.enter()
    expect(await errorOf(member, generation)).toBe('REBALANCE_IN_PROGRESS')
  })

  it('calls waiting followers back to join when a member comes before the leader has assigned', async () => {
    const scene = await Scene.open()
    const { leader, follower } = await joinedPair(scene)
    const waiting = scene.sync(follower, 2)
    await isParked(waiting)
    await scene.enter()
    expect(await waiting).toMatchObject({ errorCode: 'REBALANCE_IN_PROGRESS', protocol: null })
    expect(await scene.sync(leader, 2)).toMatchObject({ errorCode: 'REBALANCE_IN_PROGRESS' })
  })

  it('drops who has joined and does not sync within the rebalance timeout', async () => {
    const scene = await Scene.open()
    const { ids } = await scene.stable(1, { sessionTimeoutMs: 120_000 })
    const leader = ids[0]!
    const { id: silent, joined } = await scene.enter({ sessionTimeoutMs: 120_000 })
    await Promise.all([joined, scene.join({ memberId: leader, sessionTimeoutMs: 120_000 })])
    await scene.sync(leader, 2, { [leader]: 'all' })
    await scene.clock.advance(59_999)
    expect(await scene.state()).toBe('Stable')
    await scene.clock.advance(1)
    expect(await scene.state()).toBe('PreparingRebalance')
    expect(await scene.heartbeat(silent, 2)).toBe('UNKNOWN_MEMBER_ID')
    const reply = await scene.join({ memberId: leader, sessionTimeoutMs: 120_000 })
    expect(reply.members.map(({ memberId }) => memberId)).toEqual([leader])
  })

  it('has those who have synced join again when the leader never assigns', async () => {
    const scene = await Scene.open()
    const { leader, follower } = await joinedPair(scene)
    const waiting = scene.sync(follower, 2)
    await isParked(waiting)
    await scene.heartbeat(leader, 2)
    for (let i = 0; i < 12; i++) {
      await scene.clock.advance(5000)
      await scene.heartbeat(leader, 2)
    }
    expect(await waiting).toMatchObject({ errorCode: 'REBALANCE_IN_PROGRESS' })
    expect(await scene.heartbeat(leader, 2)).toBe('UNKNOWN_MEMBER_ID')
    expect(await scene.join({ memberId: follower })).toMatchObject({ leader: follower })
  })
})
