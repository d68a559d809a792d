import { beforeEach, describe, expect, it } from 'vitest'
import { offsetFetch } from '../../../src/broker/apis/09-offset-fetch.ts'
import { heartbeat } from '../../../src/broker/apis/12-heartbeat.ts'
import { describeGroups } from '../../../src/broker/apis/15-describe-groups.ts'
import { listGroups } from '../../../src/broker/apis/16-list-groups.ts'
import { deleteGroups } from '../../../src/broker/apis/42-delete-groups.ts'
import type { Context } from '../../../src/broker/handler.ts'
import { denying, GroupClient, versions } from './group-client.ts'

const NOT_ASKED_FOR = -2_147_483_648

let client: GroupClient

beforeEach(async () => {
  client = await GroupClient.make()
})

describe('DescribeGroups', () => {
  it.each(versions(0, 6))('v%i tells of a group, and of none', async (version) => {
    const memberId = await client.member()
    const { groups } = await client.ask(describeGroups, { groups: ['g', 'nobody'] }, { version })
    expect(groups[0]).toMatchObject({
      errorCode: 'NONE',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId,
          clientId: 'test',
          clientHost: '/127.0.0.1',
          memberMetadata: Buffer.from('meta'),
          memberAssignment: Buffer.from('mine'),
        },
      ],
      authorizedOperations: NOT_ASKED_FOR,
    })
    expect(groups[1]).toMatchObject({
      errorCode: version < 6 ? 'NONE' : 'GROUP_ID_NOT_FOUND',
      errorMessage: version < 6 ? null : 'Group nobody not found.',
      groupState: 'Dead',
      members: [],
    })
  })

  it('says what the client may do, when it is asked', async () => {
    await client.member()
    const request = { groups: ['g', 'nobody'], includeAuthorizedOperations: true }
    const { groups } = await client.ask(describeGroups, request, {
      version: 6,
      authorized: denying('DELETE GROUP g'),
    })
    const readAndDescribe = (1 << 3) | (1 << 8) | (1 << 10) | (1 << 11)
    expect(groups.map((group) => group.authorizedOperations)).toEqual([
      readAndDescribe,
      NOT_ASKED_FOR,
    ])
  })

  it('tells nothing that the client may not see', async () => {
    await client.member()
    const authorized = denying('DESCRIBE GROUP g')
    const { groups } = await client.ask(
      describeGroups,
      { groups: ['g'] },
      { version: 6, authorized },
    )
    expect(groups[0]).toMatchObject({ errorCode: 'GROUP_AUTHORIZATION_FAILED', members: [] })
  })
})

describe('ListGroups', () => {
  it.each(versions(0, 5))('v%i lists groups', async (version) => {
    expect((await client.ask(listGroups, {}, { version })).groups).toEqual([])
    await client.member()
    const { groups } = await client.ask(listGroups, {}, { version })
    expect(groups).toEqual([
      {
        groupId: 'g',
        protocolType: 'consumer',
        groupState: version < 4 ? '' : 'Stable',
        groupType: version < 5 ? '' : 'classic',
      },
    ])
  })

  it('filters by state', async () => {
    await client.member()
    const { groups } = await client.ask(listGroups, { statesFilter: ['Empty'] }, { version: 4 })
    expect(groups).toEqual([])
  })

  it('lists all to whom the cluster is open, and to others what they may see', async () => {
    await client.member()
    const one = denying('DESCRIBE GROUP g')
    expect((await client.ask(listGroups, {}, { version: 5, authorized: one })).groups).toHaveLength(
      1,
    )
    const both: Context['authorized'] = (operation) => operation !== 'DESCRIBE'
    expect((await client.ask(listGroups, {}, { version: 5, authorized: both })).groups).toEqual([])
  })
})

describe('DeleteGroups', () => {
  it.each(versions(0, 3))('v%i answers each group once', async (version) => {
    await client.commit(8)
    const groupsNames = ['g', 'nobody', 'g']
    const { results } = await client.ask(deleteGroups, { groupsNames }, { version })
    expect(results).toEqual([
      { groupId: 'g', errorCode: 'NONE', errorMessage: null },
      { groupId: 'nobody', errorCode: 'GROUP_ID_NOT_FOUND', errorMessage: null },
    ])
  })

  it('needs leave to delete, and an empty group', async () => {
    await client.member()
    const ask = async (authorized: Context['authorized']) => {
      const request = { groupsNames: ['g'] }
      const { results } = await client.ask(deleteGroups, request, { version: 3, authorized })
      return results[0]!.errorCode
    }
    expect(await ask(denying('DELETE GROUP g'))).toBe('GROUP_AUTHORIZATION_FAILED')
    expect(await ask(() => true)).toBe('NON_EMPTY_GROUP')
  })
})

describe('a broker that stops', () => {
  it('answers NOT_COORDINATOR where each API has its error', async () => {
    const memberId = await client.member()
    client.broker.groups.stop()
    const lost = 'NOT_COORDINATOR'
    expect(await client.join(9)).toMatchObject({ errorCode: lost, memberId: '' })
    const beat = { groupId: 'g', generationId: 1, memberId }
    expect((await client.ask(heartbeat, beat, { version: 4 })).errorCode).toBe(lost)
    expect((await client.commit(8)).topics[0]!.partitions[0]!.errorCode).toBe(lost)
    const groups = [{ groupId: 'g', topics: null }]
    const fetched = await client.ask(offsetFetch, { groups }, { version: 8 })
    expect(fetched.groups[0]!.errorCode).toBe(lost)
    const described = await client.ask(describeGroups, { groups: ['g'] }, { version: 6 })
    expect(described.groups[0]!.errorCode).toBe(lost)
    const deleted = await client.ask(deleteGroups, { groupsNames: ['g'] }, { version: 2 })
    expect(deleted.results[0]!.errorCode).toBe(lost)
  })
})
