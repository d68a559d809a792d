/** ListConfigResources: what has configs, by kind (KIP-1142). */

import { ListConfigResources } from '../../protocol/messages/74-list-config-resources.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  GROUP_RESOURCE,
  TOPIC_RESOURCE,
} from '../config/config-resources.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

const KINDS: readonly number[] = [
  TOPIC_RESOURCE,
  BROKER_RESOURCE,
  BROKER_LOGGER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  GROUP_RESOURCE,
]

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
  if (apiVersion === 0) return [CLIENT_METRICS_RESOURCE]
  const unknown = resourceTypes.find((kind) => !KINDS.includes(kind))
  if (unknown !== undefined) {
    throw new KafkaError('UNSUPPORTED_VERSION', `There are no configs of resource type ${unknown}.`)
  }
  return resourceTypes.length === 0 ? KINDS : resourceTypes
}

/** Groups and client metrics are listed when something is set for them. */
function namesOf(kind: number, { cluster }: Context): string[] {
  switch (kind) {
    case TOPIC_RESOURCE:
      return Array.from(cluster.topics(), ({ name }) => name)
    case BROKER_RESOURCE:
    case BROKER_LOGGER_RESOURCE:
      return [String(cluster.nodeId)]
    case CLIENT_METRICS_RESOURCE:
    case GROUP_RESOURCE:
      return cluster.namesWithConfigs(kind)
    default:
      return []
  }
}
