import { expect, test } from 'vitest'
import { describeCluster } from '../../../src/broker/apis/60-describe-cluster.ts'
import { CLUSTER_ID, openBroker } from '../fixture.ts'

const open = () => openBroker({ values: { 'node.id': 5, 'broker.rack': 'r1' } })

test.each([0, 1, 2])('DescribeCluster v%i tells of the one node', async (version) => {
  const broker = await open()
  const answer = await broker.ask(
    describeCluster,
    { includeClusterAuthorizedOperations: true },
    { version, client: { localHost: '10.0.0.7', localPort: 4711 } },
  )
  expect(answer).toMatchObject({
    errorCode: 'NONE',
    errorMessage: null,
    endpointType: 1,
    clusterId: CLUSTER_ID,
    controllerId: 5,
    brokers: [{ brokerId: 5, host: '10.0.0.7', port: 4711, rack: 'r1', isFenced: false }],
    clusterAuthorizedOperations: 8096,
  })
})

test('DescribeCluster tells no operations that nobody asked for', async () => {
  const broker = await open()
  const request = { includeClusterAuthorizedOperations: false }
  const answer = await broker.ask(describeCluster, request, { version: 2 })
  expect(answer.clusterAuthorizedOperations).toBe(-2_147_483_648)
})

test.each([
  [2, 'MISMATCHED_ENDPOINT_TYPE'],
  [9, 'UNSUPPORTED_ENDPOINT_TYPE'],
])('DescribeCluster of endpoint type %i is %s', async (endpointType, errorCode) => {
  const broker = await open()
  const request = { includeClusterAuthorizedOperations: false, endpointType }
  const answer = await broker.ask(describeCluster, request, { version: 1 })
  expect(answer).toMatchObject({ errorCode, errorMessage: expect.any(String), brokers: [] })
})
