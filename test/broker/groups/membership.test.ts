import { describe, expect, it } from 'vitest'
import { GROUP, isParked, Scene } from './scene.ts'

describe('heartbeats', () => {
  it('tell a stranger, and a member of another generation', async () => {
    const scene = await Scene.open()
    expect(await scene.heartbeat('nobody', 1)).toBe('UNKNOWN_MEMBER_ID')
    const { ids, generation } = await scene.stable(1)
    expect(await scene.heartbeat(ids[0]!, generation)).toBe('NONE')
    expect(await scene.heartbeat(ids[0]!, generation + 1)).toBe('ILLEGAL_GENERATION')
    expect(await scene.heartbeat(ids[0]!, generation - 1)).toBe('ILLEGAL_GENERATION')
    expect(await scene.heartbeat('nobody', generation)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('keep a member in the group, and their absence puts it out', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    for (let i = 0; i < 5; i++) {
      await scene.clock.advance(9999)
      expect(await scene.heartbeat(ids[0]!, generation)).toBe('NONE')
    }
    await scene.clock.advance(9999)
    expect(await scene.state()).toBe('Stable')
    await scene.clock.advance(1)
    expect(await scene.state()).toBe('Empty')
    expect(await scene.heartbeat(ids[0]!, generation)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('have nothing to do with the wall clock', async () => {
    const scene = await Scene.open()
    await scene.stable(1)
    scene.clock.setWall(scene.clock.now() + 86_400_000)
    await scene.clock.advance(9999)
    expect(await scene.state()).toBe('Stable')
  })

  it('keep a member alive while a round gathers', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    await scene.enter()
    for (let i = 0; i < 3; i++) {
      await scene.clock.advance(9000)
      expect(await scene.heartbeat(ids[0]!, generation)).toBe('REBALANCE_IN_PROGRESS')
    }
  })

  it('start a round for the others when one falls silent', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(2)
    await scene.clock.advance(6000)
    await scene.heartbeat(ids[0]!, generation)
    await scene.clock.advance(4000)
    expect(await scene.heartbeat(ids[0]!, generation)).toBe('REBALANCE_IN_PROGRESS')
    const reply = await scene.join({ memberId: ids[0]! })
    expect(reply.members).toHaveLength(1)
  })
})

describe('a round', () => {
  it('goes on without those who have not joined within the rebalance timeout', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    const { id, joined } = await scene.enter()
    for (let i = 0; i < 11; i++) {
      await scene.clock.advance(5000)
      await scene.heartbeat(ids[0]!, generation)
    }
    await scene.clock.advance(4999)
    expect(await isParked(joined)).toBe(true)
    await scene.clock.advance(1)
    expect(await joined).toMatchObject({ generationId: generation + 1, leader: id })
    expect(await scene.heartbeat(ids[0]!, generation)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('does not time out a member whose join is parked, for it cannot heartbeat', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(2)
    const leader = ids[0]!
    const joined = scene.join({ memberId: leader })
    await isParked(joined)
    for (let i = 0; i < 5; i++) {
      await scene.clock.advance(9000)
      await scene.heartbeat(ids[1]!, generation)
    }
    expect(await isParked(joined)).toBe(true)
    await scene.join({ memberId: ids[1]! })
    expect(await joined).toMatchObject({ leader, errorCode: 'NONE' })
  })

  it('gives up on a new member whose join has been parked for five minutes', async () => {
    const scene = await Scene.open()
    const terms = { rebalanceTimeoutMs: 1_800_000, sessionTimeoutMs: 600_000 }
    const { ids } = await scene.stable(1, terms)
    const { joined } = await scene.enter(terms)
    await scene.clock.advance(299_999)
    expect(await isParked(joined)).toBe(true)
    await scene.clock.advance(1)
    expect(await joined).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', memberId: '' })
    expect(await scene.join({ memberId: ids[0]!, ...terms })).toMatchObject({ errorCode: 'NONE' })
  })

  it('waits for those who were given a member id, until they come or their time is up', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    await scene.join({ sessionTimeoutMs: 6000 })
    const joined = scene.join({ memberId: ids[0]! })
    await isParked(joined)
    await scene.clock.advance(5999)
    expect(await isParked(joined)).toBe(true)
    await scene.clock.advance(1)
    expect(await joined).toMatchObject({ generationId: generation + 1 })
  })

  it('keeps a member whose connection closes: only its reply is lost', async () => {
    const scene = await Scene.open()
    const { ids } = await scene.stable(1)
    let close = (): void => undefined
    const cancellation = {
      cancelled: false,
      onCancel: (listener: (reason: 'closed' | 'stopping') => void) => {
        close = () => listener('closed')
        return () => undefined
      },
    }
    const { memberId } = await scene.join()
    const lost = scene.join({ memberId }, cancellation)
    await isParked(lost)
    close()
    await lost
    const led = await scene.join({ memberId: ids[0]! })
    expect(led.members.map((member) => member.memberId)).toEqual([ids[0], memberId])
  })
})

describe('leaving', () => {
  it('is answered for each who leaves', async () => {
    const scene = await Scene.open()
    expect(await scene.leave('nobody')).toEqual(['UNKNOWN_MEMBER_ID'])
    const { ids } = await scene.stable(2)
    expect(await scene.leave(ids[0]!, 'nobody', ids[1]!)).toEqual([
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'NONE',
    ])
    expect(await scene.state()).toBe('Empty')
    expect((await scene.groups.describe(GROUP))!.protocolType).toBe('consumer')
  })

  it('starts a round for those who stay, and another leads when the leader has gone', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(2)
    await scene.leave(ids[0]!)
    expect(await scene.heartbeat(ids[1]!, generation)).toBe('REBALANCE_IN_PROGRESS')
    const reply = await scene.join({ memberId: ids[1]! })
    expect(reply).toMatchObject({ generationId: generation + 1, leader: ids[1]! })
  })

  it('completes the round that only waited for the one who leaves', async () => {
    const scene = await Scene.open()
    const { ids, generation } = await scene.stable(1)
    const { id, joined } = await scene.enter()
    await scene.leave(ids[0]!)
    expect(await joined).toMatchObject({ generationId: generation + 1, leader: id })
  })

  it('answers what the one who leaves has parked', async () => {
    const scene = await Scene.open()
    const { ids } = await scene.stable(1)
    const { id, joined } = await scene.enter()
    await Promise.all([joined, scene.join({ memberId: ids[0]! })])
    const waiting = scene.sync(id, 2)
    await isParked(waiting)
    await scene.leave(id)
    expect(await waiting).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID' })
    const again = await scene.enter()
    await scene.leave(again.id)
    expect(await again.joined).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', memberId: '' })
  })

  it('takes back a member id that was never used', async () => {
    const scene = await Scene.open()
    const { memberId } = await scene.join()
    expect(await scene.leave(memberId)).toEqual(['NONE'])
    expect(await scene.join({ memberId })).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID' })
  })

  it('of a group without id is refused', async () => {
    const scene = await Scene.open()
    const leaving = scene.groups.leave('', [{ memberId: 'm', groupInstanceId: null }])
    await expect(leaving).rejects.toMatchObject({ code: 'INVALID_GROUP_ID' })
  })
})
