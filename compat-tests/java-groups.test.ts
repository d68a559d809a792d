/** Java's consumer, of kafka-clients 4.4, in classic groups: members that come and go, static ones, offsets by hand. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { JavaDriver, JavaError } from './harness/java-driver.ts'
import { until } from './harness/kafkajs-client.ts'
import { hasOracles } from './harness/programs.ts'

interface MemberView {
  assigned: number[]
  rebalances: number
  failure: string
  records: { partition: number; offset: number; timestamp: number; value: string }[]
}

describe.skipIf(!hasOracles())("Java's consumer groups", () => {
  let broker: BrokerProcess
  let java: JavaDriver

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    java = await JavaDriver.start(broker.bootstrap)
  })
  afterAll(async () => {
    java?.stop()
    await broker?.dispose()
  })

  const CONFIG = {
    'group.protocol': 'classic',
    'auto.offset.reset': 'earliest',
    'heartbeat.interval.ms': '100',
    'session.timeout.ms': '10000',
    'fetch.max.wait.ms': '50',
    'enable.auto.commit': 'false',
  }

  function join(name: string, group: string, topic: string, config: object = {}): Promise<unknown> {
    return java.do('join', { name, group, topic, config: { ...CONFIG, ...config } })
  }

  const view = (name: string): Promise<MemberView> => java.do('member', { name })

  async function refusal(command: string, asked: object): Promise<string> {
    try {
      await java.do(command, asked)
    } catch (error) {
      if (error instanceof JavaError) return error.className
      throw error
    }
    return 'nothing was thrown'
  }

  /** A topic with so many records, their timestamps 1000, 2000, ... by partition in turn. */
  async function filled(topic: string, partitions: number, count: number): Promise<void> {
    await java.do('createTopic', { topic, partitions })
    await fill(topic, partitions, count)
  }

  async function fill(topic: string, partitions: number, count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, i) => ({
      partition: i % partitions,
      timestamp: (i + 1) * 1000,
      value: Buffer.from(`${i}`).toString('base64'),
    }))
    await java.do('produce', { topic, records })
  }

  const assignedCounts = async (...names: string[]): Promise<number[]> => {
    const counts: number[] = []
    for (const name of names) counts.push((await view(name)).assigned.length)
    return counts
  }

  it.each([
    ['range', 'org.apache.kafka.clients.consumer.RangeAssignor'],
    ['cooperative-sticky', 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'],
  ])('share partitions by %s as members come and go', async (assignor, className) => {
    const topic = `shared-${assignor}`
    const group = `sharers-${assignor}`
    const names = [`${assignor}-1`, `${assignor}-2`] as const
    const config = { 'partition.assignment.strategy': className }
    await filled(topic, 4, 40)
    await join(names[0], group, topic, config)
    await java.do('reads', { name: names[0], count: 40 })
    expect((await view(names[0])).assigned).toEqual([0, 1, 2, 3])
    // What the first has committed is not read again by the second.
    await java.do('commit', { name: names[0] })
    await join(names[1], group, topic, config)
    await until('two partitions each', async () => {
      const counts = await assignedCounts(...names)
      return counts[0] === 2 && counts[1] === 2
    })
    expect(await java.do('describeGroup', { group })).toMatchObject({
      state: 'Stable',
      type: 'Classic',
      assignor,
      coordinator: 1,
      members: [{ instance: '' }, { instance: '' }],
    })
    await fill(topic, 4, 40)
    await java.do('reads', { name: names[1], count: 20 })
    await java.do('reads', { name: names[0], count: 60 })
    await java.do('leave', { name: names[1] })
    await until('all four again', async () => (await view(names[0])).assigned.length === 4)
    const { failure } = await java.do<MemberView>('leave', { name: names[0] })
    expect(failure).toBe('')
  })

  it('resume where the group has committed', async () => {
    await filled('resumed', 1, 10)
    await join('first', 'resumers', 'resumed')
    await java.do('reads', { name: 'first', count: 10 })
    await java.do('commit', { name: 'first' })
    await java.do('leave', { name: 'first' })
    await fill('resumed', 1, 3)
    await join('second', 'resumers', 'resumed')
    await java.do('reads', { name: 'second', count: 3 })
    const { records } = await java.do<MemberView>('leave', { name: 'second' })
    expect(records.map(({ offset }) => offset)).toEqual([10, 11, 12])
  })

  it('seek, and find offsets by time', async () => {
    await filled('sought', 1, 5)
    await join('seeker', 'seekers', 'sought')
    await java.do('reads', { name: 'seeker', count: 5 })
    const place = { name: 'seeker', topic: 'sought', partition: 0 }
    expect(await java.do('seek', { ...place, offset: 3 })).toBe(3)
    await java.do('reads', { name: 'seeker', count: 7 })
    const { records } = await view('seeker')
    expect(records.slice(5).map(({ offset }) => offset)).toEqual([3, 4])
    const found = await java.do('offsetForTime', { ...place, time: 2500 })
    expect(found).toEqual({ offset: 2, timestamp: 3000 })
    expect(await java.do('offsetForTime', { ...place, time: 9000 })).toBeNull()
    expect(await java.do('committed', place)).toBeNull()
    await java.do('commit', { name: 'seeker' })
    expect(await java.do('committed', place)).toBe(5)
    await java.do('leave', { name: 'seeker' })
  })

  it('keep the seat of a static member that goes away for a while', async () => {
    await filled('seated', 2, 2)
    const seat = (instance: string): object => ({ 'group.instance.id': instance })
    await join('stays', 'sitters', 'seated', seat('seat-1'))
    await join('goes', 'sitters', 'seated', seat('seat-2'))
    await until('one partition each', async () => {
      const counts = await assignedCounts('stays', 'goes')
      return counts[0] === 1 && counts[1] === 1
    })
    const { assigned: before } = await view('goes')
    const { rebalances } = await view('stays')
    await java.do('leave', { name: 'goes' })
    await join('comes', 'sitters', 'seated', seat('seat-2'))
    await until('the seat again', async () => (await view('comes')).assigned.length === 1)
    expect((await view('comes')).assigned).toEqual(before)
    expect((await view('stays')).rebalances).toBe(rebalances)

    // A second member of the same instance takes the seat: the first is fenced.
    await join('usurps', 'sitters', 'seated', seat('seat-2'))
    await until('the first is fenced', async () => (await view('comes')).failure !== '')
    expect((await view('comes')).failure).toContain('FencedInstanceIdException')
    await until('the seat taken', async () => (await view('usurps')).assigned.length === 1)
    for (const name of ['stays', 'usurps']) await java.do('leave', { name })
    for (const instance of ['seat-1', 'seat-2']) {
      await java.do('removeMember', { group: 'sitters', instance })
    }
    expect(await java.do('describeGroup', { group: 'sitters' })).toMatchObject({
      state: 'Empty',
      members: [],
    })
  })

  it('have their offsets changed and deleted by hand while nobody is there', async () => {
    const partition = { group: 'handled', topic: 'resumed', partition: 0 }
    await java.do('alterOffset', { ...partition, offset: 7, metadata: 'by hand' })
    expect(await java.do('listGroupOffsets', { group: 'handled' })).toEqual({
      'resumed-0': { offset: 7, metadata: 'by hand' },
    })
    const groups = await java.do<Record<string, string>>('listGroups')
    expect(groups['resumers']).toBe('Empty Classic consumer')
    expect(groups['handled']).toBe('Empty Classic ')
    await java.do('deleteOffset', partition)
    expect(await java.do('listGroupOffsets', { group: 'handled' })).toEqual({})
    await java.do('alterOffset', { ...partition, group: 'resumers', offset: 12 })
    await join('handler', 'resumers', 'resumed')
    await java.do('reads', { name: 'handler', count: 1 })
    expect(await refusal('alterOffset', { ...partition, group: 'resumers', offset: 1 })).toBe(
      'UnknownMemberIdException',
    )
    expect(await refusal('deleteOffset', { ...partition, group: 'resumers' })).toBe(
      'GroupSubscribedToTopicException',
    )
    expect(await refusal('deleteGroup', { group: 'resumers' })).toBe('GroupNotEmptyException')
    await java.do('leave', { name: 'handler' })
    await java.do('deleteGroup', { group: 'resumers' })
    expect(await refusal('deleteGroup', { group: 'resumers' })).toBe('GroupIdNotFoundException')
    expect(await java.do('listGroups')).not.toHaveProperty('resumers')
  })

  it('go on when the broker restarts', async () => {
    await filled('lasting', 1, 3)
    await join('survivor', 'survivors', 'lasting')
    await java.do('reads', { name: 'survivor', count: 3 })
    await java.do('commit', { name: 'survivor' })
    await broker.restart()
    await fill('lasting', 1, 2)
    await java.do('reads', { name: 'survivor', count: 5 })
    const { records, failure } = await java.do<MemberView>('leave', { name: 'survivor' })
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4])
    expect(failure).toBe('')
  })
})
