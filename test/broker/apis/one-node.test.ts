import { beforeEach, describe, expect, it } from 'vitest'
import { electLeaders } from '../../../src/broker/apis/43-elect-leaders.ts'
import { alterPartitionReassignments } from '../../../src/broker/apis/45-alter-partition-reassignments.ts'
import { listPartitionReassignments } from '../../../src/broker/apis/46-list-partition-reassignments.ts'
import { describeQuorum } from '../../../src/broker/apis/55-describe-quorum.ts'
import { unregisterBroker } from '../../../src/broker/apis/64-unregister-broker.ts'
import { listConfigResources } from '../../../src/broker/apis/74-list-config-resources.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'
import { denying, versions } from './group-client.ts'

const DENIED = 'CLUSTER_AUTHORIZATION_FAILED'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker({ values: { 'node.id': 5 } })
  const terms = { replicationFactor: -1, assignments: [], configs: [] }
  await broker.cluster.createTopics([{ name: 't', numPartitions: 2, ...terms }])
})

describe('ElectLeaders', () => {
  const elect = (
    topicPartitions: { topic: string; partitions: number[] }[] | null,
    { version = 2, electionType = 0, authorized = denying('') } = {},
  ) => {
    const type = version >= 1 ? { electionType } : {}
    const request = { topicPartitions, timeoutMs: 5000, ...type }
    return broker.ask(electLeaders, request, { version, authorized })
  }

  it.each(versions(0, 2))(
    'v%i: a partition has the leader that it should have',
    async (version) => {
      const asked = [
        { topic: 't', partitions: [0, 5] },
        { topic: 'u', partitions: [0] },
      ]
      expect((await elect(asked, { version })).replicaElectionResults).toMatchObject([
        {
          topic: 't',
          partitionResult: [
            {
              partitionId: 0,
              errorCode: 'ELECTION_NOT_NEEDED',
              errorMessage: 'Leader election not needed for topic partition.',
            },
            { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', errorMessage: 'No such partition as t-5' },
          ],
        },
        {
          topic: 'u',
          partitionResult: [
            { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', errorMessage: 'No such topic as u' },
          ],
        },
      ])
    },
  )

  it('of all partitions, tells those alone that have not got their leader', async () => {
    const { replicaElectionResults } = await elect(null)
    expect(replicaElectionResults).toEqual([{ topic: 't', partitionResult: [] }])
  })

  it('finds no leader for a partition whose log is gone', async () => {
    const { log } = broker.cluster.topic('t')!.partitions[1]!
    await broker.engine.delete(log)
    const asked = [{ topic: 't', partitions: [1] }]
    for (const [electionType, errorCode] of [
      [0, 'PREFERRED_LEADER_NOT_AVAILABLE'],
      [1, 'ELIGIBLE_LEADERS_NOT_AVAILABLE'],
    ] as const) {
      const { replicaElectionResults } = await elect(asked, { electionType })
      expect(replicaElectionResults[0]!.partitionResult).toMatchObject([{ errorCode }])
    }
  })

  it('knows two types of election, and needs leave for them', async () => {
    const asked = [{ topic: 't', partitions: [0] }]
    expect(await elect(asked, { electionType: 7 })).toMatchObject({
      errorCode: 'INVALID_REQUEST',
      replicaElectionResults: [{ partitionResult: [{ errorMessage: 'Unknown election type 7' }] }],
    })
    const authorized = denying('ALTER CLUSTER kafka-cluster')
    const denied = [{ partitionResult: [{ partitionId: 0, errorCode: DENIED }] }]
    for (const version of [0, 1, 2]) {
      expect(await elect(asked, { version, authorized })).toMatchObject({
        errorCode: version < 1 ? 'NONE' : DENIED,
        replicaElectionResults: denied,
      })
    }
  })
})

describe('AlterPartitionReassignments', () => {
  const reassign = async (name: string, partitionIndex: number, replicas: number[] | null) => {
    const topics = [{ name, partitions: [{ partitionIndex, replicas }] }]
    const answer = await broker.ask(alterPartitionReassignments, { topics }, { version: 1 })
    expect(answer).toMatchObject({ errorCode: 'NONE', allowReplicationFactorChange: true })
    const { errorCode, errorMessage } = answer.responses[0]!.partitions[0]!
    return [errorCode, errorMessage]
  }

  it('takes the assignment that is', async () => {
    expect(await reassign('t', 0, [5])).toEqual(['NONE', null])
  })

  it.each([
    [[99], 'includes broker 99, but no such broker is registered.'],
    [[], 'includes an empty replica list.'],
    [[5, 5], 'includes the broker 5 more than once.'],
  ])('refuses to move a partition to %j', async (replicas, reason) => {
    expect(await reassign('t', 0, replicas)).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      `The manual partition assignment ${reason}`,
    ])
  })

  it('has no move to end, and does not know what is not there', async () => {
    expect(await reassign('t', 0, null)).toEqual(['NO_REASSIGNMENT_IN_PROGRESS', null])
    const unknown = 'UNKNOWN_TOPIC_OR_PARTITION'
    expect(await reassign('t', 7, [5])).toEqual([unknown, 'Unable to find partition t:7.'])
    expect(await reassign('u', 0, [5])).toEqual([unknown, 'Unable to find a topic named u.'])
  })

  it('moves nothing when asked for nothing', async () => {
    const answer = await broker.ask(alterPartitionReassignments, { topics: [] }, { version: 1 })
    expect(answer).toMatchObject({ errorCode: 'NONE', errorMessage: '', responses: [] })
  })

  it('is for those alone who may alter the cluster', async () => {
    const authorized = denying('ALTER CLUSTER kafka-cluster')
    const request = { topics: [] }
    const answer = await broker.ask(alterPartitionReassignments, request, {
      version: 0,
      authorized,
    })
    expect(answer).toMatchObject({ errorCode: DENIED, responses: [] })
  })
})

it('ListPartitionReassignments tells of none', async () => {
  const answer = await broker.ask(listPartitionReassignments, { topics: null }, { version: 0 })
  expect(answer).toMatchObject({ errorCode: 'NONE', errorMessage: null, topics: [] })
})

describe('DescribeQuorum', () => {
  const ask = (topicName: string, partitionIndex: number, version: number) => {
    const topics = [{ topicName, partitions: [{ partitionIndex }] }]
    const client = { localHost: '10.0.0.7', localPort: 4711 }
    return broker.ask(describeQuorum, { topics }, { version, client })
  }

  it.each(versions(0, 2))('v%i tells of the one replica, which is up to date', async (version) => {
    const { logEndOffset } = broker.cluster.quorum()
    expect(logEndOffset).toBeGreaterThan(0)
    const now = version < 1 ? -1n : BigInt(broker.clock.now())
    const end = BigInt(logEndOffset)
    const caughtUp = { lastFetchTimestamp: now, lastCaughtUpTimestamp: now }
    const answer = await ask('__cluster_metadata', 0, version)
    expect(answer).toMatchObject({
      errorCode: 'NONE',
      topics: [
        {
          partitions: [
            {
              errorCode: 'NONE',
              leaderId: 5,
              leaderEpoch: broker.cluster.controllerEpoch,
              highWatermark: end,
              currentVoters: [{ replicaId: 5, logEndOffset: end, ...caughtUp }],
              observers: [],
            },
          ],
        },
      ],
    })
    const listeners = [{ name: 'PLAINTEXT', host: '10.0.0.7', port: 4711 }]
    expect(answer.nodes).toEqual(version < 2 ? [] : [{ nodeId: 5, listeners }])
  })

  it.each([
    ['t', 0],
    ['__cluster_metadata', 1],
  ])('knows no quorum of %s-%i', async (topicName, partitionIndex) => {
    const unknown = {
      partitionIndex,
      errorCode: 'UNKNOWN_TOPIC_OR_PARTITION',
      errorMessage: 'This server does not host this topic-partition.',
      currentVoters: [],
    }
    expect(await ask(topicName, partitionIndex, 2)).toMatchObject({
      errorCode: 'NONE',
      topics: [{ topicName, partitions: [unknown] }],
    })
  })
})

describe('UnregisterBroker', () => {
  it.each([
    [4711, 'BROKER_ID_NOT_REGISTERED', 'Broker ID 4711 is not currently registered'],
    [5, 'INVALID_REQUEST', 'Broker 5 is the only one of the cluster, and cannot be unregistered.'],
  ])('of %i is %s', async (brokerId, errorCode, errorMessage) => {
    const answer = await broker.ask(unregisterBroker, { brokerId }, { version: 0 })
    expect(answer).toMatchObject({ errorCode, errorMessage })
  })
})

describe('ListConfigResources', () => {
  const list = async (resourceTypes: number[], authorized = denying('')) => {
    const question = { version: 1, authorized }
    const answer = await broker.ask(listConfigResources, { resourceTypes }, question)
    const { errorCode, configResources } = answer
    const found = configResources.map((one) => `${one.resourceType} ${one.resourceName}`)
    return errorCode === 'NONE' ? found : errorCode
  }

  it('lists what has configs, of the kinds asked for or of all', async () => {
    expect(await list([2])).toEqual(['2 t'])
    expect(await list([4, 32])).toEqual(['4 5'])
    expect(await list([])).toEqual(['2 t', '4 5', '8 5'])
  })

  it('lists client metrics alone in v0, of which there are none', async () => {
    const answer = await broker.ask(listConfigResources, {}, { version: 0 })
    expect(answer).toMatchObject({ errorCode: 'NONE', configResources: [] })
  })

  it('does not know other kinds, and needs leave', async () => {
    expect(await list([2, 99])).toBe('UNSUPPORTED_VERSION')
    expect(await list([2], denying('DESCRIBE_CONFIGS CLUSTER kafka-cluster'))).toBe(DENIED)
  })
})
