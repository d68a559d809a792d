/** ListConfigResources: what has configs, by kind (KIP-1142). */

import { ListConfigResources } from '../../protocol/messages/74-list-config-resources.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { type Context, handler, KafkaError } from '../handler.ts'

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const CLIENT_METRICS = 16
const GROUP = 32
const KINDS: readonly number[] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP]

export const listConfigResources = handler<typeof ListConfigResources>({
  api: ListConfigResources,
  versions: '0-1',
  handle({ resourceTypes }, context) {
    requireCluster(context.authorized, 'DESCRIBE_CONFIGS')
    const kinds = new Set(kindsAsked(resourceTypes, context.apiVersion))
    const configResources = [...kinds].flatMap((resourceType) =>
      namesOf(resourceType, context).map((resourceName) => ({ resourceName, resourceType })),
    )
    return { errorCode: 'NONE', configResources }
  },
  fail: (_request, errorCode) => ({ errorCode, configResources: [] }),
})

/** v0 knew client metrics alone; later, no kind is every kind. */
function kindsAsked(resourceTypes: readonly number[], apiVersion: number): readonly number[] {
  if (apiVersion === 0) return [CLIENT_METRICS]
  const unknown = resourceTypes.find((kind) => !KINDS.includes(kind))
  if (unknown !== undefined) {
    throw new KafkaError('UNSUPPORTED_VERSION', `There are no configs of resource type ${unknown}.`)
  }
  return resourceTypes.length === 0 ? KINDS : resourceTypes
}

/** Groups and client metrics are listed when configs have been set for them, which cannot be done yet. */
function namesOf(kind: number, { cluster }: Context): string[] {
  switch (kind) {
    case TOPIC:
      return Array.from(cluster.topics(), ({ name }) => name)
    case BROKER:
    case BROKER_LOGGER:
      return [String(cluster.nodeId)]
    default:
      return []
  }
}
