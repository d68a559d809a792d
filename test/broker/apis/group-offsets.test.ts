import { beforeEach, describe, expect, it } from 'vitest'
import { offsetCommit } from '../../../src/broker/apis/08-offset-commit.ts'
import { offsetFetch } from '../../../src/broker/apis/09-offset-fetch.ts'
import type { Context } from '../../../src/broker/handler.ts'
import { ZERO_UUID } from '../../../src/protocol/schema.ts'
import { denying, GroupClient, UNKNOWN_ID, versions } from './group-client.ts'

let client: GroupClient

beforeEach(async () => {
  client = await GroupClient.make()
})

describe('OffsetCommit and OffsetFetch', () => {
  it.each(versions(0, 10))('OffsetCommit v%i knows which partitions there are', async (version) => {
    const there = await client.commit(version)
    expect(there.topics[0]!.partitions).toEqual([{ partitionIndex: 0, errorCode: 'NONE' }])
    const none = await client.commit(version, 9)
    expect(none.topics[0]!.partitions[0]!.errorCode).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    const gone = await client.commit(version, 0, { name: 'gone', topicId: UNKNOWN_ID })
    expect(gone.topics[0]!.partitions[0]!.errorCode).toBe(
      version < 10 ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'UNKNOWN_TOPIC_ID',
    )
  })

  it('answers every partition in its place, whatever becomes of the others', async () => {
    const partition = { committedOffset: 5, committedMetadata: '' }
    const topics = [
      { name: 'gone', partitions: [{ partitionIndex: 0, ...partition }] },
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 7, ...partition },
          { partitionIndex: 1, ...partition },
          { partitionIndex: 0, ...partition, committedMetadata: 'x'.repeat(4097) },
        ],
      },
    ]
    const reply = await client.ask(offsetCommit, { groupId: 'g', topics }, { version: 8 })
    expect(reply.topics.map(({ partitions }) => partitions)).toEqual([
      [{ partitionIndex: 0, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }],
      [
        { partitionIndex: 7, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
        { partitionIndex: 1, errorCode: 'NONE' },
        { partitionIndex: 0, errorCode: 'OFFSET_METADATA_TOO_LARGE' },
      ],
    ])
  })

  it('a lost generation is called what the client knows', async () => {
    const errorOf = async (version: number) => {
      const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
      const topics = [{ name: 'orders', partitions }]
      const request = { groupId: 'g', memberId: 'm', generationIdOrMemberEpoch: 1, topics }
      const reply = await client.ask(offsetCommit, request, { version })
      return reply.topics[0]!.partitions[0]!.errorCode
    }
    expect(await errorOf(8)).toBe('ILLEGAL_GENERATION')
    expect(await errorOf(9)).toBe('GROUP_ID_NOT_FOUND')
  })

  it.each(versions(1, 7))('OffsetFetch v%i asks for one group', async (version) => {
    await client.commit(8)
    const topics = [
      { name: 'orders', partitionIndexes: [0, 1] },
      { name: 'gone', partitionIndexes: [0] },
    ]
    const reply = await client.ask(offsetFetch, { groupId: 'g', topics }, { version })
    const nothing = {
      committedOffset: -1n,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode: 'NONE',
    }
    expect(reply.errorCode).toBe('NONE')
    expect(reply.topics).toEqual([
      {
        name: 'orders',
        partitions: [
          { ...nothing, partitionIndex: 0, committedOffset: 5n, metadata: 'note' },
          { ...nothing, partitionIndex: 1 },
        ],
      },
      { name: 'gone', partitions: [{ ...nothing, partitionIndex: 0 }] },
    ])
    if (version < 2) return
    const all = await client.ask(offsetFetch, { groupId: 'g', topics: null }, { version })
    expect(all.topics).toMatchObject([{ name: 'orders', partitions: [{ committedOffset: 5n }] }])
  })

  it.each(versions(8, 10))('OffsetFetch v%i asks for many groups', async (version) => {
    await client.commit(8)
    const { topicId } = client.orders
    const where = version >= 10 ? { topicId } : { name: 'orders' }
    const found = version >= 10 ? { topicId, name: '' } : { topicId: ZERO_UUID, name: 'orders' }
    const groups = [
      { groupId: 'g', topics: [{ ...where, partitionIndexes: [0] }] },
      { groupId: 'g', topics: null },
      { groupId: 'nobody', topics: null },
    ]
    const reply = await client.ask(offsetFetch, { groups, requireStable: true }, { version })
    const offset = { partitionIndex: 0, committedOffset: 5n, metadata: 'note', errorCode: 'NONE' }
    const topics = [{ ...found, partitions: [{ ...offset, committedLeaderEpoch: -1 }] }]
    expect(reply.groups).toEqual([
      { groupId: 'g', topics, errorCode: 'NONE' },
      { groupId: 'g', topics, errorCode: 'NONE' },
      { groupId: 'nobody', topics: [], errorCode: 'NONE' },
    ])
  })

  it('OffsetFetch v10 says which topic ids there are not', async () => {
    const topics = [{ topicId: UNKNOWN_ID, partitionIndexes: [0] }]
    const reply = await client.ask(
      offsetFetch,
      { groups: [{ groupId: 'g', topics }] },
      { version: 10 },
    )
    expect(reply.groups[0]).toMatchObject({
      errorCode: 'NONE',
      topics: [
        {
          topicId: UNKNOWN_ID,
          partitions: [{ committedOffset: -1n, errorCode: 'UNKNOWN_TOPIC_ID' }],
        },
      ],
    })
  })

  it('show and take nothing that the client may not see or change', async () => {
    await client.commit(8)
    const ask = (
      authorized: Context['authorized'],
      topics: { name: string; partitionIndexes: number[] }[] | null,
    ) => client.ask(offsetFetch, { groups: [{ groupId: 'g', topics }] }, { version: 8, authorized })
    const group = await ask(denying('DESCRIBE GROUP g'), null)
    expect(group.groups[0]).toMatchObject({ errorCode: 'GROUP_AUTHORIZATION_FAILED', topics: [] })
    const noTopic = denying('DESCRIBE TOPIC orders')
    expect((await ask(noTopic, null)).groups[0]).toMatchObject({ errorCode: 'NONE', topics: [] })
    const named = await ask(noTopic, [{ name: 'orders', partitionIndexes: [0] }])
    expect(named.groups[0]!.topics[0]!.partitions[0]).toMatchObject({
      committedOffset: -1n,
      errorCode: 'TOPIC_AUTHORIZATION_FAILED',
    })
    const old = { groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] }
    const authorized = denying('DESCRIBE GROUP g')
    const v1 = await client.ask(offsetFetch, old, { version: 1, authorized })
    expect(v1.topics[0]!.partitions[0]!.errorCode).toBe('GROUP_AUTHORIZATION_FAILED')
    const v2 = await client.ask(offsetFetch, old, { version: 2, authorized })
    expect(v2.errorCode).toBe('GROUP_AUTHORIZATION_FAILED')
    const partitions = [{ partitionIndex: 0, committedOffset: 9, committedMetadata: '' }]
    const committing = { groupId: 'g', topics: [{ name: 'orders', partitions }] }
    for (const [denied, error] of [
      ['READ GROUP g', 'GROUP_AUTHORIZATION_FAILED'],
      ['READ TOPIC orders', 'TOPIC_AUTHORIZATION_FAILED'],
    ] as const) {
      const question = { version: 8, authorized: denying(denied) }
      const reply = await client.ask(offsetCommit, committing, question)
      expect(reply.topics[0]!.partitions[0]!.errorCode).toBe(error)
    }
  })
})
