import { beforeEach, describe, expect, it } from 'vitest'
import { joinGroup } from '../../../src/broker/apis/11-join-group.ts'
import { heartbeat } from '../../../src/broker/apis/12-heartbeat.ts'
import { leaveGroup } from '../../../src/broker/apis/13-leave-group.ts'
import { syncGroup } from '../../../src/broker/apis/14-sync-group.ts'
import { describeGroups } from '../../../src/broker/apis/15-describe-groups.ts'
import { denying, GroupClient, versions } from './group-client.ts'

let client: GroupClient

beforeEach(async () => {
  client = await GroupClient.make()
})

describe('JoinGroup', () => {
  it.each(versions(0, 3))('v%i takes a member in at once', async (version) => {
    const reply = await client.join(version)
    expect(reply).toMatchObject({
      errorCode: 'NONE',
      generationId: 1,
      protocolName: 'range',
      leader: reply.memberId,
    })
    expect(reply.members).toMatchObject([
      { memberId: reply.memberId, metadata: Buffer.from('meta') },
    ])
  })

  it.each(versions(4, 9))('v%i gives out a member id first', async (version) => {
    const first = await client.join(version)
    expect(first).toMatchObject({
      errorCode: 'MEMBER_ID_REQUIRED',
      generationId: -1,
      protocolName: version < 7 ? '' : null,
      protocolType: null,
      leader: '',
      members: [],
    })
    const second = await client.join(version, first.memberId)
    expect(second).toMatchObject({
      errorCode: 'NONE',
      protocolType: version < 7 ? null : 'consumer',
      protocolName: 'range',
      skipAssignment: false,
    })
  })

  it('keeps the metadata when the frame that it came in is used again', async () => {
    const frame = Buffer.from('meta')
    const request = {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: frame }],
      reason: null,
    }
    await joinGroup.handle(request, client.context({ version: 3 }))
    frame.fill(0)
    const again = await client.join(9)
    expect(again.errorCode).toBe('MEMBER_ID_REQUIRED')
    const { groups } = await client.ask(describeGroups, { groups: ['g'] }, { version: 0 })
    const [known] = groups[0]!.members
    const rejoined = await client.join(3, known!.memberId)
    expect(rejoined.members[0]!.metadata.toString()).toBe('meta')
  })

  it('needs leave to read the group', async () => {
    expect(await client.join(9, '', denying('READ GROUP g'))).toMatchObject({
      errorCode: 'GROUP_AUTHORIZATION_FAILED',
      memberId: '',
    })
  })
})

describe('SyncGroup', () => {
  it('v5 has to name the protocol', async () => {
    const memberId = await client.member()
    const request = { groupId: 'g', generationId: 1, memberId, assignments: [] }
    const reply = await client.ask(syncGroup, request, { version: 5 })
    expect(reply.errorCode).toBe('INCONSISTENT_GROUP_PROTOCOL')
    const named = { ...request, protocolType: 'consumer', protocolName: 'range' }
    expect(await client.ask(syncGroup, named, { version: 5 })).toMatchObject({
      errorCode: 'NONE',
      protocolType: 'consumer',
      protocolName: 'range',
      assignment: Buffer.from('mine'),
    })
  })

  it.each(versions(0, 4))('v%i gives the assignment', async (version) => {
    const request = {
      groupId: 'g',
      generationId: 1,
      memberId: await client.member(),
      assignments: [],
    }
    const reply = await client.ask(syncGroup, request, { version })
    expect(reply.assignment.toString()).toBe('mine')
  })

  it('of a group without id, or without leave to read it, is refused', async () => {
    const request = { groupId: '', generationId: 1, memberId: 'm', assignments: [] }
    const refused = await client.ask(syncGroup, request, { version: 4 })
    expect(refused).toMatchObject({ errorCode: 'INVALID_GROUP_ID', assignment: Buffer.alloc(0) })
    const authorized = denying('READ GROUP g')
    const denied = { ...request, groupId: 'g' }
    expect(await client.ask(syncGroup, denied, { version: 4, authorized })).toMatchObject({
      errorCode: 'GROUP_AUTHORIZATION_FAILED',
    })
  })
})

describe('Heartbeat and LeaveGroup', () => {
  it.each(versions(0, 4))('Heartbeat v%i is answered', async (version) => {
    const request = { groupId: 'g', generationId: 1, memberId: await client.member() }
    expect((await client.ask(heartbeat, request, { version })).errorCode).toBe('NONE')
    const stranger = { ...request, memberId: 'nobody' }
    expect((await client.ask(heartbeat, stranger, { version })).errorCode).toBe('UNKNOWN_MEMBER_ID')
    const nameless = { ...request, groupId: '' }
    expect((await client.ask(heartbeat, nameless, { version })).errorCode).toBe('INVALID_GROUP_ID')
    const authorized = denying('READ GROUP g')
    expect((await client.ask(heartbeat, request, { version, authorized })).errorCode).toBe(
      'GROUP_AUTHORIZATION_FAILED',
    )
  })

  it.each(versions(0, 2))('LeaveGroup v%i has one member and one error', async (version) => {
    const request = { groupId: 'g', memberId: await client.member() }
    expect((await client.ask(leaveGroup, request, { version })).errorCode).toBe('NONE')
    expect((await client.ask(leaveGroup, request, { version })).errorCode).toBe('UNKNOWN_MEMBER_ID')
  })

  it.each(versions(3, 5))('LeaveGroup v%i has many, and an error for each', async (version) => {
    const memberId = await client.member()
    const request = { groupId: 'g', members: [{ memberId }, { memberId: 'nobody' }] }
    expect(await client.ask(leaveGroup, request, { version })).toMatchObject({
      errorCode: 'NONE',
      members: [
        { memberId, groupInstanceId: null, errorCode: 'NONE' },
        { memberId: 'nobody', groupInstanceId: null, errorCode: 'UNKNOWN_MEMBER_ID' },
      ],
    })
  })
})
