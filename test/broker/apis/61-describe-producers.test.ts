import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { describeProducers } from '../../../src/broker/apis/61-describe-producers.ts'
import { batch, BrokerUnderTest } from '../partitions/fixture.ts'

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  await broker.topic('t')
})

function ask(...topics: { name: string; partitionIndexes: number[] }[]) {
  return broker.ask(describeProducers, 0, { topics })
}

async function write(records: Buffer): Promise<void> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  await broker.ask(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
}

describe('DescribeProducers', () => {
  it('tells the last sequence and epoch of each producer that has an id', async () => {
    await write(batch(['no id']))
    await write(batch(['a', 'b'], { producerId: 7, producerEpoch: 2, baseSequence: 0 }))
    expect(await ask({ name: 't', partitionIndexes: [0] })).toMatchObject({
      topics: [
        {
          name: 't',
          partitions: [
            {
              errorCode: 'NONE',
              errorMessage: null,
              activeProducers: [
                {
                  producerId: 7n,
                  producerEpoch: 2,
                  lastSequence: 1,
                  lastTimestamp: 1_700_000_000_000n,
                  coordinatorEpoch: -1,
                  currentTxnStartOffset: -1n,
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('does not know what is not there: a topic with a text, a partition without', async () => {
    const errorCode = 'UNKNOWN_TOPIC_OR_PARTITION'
    const text = 'This server does not host this topic-partition.'
    expect(
      await ask({ name: 't', partitionIndexes: [3] }, { name: 'u', partitionIndexes: [0] }),
    ).toMatchObject({
      topics: [
        { partitions: [{ partitionIndex: 3, errorCode, errorMessage: null, activeProducers: [] }] },
        { partitions: [{ partitionIndex: 0, errorCode, errorMessage: text }] },
      ],
    })
  })

  it.each([
    ['', 'Topic name is invalid: the empty string is not allowed'],
    [
      'bad name',
      "Topic name is invalid: 'bad name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
  ])('refuses %j, which no topic can be called', async (name, errorMessage) => {
    expect(await ask({ name, partitionIndexes: [0] })).toMatchObject({
      topics: [{ name, partitions: [{ errorCode: 'INVALID_TOPIC_EXCEPTION', errorMessage }] }],
    })
  })

  it('asks whether the principal may read', async () => {
    broker.denied.add('READ TOPIC t')
    expect(await ask({ name: 't', partitionIndexes: [0] })).toMatchObject({
      topics: [{ partitions: [{ errorCode: 'TOPIC_AUTHORIZATION_FAILED' }] }],
    })
  })
})
