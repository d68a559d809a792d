import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { offsetForLeaderEpoch } from '../../../src/broker/apis/23-offset-for-leader-epoch.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { batch, BrokerUnderTest } from '../partitions/fixture.ts'

const UNKNOWN = { leaderEpoch: -1, endOffset: -1n }

let broker: BrokerUnderTest
let current: number

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  const { partitions } = await broker.topic('t')
  current = broker.cluster.leaderEpoch(partitions[0]!)!
})

async function ask(
  leaderEpoch: number,
  { version = 4, topic = 't', partition = 0, currentLeaderEpoch = -1 } = {},
) {
  const topics = [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }]
  const reply = await broker.ask(offsetForLeaderEpoch, version, { topics })
  if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
  return reply.topics[0]!.partitions[0]
}

async function write(): Promise<void> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batch(['a', 'b']) }] }]
  await broker.ask(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
}

describe('OffsetForLeaderEpoch', () => {
  it.each([2, 3, 4])('v%i ends the current epoch where the log ends', async (version) => {
    expect(await ask(current, { version })).toMatchObject({ errorCode: 'NONE', endOffset: 0n })
    await write()
    expect(await ask(current, { version })).toMatchObject({
      errorCode: 'NONE',
      partition: 0,
      leaderEpoch: current,
      endOffset: 2n,
    })
  })

  it('does not know the end of an epoch that has not begun, and of none: that is no error', async () => {
    expect(await ask(current + 1)).toMatchObject({ errorCode: 'NONE', ...UNKNOWN })
    expect(await ask(-1)).toMatchObject({ errorCode: 'NONE', ...UNKNOWN })
  })

  it('checks the leader epoch that the client believes in', async () => {
    const ahead = { currentLeaderEpoch: current + 1 }
    expect(await ask(current, ahead)).toMatchObject({
      errorCode: 'UNKNOWN_LEADER_EPOCH',
      ...UNKNOWN,
    })
    expect(await ask(current, { currentLeaderEpoch: -2 })).toMatchObject({
      errorCode: 'FENCED_LEADER_EPOCH',
      ...UNKNOWN,
    })
    const right = { currentLeaderEpoch: current }
    expect(await ask(current, right)).toMatchObject({ errorCode: 'NONE', endOffset: 0n })
  })

  it('does not know what is not there, or may not be seen', async () => {
    const missing = { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', ...UNKNOWN }
    expect(await ask(0, { topic: 'u' })).toMatchObject(missing)
    expect(await ask(0, { partition: 9 })).toMatchObject({ ...missing, partition: 9 })
    broker.denied.add('DESCRIBE TOPIC t')
    expect(await ask(0)).toMatchObject({ errorCode: 'TOPIC_AUTHORIZATION_FAILED', ...UNKNOWN })
  })
})
