import { beforeEach, describe, expect, it } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { alterReplicaLogDirs } from '../../../src/broker/apis/34-alter-replica-log-dirs.ts'
import { describeLogDirs } from '../../../src/broker/apis/35-describe-log-dirs.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'
import { batch } from '../partitions/fixture.ts'
import { denying } from './group-client.ts'

const records = batch(['a', 'b'])

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker()
  const terms = { replicationFactor: -1, assignments: [], configs: [] }
  await broker.cluster.createTopics([
    { name: 't', numPartitions: 2, ...terms },
    { name: 'v', numPartitions: 1, ...terms },
  ])
  const topicData = [{ name: 't', partitionData: [{ index: 1, records }] }]
  await broker.ask(produce, { acks: -1, timeoutMs: 5000, topicData }, { version: 9 })
})

function ask(
  topics: { topic: string; partitions: number[] }[] | null,
  { version = 5, authorized = denying('') } = {},
) {
  return broker.ask(describeLogDirs, { topics }, { version, authorized })
}

describe('DescribeLogDirs', () => {
  it.each([1, 2, 3, 4, 5])('v%i tells the bytes that a partition takes', async (version) => {
    const { results } = await ask([{ topic: 't', partitions: [1] }], { version })
    expect(results).toMatchObject([{ errorCode: 'NONE', logDir: '/data', isCordoned: false }])
    expect(results[0]!.topics).toEqual([
      {
        name: 't',
        partitions: [
          {
            partitionIndex: 1,
            partitionSize: BigInt(records.length),
            offsetLag: 0n,
            isFutureKey: false,
          },
        ],
      },
    ])
  })

  it('tells of all partitions where no topics are named, and of none where the list is empty', async () => {
    const all = await ask(null)
    expect(all.results[0]!.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual(
      [
        ['t', 2],
        ['v', 1],
      ],
    )
    expect((await ask([])).results[0]!.topics).toEqual([])
  })

  it('leaves out what is not there', async () => {
    const { results } = await ask([
      { topic: 'u', partitions: [0] },
      { topic: 'v', partitions: [4] },
      { topic: 't', partitions: [9, 0] },
    ])
    expect(results[0]!.topics).toMatchObject([{ name: 't', partitions: [{ partitionIndex: 0 }] }])
    expect(results[0]!.topics[0]!.partitions).toHaveLength(1)
  })

  it('leaves out a topic whose logs are gone', async () => {
    await broker.engine.delete(broker.cluster.topic('v')!.partitions[0]!.log)
    expect((await ask(null)).results[0]!.topics.map(({ name }) => name)).toEqual(['t'])
  })

  it('is for those alone who may describe the cluster', async () => {
    const authorized = denying('DESCRIBE CLUSTER kafka-cluster')
    expect(await ask(null, { authorized })).toMatchObject({
      errorCode: 'CLUSTER_AUTHORIZATION_FAILED',
      results: [],
    })
  })
})

describe('AlterReplicaLogDirs', () => {
  const move = (path: string, topic: string, authorized = denying('')) => {
    const dirs = [{ path, topics: [{ name: topic, partitions: [0] }] }]
    return broker.ask(alterReplicaLogDirs, { dirs }, { version: 2, authorized })
  }

  it.each([
    ['/no/such/folder', 't', 'LOG_DIR_NOT_FOUND'],
    ['/no/such/folder', 'u', 'LOG_DIR_NOT_FOUND'],
    ['/data', 't', 'NONE'],
    ['/data', 'u', 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])('to %s, of the topic %s, is %s', async (path, topic, errorCode) => {
    expect((await move(path, topic)).results).toEqual([
      { topicName: topic, partitions: [{ partitionIndex: 0, errorCode }] },
    ])
  })

  it('is for those alone who may alter the cluster', async () => {
    const { results } = await move('/data', 't', denying('ALTER CLUSTER kafka-cluster'))
    expect(results[0]!.partitions[0]!.errorCode).toBe('CLUSTER_AUTHORIZATION_FAILED')
  })
})
