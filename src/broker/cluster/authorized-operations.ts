/** What somebody may do with a resource, as the bit field that Metadata and the describing APIs show (KIP-430). */

import type { Context, Operation, ResourceType } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

/** The bit of each operation is Kafka's number of it. */
const OPERATION_BIT: { readonly [Name in Operation]: number } = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
}

const OPERATIONS: { readonly [Type in ResourceType]: readonly Operation[] } = {
  TOPIC: [
    'READ',
    'WRITE',
    'CREATE',
    'DELETE',
    'ALTER',
    'DESCRIBE',
    'DESCRIBE_CONFIGS',
    'ALTER_CONFIGS',
  ],
  GROUP: ['READ', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS'],
  CLUSTER: [
    'CREATE',
    'ALTER',
    'DESCRIBE',
    'CLUSTER_ACTION',
    'DESCRIBE_CONFIGS',
    'ALTER_CONFIGS',
    'IDEMPOTENT_WRITE',
  ],
  TRANSACTIONAL_ID: ['WRITE', 'DESCRIBE'],
}

/** Stands where nobody has asked. */
export const OPERATIONS_NOT_ASKED_FOR = -2_147_483_648

/** The name of the one resource of type CLUSTER. */
export const CLUSTER_RESOURCE = 'kafka-cluster'

/** Throws CLUSTER_AUTHORIZATION_FAILED where the principal may not do this with the cluster. */
export function requireCluster(authorized: Context['authorized'], operation: Operation): void {
  if (authorized(operation, 'CLUSTER', CLUSTER_RESOURCE)) return
  throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED', 'Cluster authorization failed.')
}

export function authorizedOperations(
  authorized: Context['authorized'],
  resourceType: ResourceType,
  name: string,
): number {
  let bits = 0
  for (const operation of OPERATIONS[resourceType]) {
    if (authorized(operation, resourceType, name)) bits |= 1 << OPERATION_BIT[operation]
  }
  return bits
}
