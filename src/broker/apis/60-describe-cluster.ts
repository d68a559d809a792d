/** DescribeCluster: the brokers, the controller, and what the asker may do with the cluster. */

import { DescribeCluster } from '../../protocol/messages/60-describe-cluster.ts'
import {
  authorizedOperations,
  CLUSTER_RESOURCE,
  OPERATIONS_NOT_ASKED_FOR,
} from '../cluster/authorized-operations.ts'
import { handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

/** Whom an asker wants to be told: brokers or controllers (KIP-919). */
const BROKERS = 1
const CONTROLLERS = 2

export const describeCluster = handler<typeof DescribeCluster>({
  api: DescribeCluster,
  versions: '0-2',
  handle({ endpointType, includeClusterAuthorizedOperations }, { client, cluster, authorized }) {
    checkEndpointType(endpointType)
    return {
      errorCode: 'NONE',
      endpointType: BROKERS,
      clusterId: cluster.clusterId,
      controllerId: cluster.nodeId,
      brokers: [
        { brokerId: cluster.nodeId, ...cluster.advertised(client), rack: cluster.node.rack },
      ],
      clusterAuthorizedOperations: includeClusterAuthorizedOperations
        ? authorizedOperations(authorized, 'CLUSTER', CLUSTER_RESOURCE)
        : OPERATIONS_NOT_ASKED_FOR,
    }
  },
  fail: (_request, errorCode, errorMessage) => ({
    errorCode,
    errorMessage,
    clusterId: '',
    brokers: [],
  }),
})

function checkEndpointType(endpointType: number): void {
  if (endpointType === BROKERS) return
  if (endpointType === CONTROLLERS) {
    throw new KafkaError(
      'MISMATCHED_ENDPOINT_TYPE',
      'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    )
  }
  throw new KafkaError('UNSUPPORTED_ENDPOINT_TYPE', `Unsupported endpoint type ${endpointType}`)
}
