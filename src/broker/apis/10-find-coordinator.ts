/** FindCoordinator: the broker that coordinates groups, transactional ids and share partitions; makes their internal topic. */

import { FindCoordinator } from '../../protocol/messages/10-find-coordinator.ts'
import { defaultText, type ErrorName } from '../../protocol/errors.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

const GROUP = 0
const TRANSACTION = 1
const SHARE = 2

type Coordinator = NonNullable<ResponseOf<typeof FindCoordinator>['coordinators']>[number]

export const findCoordinator = handler<typeof FindCoordinator>({
  api: FindCoordinator,
  versions: '0-6',
  async handle({ key, keyType, coordinatorKeys }, context) {
    if (context.apiVersion >= 4) {
      const found = coordinatorKeys.map((one) => coordinatorOf(one, keyType, context))
      return { coordinators: await Promise.all(found) }
    }
    const { errorCode, errorMessage, nodeId, host, port } = await coordinatorOf(
      key,
      keyType,
      context,
    )
    // Before v4 Kafka says NONE where nothing is wrong.
    const text = errorCode === 'NONE' ? 'NONE' : (errorMessage ?? null)
    return { errorCode, errorMessage: text, nodeId, host, port }
  },
  fail: ({ coordinatorKeys }, errorCode, errorMessage) => ({
    errorCode,
    errorMessage,
    nodeId: -1,
    host: '',
    port: -1,
    coordinators: coordinatorKeys.map((key) => notFound(key, errorCode, errorMessage)),
  }),
})

async function coordinatorOf(key: string, keyType: number, context: Context): Promise<Coordinator> {
  const { authorized, apiVersion } = context
  switch (keyType) {
    case GROUP:
      if (!authorized('DESCRIBE', 'GROUP', key)) return notFound(key, 'GROUP_AUTHORIZATION_FAILED')
      return thisNode(key, '__consumer_offsets', context)
    case TRANSACTION:
      // The one error after which every client gives up at once instead of asking again.
      return notFound(
        key,
        'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        'Transactions are not supported by this broker yet: unset transactional.id. Idempotent producers work without it.',
      )
    case SHARE:
      if (apiVersion < 6 || !isSharePartition(key)) return notFound(key, 'INVALID_REQUEST', '')
      if (!authorized('CLUSTER_ACTION', 'CLUSTER', 'kafka-cluster')) {
        return notFound(key, 'CLUSTER_AUTHORIZATION_FAILED')
      }
      return thisNode(key, '__share_group_state', context)
    default:
      return notFound(key, 'INVALID_REQUEST')
  }
}

async function thisNode(
  key: string,
  topic: '__consumer_offsets' | '__share_group_state',
  { cluster, client }: Context,
): Promise<Coordinator> {
  try {
    await cluster.internalTopic(topic)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return error.code === 'POLICY_VIOLATION'
      ? notFound(key, error.code, error.message)
      : notFound(key, error.code)
  }
  const { host, port } = cluster.advertised(client)
  return { key, nodeId: cluster.nodeId, host, port, errorCode: 'NONE', errorMessage: '' }
}

function notFound(
  key: string,
  errorCode: ErrorName,
  errorMessage: string | null = defaultText(errorCode),
): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
}

/** A share partition is `group:topicId:partition`, and the group may have colons of its own. */
function isSharePartition(key: string): boolean {
  const parts = /^.+:([A-Za-z0-9_-]{22}):(\d{1,10})$/.exec(key)
  return parts !== null && Number(parts[2]) < 2 ** 31
}
