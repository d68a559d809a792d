/** kafkajs consumer groups: members come and go, offsets are committed, resumed and reset. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Consumer, Kafka } from 'kafkajs'
import { BrokerProcess, type EngineName } from './harness/broker-process.ts'
import { consume, joined, kafkajs, until } from './harness/kafkajs-client.ts'

describe.each<EngineName>(['memory', 'file'])('kafkajs groups on the %s engine', (engine) => {
  let broker: BrokerProcess
  let kafka: Kafka

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine })
    kafka = kafkajs(broker.bootstrap)
  })
  afterAll(() => broker?.dispose())

  async function createTopic(topic: string, numPartitions: number): Promise<void> {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions }] })
    await admin.disconnect()
  }

  async function produce(topic: string, values: string[], partitions = 1): Promise<void> {
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({
      topic,
      messages: values.map((value, i) => ({ value, partition: i % partitions })),
    })
    await producer.disconnect()
  }

  interface Member {
    consumer: Consumer
    values: string[]
    /** The partitions of each assignment, newest last. */
    assignments: number[][]
  }

  async function member(groupId: string, topic: string): Promise<Member> {
    const consumer = kafka.consumer({
      groupId,
      maxWaitTimeInMs: 100,
      heartbeatInterval: 100,
      sessionTimeout: 6000,
    })
    const values: string[] = []
    const assignments: number[][] = []
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      assignments.push((payload.memberAssignment[topic] ?? []).toSorted())
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const first = joined(consumer)
    await consumer.run({
      eachMessage: async ({ message }) => void values.push(message.value!.toString()),
    })
    await first
    return { consumer, values, assignments }
  }

  function owned(members: Member[]): number[] {
    return members.flatMap(({ assignments }) => assignments.at(-1) ?? []).toSorted()
  }

  it('shares partitions among members that come one after another and hands them on when one leaves', async () => {
    const topic = `shared-${engine}`
    await createTopic(topic, 6)
    const members = [await member('sharers', topic)]
    expect(owned(members)).toEqual([0, 1, 2, 3, 4, 5])
    members.push(await member('sharers', topic))
    members.push(await member('sharers', topic))
    await until('two partitions each', () =>
      members.every(({ assignments }) => assignments.at(-1)?.length === 2),
    )
    expect(owned(members)).toEqual([0, 1, 2, 3, 4, 5])
    const values = Array.from({ length: 60 }, (_, i) => `value-${i}`)
    await produce(topic, values, 6)
    await until('sixty messages', () => members.flatMap((m) => m.values).length >= 60)
    expect(members.flatMap((m) => m.values).toSorted()).toEqual(values.toSorted())
    expect(members.every((m) => m.values.length === 20)).toBe(true)

    const leaver = members.shift()!
    await leaver.consumer.disconnect()
    await until('three partitions each', () =>
      members.every(({ assignments }) => assignments.at(-1)?.length === 3),
    )
    expect(owned(members)).toEqual([0, 1, 2, 3, 4, 5])
    for (const { consumer } of members) await consumer.disconnect()
  })

  it('resumes where the group has committed', async () => {
    const topic = `resumed-${engine}`
    await createTopic(topic, 1)
    await produce(topic, ['a', 'b', 'c'])
    expect((await consume(kafka, `resumers-${engine}`, [topic], 3)).map((m) => m.value)).toEqual([
      'a',
      'b',
      'c',
    ])
    await produce(topic, ['d', 'e'])
    expect((await consume(kafka, `resumers-${engine}`, [topic], 2)).map((m) => m.value)).toEqual([
      'd',
      'e',
    ])
  })

  it.skipIf(engine === 'memory')(
    'keeps committed offsets over a restart of the broker',
    async () => {
      const topic = 'kept'
      await createTopic(topic, 1)
      await produce(topic, ['a', 'b'])
      await consume(kafka, 'keepers', [topic], 2)
      await broker.restart()
      await produce(topic, ['c'])
      expect((await consume(kafka, 'keepers', [topic], 1)).map((m) => m.value)).toEqual(['c'])
    },
  )

  it('drops a member that stays silent for its session timeout', async () => {
    const topic = `silent-${engine}`
    await createTopic(topic, 2)
    const live = await member('silent-group', topic)
    const mute = kafka.consumer({
      groupId: 'silent-group',
      heartbeatInterval: 300,
      sessionTimeout: 1000,
      rebalanceTimeout: 2000,
    })
    await mute.connect()
    await mute.subscribe({ topic })
    const muteJoined = joined(mute)
    // A member that is stuck in its handler sends no heartbeat: kafkajs sends them between messages.
    let release = (): void => {}
    const stuck = new Promise<void>((resolve) => (release = resolve))
    await mute.run({ eachBatch: () => stuck })
    await muteJoined
    await until('one partition each', () => live.assignments.at(-1)?.length === 1)
    await produce(topic, ['x', 'y'], 2)
    await until('both partitions again', () => live.assignments.at(-1)?.length === 2, 15_000)
    release()
    await live.consumer.disconnect()
    await mute.disconnect()
  })

  it('commits by hand and reads offsets back by the admin client', async () => {
    const topic = `by-hand-${engine}`
    const groupId = `hand-${engine}`
    await createTopic(topic, 1)
    await produce(topic, ['a', 'b', 'c', 'd'])
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
    let count = 0
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async () => {
        count++
        if (count === 2) {
          await consumer.commitOffsets([{ topic, partition: 0, offset: '2', metadata: 'half way' }])
        }
      },
    })
    await until('four messages', () => count === 4)
    await consumer.disconnect()
    const admin = kafka.admin()
    await admin.connect()
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
    expect(committed).toMatchObject({
      topic,
      partitions: [{ partition: 0, offset: '2', metadata: 'half way' }],
    })
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] })
    const [moved] = await admin.fetchOffsets({ groupId, topics: [topic] })
    expect(moved?.partitions[0]?.offset).toBe('1')
    await admin.disconnect()
    expect((await consume(kafka, groupId, [topic], 3)).map((m) => m.value)).toEqual(['b', 'c', 'd'])
  })

  it('lists, describes and deletes groups', async () => {
    const topic = `described-${engine}`
    const groupId = `described-${engine}`
    await createTopic(topic, 2)
    const one = await member(groupId, topic)
    const admin = kafka.admin()
    await admin.connect()
    const { groups } = await admin.listGroups()
    expect(groups).toContainEqual({ groupId, protocolType: 'consumer' })
    const described = await admin.describeGroups([groupId])
    expect(described.groups[0]).toMatchObject({
      groupId,
      state: 'Stable',
      protocolType: 'consumer',
      members: [{ clientId: 'compat' }],
    })
    await one.consumer.disconnect()
    await until('an empty group', async () => {
      const now = await admin.describeGroups([groupId])
      return now.groups[0]?.state === 'Empty'
    })
    await admin.deleteGroups([groupId])
    const after = await admin.listGroups()
    expect(after.groups.map((group) => group.groupId)).not.toContain(groupId)
    await admin.disconnect()
  })
})
