import { describe, expect, it } from 'vitest'
import { isParked, protocols, Scene } from './scene.ts'

describe('joining a classic group', () => {
  it('gives a dynamic member its id first, and takes it in when it comes back with it', async () => {
    const scene = await Scene.open()
    const first = await scene.join()
    expect(first).toMatchObject({
      errorCode: 'MEMBER_ID_REQUIRED',
      generationId: -1,
      leader: '',
      protocol: null,
      members: [],
    })
    expect(first.memberId).toMatch(
      /^app-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    const second = await scene.join({ memberId: first.memberId })
    expect(second).toEqual({
      errorCode: 'NONE',
      memberId: first.memberId,
      generationId: 1,
      protocolType: 'consumer',
      protocol: 'range',
      leader: first.memberId,
      skipAssignment: false,
      members: [
        {
          memberId: first.memberId,
          groupInstanceId: null,
          metadata: Buffer.from('about range'),
        },
      ],
    })
  })

  it('takes an old client in without the first step', async () => {
    const scene = await Scene.open()
    const reply = await scene.join({ requiresKnownMemberId: false })
    expect(reply).toMatchObject({ errorCode: 'NONE', generationId: 1 })
  })

  it('knows no member of a group that is not there, and makes no group for it', async () => {
    const scene = await Scene.open()
    const reply = await scene.join({ memberId: 'gone' })
    expect(reply).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', memberId: 'gone' })
    expect(await scene.state()).toBeUndefined()
  })

  it('makes the group when it gives out a member id, and forgets an id that is not used in time', async () => {
    const scene = await Scene.open()
    const { memberId } = await scene.join()
    expect(await scene.state()).toBe('Empty')
    await scene.clock.advance(10_000)
    expect(await scene.join({ memberId })).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID' })
  })

  it.each([5999, 1_800_001])('refuses a session timeout of %i ms', async (sessionTimeoutMs) => {
    const scene = await Scene.open()
    const reply = await scene.join({ sessionTimeoutMs })
    expect(reply).toMatchObject({ errorCode: 'INVALID_SESSION_TIMEOUT', memberId: '' })
  })

  it('refuses an empty group id', async () => {
    const scene = await Scene.open()
    expect(await scene.join({ groupId: '' })).toMatchObject({ errorCode: 'INVALID_GROUP_ID' })
  })

  it('lets members of one protocol type in, that have a protocol in common with all others', async () => {
    const scene = await Scene.open()
    await scene.stable(1, { protocols: protocols('range', 'sticky') })
    const refused = { errorCode: 'INCONSISTENT_GROUP_PROTOCOL', memberId: '' }
    expect(await scene.join({ protocolType: 'connect' })).toMatchObject(refused)
    expect(await scene.join({ protocols: protocols('other') })).toMatchObject(refused)
    expect(await scene.join({ protocols: [] })).toMatchObject(refused)
    expect(await scene.join({ groupId: 'new', protocolType: '' })).toMatchObject(refused)
    const accepted = await scene.join({ protocols: protocols('sticky') })
    expect(accepted).toMatchObject({ errorCode: 'MEMBER_ID_REQUIRED' })
  })

  it('parks a newcomer until the members it has have joined anew, and tells them with their heartbeats', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    const { id, joined } = await scene.enter()
    expect(await isParked(joined)).toBe(true)
    expect(await scene.state()).toBe('PreparingRebalance')
    expect(await scene.heartbeat(ids[0]!, generation)).toBe('REBALANCE_IN_PROGRESS')
    const leader = await scene.join({ memberId: ids[0]! })
    expect(leader).toMatchObject({ generationId: 2, leader: ids[0]! })
    expect(leader.members.map(({ memberId }) => memberId)).toEqual([ids[0], id])
    expect(await joined).toMatchObject({ generationId: 2, leader: ids[0]!, members: [] })
  })

  it('chooses the protocol with most votes among those that all support', async () => {
    const scene = await Scene.open()
    await scene.stable(1, { protocols: protocols('a', 'b') })
    const { joined } = await scene.enter({ protocols: protocols('b', 'c') })
    const leader = (await scene.groups.describe('billing'))!.members[0]!.memberId
    const again = await scene.join({ memberId: leader, protocols: protocols('a', 'b') })
    expect(again.protocol).toBe('b')
    expect(again.members.map(({ metadata }) => metadata.toString())).toEqual(['about b', 'about b'])
    expect((await joined).protocol).toBe('b')
  })

  it('has a leader that joins again start a round, and a follower only when it has something new to say', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(2)
    const [leader, follower] = ids as [string, string]
    const unchanged = await scene.join({ memberId: follower })
    expect(unchanged).toMatchObject({ generationId: generation, leader, members: [] })
    expect(await scene.state()).toBe('Stable')
    const changed = [{ name: 'range', metadata: Buffer.from('something new') }]
    const followed = scene.join({ memberId: follower, protocols: changed })
    expect(await isParked(followed)).toBe(true)
    const led = await scene.join({ memberId: leader })
    expect(led.generationId).toBe(generation + 1)
    expect(led.members.map(({ metadata }) => metadata.toString())).toContain('something new')
    await scene.sync(leader, generation + 1)
    const next = scene.join({ memberId: leader })
    expect(await isParked(next)).toBe(true)
    expect(await scene.state()).toBe('PreparingRebalance')
  })

  it('repeats the generation to a member that asks again before it syncs', async () => {
    const scene = await Scene.open()
    const { id, joined } = await scene.enter()
    const first = await joined
    expect(await scene.join({ memberId: id })).toEqual(first)
    const changed = [{ name: 'range', metadata: Buffer.from('something new') }]
    const anew = await scene.join({ memberId: id, protocols: changed })
    expect(anew.generationId).toBe(2)
  })

  it('answers a parked join when the same member asks once more', async () => {
    const scene = await Scene.open()
    await scene.stable(1)
    const { id, joined } = await scene.enter()
    const again = scene.join({ memberId: id })
    expect(await joined).toMatchObject({ errorCode: 'REBALANCE_IN_PROGRESS', memberId: id })
    expect(await isParked(again)).toBe(true)
  })

  it('lets no more in than group.max.size, whoever they are', async () => {
    const scene = await Scene.open({ 'group.max.size': 2 })
    await scene.stable(2)
    const refused = { errorCode: 'GROUP_MAX_SIZE_REACHED', memberId: '' }
    expect(await scene.join()).toMatchObject(refused)
    expect(await scene.join({ groupInstanceId: 'i' })).toMatchObject(refused)
    expect(await scene.state()).toBe('Stable')
  })

  it('leaves out the last to join a round when group.max.size was lowered', async () => {
    const before = await Scene.open()
    const { ids } = await before.stable(2)
    const scene = await before.restarted({ 'group.max.size': 1 })
    expect(await scene.state()).toBe('PreparingRebalance')
    const joined = scene.join({ memberId: ids[1]! })
    expect(await isParked(joined)).toBe(true)
    expect(await scene.join({ memberId: ids[0]! })).toMatchObject({
      errorCode: 'GROUP_MAX_SIZE_REACHED',
    })
    expect(await joined).toMatchObject({ errorCode: 'NONE', leader: ids[1]! })
  })
})

describe('the first round of an empty group', () => {
  const configs = { 'group.initial.rebalance.delay.ms': 3000 }

  it('waits for group.initial.rebalance.delay.ms', async () => {
    const scene = await Scene.open(configs)
    const { joined } = await scene.enter()
    await scene.clock.advance(2999)
    expect(await isParked(joined)).toBe(true)
    await scene.clock.advance(1)
    expect(await joined).toMatchObject({ generationId: 1 })
  })

  it('waits once more for each delay in which a member came, up to the rebalance timeout', async () => {
    const scene = await Scene.open(configs)
    const terms = { rebalanceTimeoutMs: 7000 }
    const first = await scene.enter(terms)
    await scene.clock.advance(1000)
    const second = await scene.enter(terms)
    await scene.clock.advance(2000)
    expect(await isParked(first.joined)).toBe(true)
    await scene.clock.advance(1000)
    const third = await scene.enter(terms)
    await scene.clock.advance(2000)
    expect(await isParked(first.joined)).toBe(true)
    const fourth = await scene.enter(terms)
    await scene.clock.advance(999)
    expect(await isParked(first.joined)).toBe(true)
    await scene.clock.advance(1)
    const replies = await Promise.all([first, second, third, fourth].map(({ joined }) => joined))
    expect(replies.map(({ generationId }) => generationId)).toEqual([1, 1, 1, 1])
    expect(replies[0]!.members).toHaveLength(4)
  })

  it('ends empty when everybody has left by then', async () => {
    const scene = await Scene.open(configs)
    const { id, joined } = await scene.enter()
    expect(await scene.leave(id)).toEqual(['NONE'])
    expect(await joined).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', memberId: '' })
    expect(await scene.state()).toBe('PreparingRebalance')
    await scene.clock.advance(3000)
    expect(await scene.state()).toBe('Empty')
  })
})
