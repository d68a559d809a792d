import { beforeEach, describe, expect, it } from 'vitest'
import { offsetFetch } from '../../../src/broker/apis/09-offset-fetch.ts'
import { joinGroup } from '../../../src/broker/apis/11-join-group.ts'
import { syncGroup } from '../../../src/broker/apis/14-sync-group.ts'
import { offsetCommit } from '../../../src/broker/apis/08-offset-commit.ts'
import { offsetDelete } from '../../../src/broker/apis/47-offset-delete.ts'
import { encodeMessage } from '../../../src/protocol/compile.ts'
import { ConsumerProtocolSubscription } from '../../../src/protocol/messages/embedded/consumer-protocol.ts'
import { denying, GroupClient } from './group-client.ts'

let client: GroupClient

beforeEach(async () => {
  client = await GroupClient.make()
  const terms = { replicationFactor: -1, assignments: [], configs: [] }
  await client.cluster.createTopics([{ name: 'bills', numPartitions: 1, ...terms }])
})

function subscription(...topics: string[]): Buffer {
  const version = Buffer.from([0, 0])
  const message = { topics, userData: null }
  return Buffer.concat([version, encodeMessage(ConsumerProtocolSubscription, 0, message)])
}

function forget(
  topics: Record<string, number[]>,
  { groupId = 'g', authorized = denying('') } = {},
) {
  const request = {
    groupId,
    topics: Object.entries(topics).map(([name, indexes]) => ({
      name,
      partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
    })),
  }
  return client.ask(offsetDelete, request, { version: 0, authorized })
}

/** Error codes by partition, like `orders0`. */
async function codes(...asked: Parameters<typeof forget>): Promise<Record<string, string>> {
  const { topics } = await forget(...asked)
  return Object.fromEntries(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [`${name}${partitionIndex}`, errorCode]),
    ),
  )
}

async function committed(): Promise<string[]> {
  const groups = [{ groupId: 'g', topics: null }]
  const fetched = await client.ask(offsetFetch, { groups }, { version: 8 })
  return fetched.groups[0]!.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex }) => `${name}${partitionIndex}`),
  )
}

function commit(name: string, memberId: string, generationIdOrMemberEpoch: number) {
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  const topics = [{ name, partitions }]
  const request = { groupId: 'g', memberId, generationIdOrMemberEpoch, topics }
  return client.ask(offsetCommit, request, { version: 8 })
}

function join(protocolType: string, metadata: Buffer, memberId = '') {
  const timeouts = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 }
  const protocols = [{ name: 'range', metadata }]
  const request = { groupId: 'g', memberId, protocolType, protocols, ...timeouts }
  return client.ask(joinGroup, request, { version: 3 })
}

async function sync(memberId: string, generationId = 1): Promise<void> {
  const assignments = [{ memberId, assignment: Buffer.alloc(0) }]
  await client.ask(syncGroup, { groupId: 'g', generationId, memberId, assignments }, { version: 3 })
}

describe('OffsetDelete', () => {
  it('forgets what an empty group has committed, and nothing else', async () => {
    await client.commit(8, 0)
    await client.commit(8, 1)
    expect(await codes({ orders: [0, 7], none: [0] })).toEqual({
      orders0: 'NONE',
      orders7: 'UNKNOWN_TOPIC_OR_PARTITION',
      none0: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    expect(await committed()).toEqual(['orders1'])
    expect(await codes({ orders: [0] })).toEqual({ orders0: 'NONE' })
  })

  it('does not know a group that is not there, whatever it is asked', async () => {
    const unknown = { errorCode: 'GROUP_ID_NOT_FOUND', topics: [] }
    for (const topics of [{ orders: [0] }, { none: [0] }, { orders: [] }, {}]) {
      expect(await forget(topics, { groupId: 'h' })).toMatchObject(unknown)
      expect(await forget(topics, { groupId: '' })).toMatchObject({ errorCode: 'INVALID_GROUP_ID' })
    }
  })

  it('says nothing of topics of which no partition is named', async () => {
    await client.commit(8, 0)
    expect(await forget({ orders: [], bills: [0] })).toMatchObject({
      errorCode: 'NONE',
      topics: [{ name: 'bills', partitions: [{ partitionIndex: 0, errorCode: 'NONE' }] }],
    })
    expect(await forget({ none: [0] })).toMatchObject({
      errorCode: 'NONE',
      topics: [{ name: 'none', partitions: [{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }] }],
    })
  })

  it('refuses the topics that consumers read, in the rebalance after it too', async () => {
    const { memberId } = await join('consumer', subscription('orders'))
    await sync(memberId)
    await commit('orders', memberId, 1)
    await commit('bills', memberId, 1)
    expect(await codes({ orders: [0] })).toEqual({ orders0: 'GROUP_SUBSCRIBED_TO_TOPIC' })
    expect(await committed()).toEqual(['orders0', 'bills0'])
    void join('consumer', subscription('bills'))
    expect(await codes({ orders: [0], bills: [0] })).toEqual({
      orders0: 'GROUP_SUBSCRIBED_TO_TOPIC',
      bills0: 'NONE',
    })
    expect(await committed()).toEqual(['orders0'])
  })

  it('goes by the new generation as soon as it has begun', async () => {
    await join('consumer', subscription('bills'))
    expect(await codes({ orders: [0], bills: [0] })).toEqual({
      orders0: 'NONE',
      bills0: 'GROUP_SUBSCRIBED_TO_TOPIC',
    })
  })

  it('refuses every topic where a subscription cannot be read', async () => {
    const { memberId } = await join('consumer', Buffer.from([0]))
    await sync(memberId)
    expect(await codes({ bills: [0] })).toEqual({ bills0: 'GROUP_SUBSCRIBED_TO_TOPIC' })
  })

  it('refuses a group of other members than consumers', async () => {
    const { memberId } = await join('connect', subscription('orders'))
    await sync(memberId)
    const refused = { errorCode: 'NON_EMPTY_GROUP', topics: [] }
    expect(await forget({ bills: [0] })).toMatchObject(refused)
  })

  it('asks whether the principal may change the group and read the topic', async () => {
    await client.commit(8)
    expect(await forget({ orders: [0] }, { authorized: denying('DELETE GROUP g') })).toMatchObject({
      errorCode: 'GROUP_AUTHORIZATION_FAILED',
      topics: [],
    })
    expect(await codes({ orders: [0] }, { authorized: denying('READ TOPIC orders') })).toEqual({
      orders0: 'TOPIC_AUTHORIZATION_FAILED',
    })
    expect(await committed()).toEqual(['orders0'])
  })
})
