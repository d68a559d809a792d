/** Requests that alter configs, in either of Kafka's two forms: what is wrong with a resource before anybody looks at its configs. */

import { defaultText } from '../protocol/errors.ts'
import { CLUSTER_RESOURCE } from './cluster/authorized-operations.ts'
import type { ConfigAlteration, Refusal } from './cluster/cluster.ts'
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  EVERY_BROKER,
  GROUP_RESOURCE,
  type StoredResource,
  TOPIC_RESOURCE,
} from './config/config-resources.ts'
import { repeatsIn } from './cluster/repeats.ts'
import { type ConfigOperation, operationKinds } from './config/config-operations.ts'
import type { Context } from './handler.ts'
import { alterLogLevels, logLevelProblem } from './log-levels.ts'

export interface AskedResource {
  resourceType: number
  resourceName: string
  configs: readonly { name: string; configOperation: number; value: string | null }[]
}

export interface AskedTerms {
  validateOnly: boolean
  /** What is not named is deleted (AlterConfigs). */
  replacesAll: boolean
}

export interface AlteredAnswer {
  errorCode: Refusal['error'] | 'NONE'
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

/** An answer for each resource, in their order, when what was altered is in effect. */
export async function alterResources(
  resources: readonly AskedResource[],
  terms: AskedTerms,
  context: Context,
): Promise<AlteredAnswer[]> {
  const repeats = repeatsIn(resources.map(nameOf))
  const prepared = resources.map((resource) =>
    repeats.has(nameOf(resource))
      ? invalid('Each resource must appear at most once.')
      : prepare(resource, terms, context),
  )
  const stored = prepared.filter((one) => one !== undefined && 'operations' in one)
  const { validateOnly } = terms
  const outcomes = await context.cluster.alterConfigs(stored, { validateOnly })
  const refusals = new Map(stored.map((alteration, i) => [alteration, outcomes[i]]))
  return resources.map(({ resourceType, resourceName }, i) => {
    const one = prepared[i]
    const refusal = one !== undefined && 'operations' in one ? refusals.get(one) : one
    return {
      errorCode: refusal?.error ?? 'NONE',
      errorMessage: refusal?.message ?? null,
      resourceType,
      resourceName,
    }
  })
}

/** The same answer for each resource, where the request fails as a whole. */
export function allFailed(
  resources: readonly Pick<AskedResource, 'resourceType' | 'resourceName'>[],
  errorCode: AlteredAnswer['errorCode'],
  errorMessage: string | null,
): AlteredAnswer[] {
  return resources.map(({ resourceType, resourceName }) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
  }))
}

function nameOf({ resourceType, resourceName }: AskedResource): string {
  return `${resourceType} ${resourceName}`
}

/** Undefined for what is done already: levels of the log are this broker's alone. */
function prepare(
  resource: AskedResource,
  terms: AskedTerms,
  context: Context,
): ConfigAlteration | Refusal | undefined {
  const { resourceType, resourceName } = resource
  const refusal =
    unauthorized(resource, context) ?? malformed(resource) ?? otherBroker(resource, context)
  if (refusal) return refusal
  const operations = operationsOf(resource)
  if ('error' in operations) return operations
  if (resourceType === BROKER_LOGGER_RESOURCE) {
    if (terms.replacesAll) return unknownType(resourceType)
    const problem = logLevelProblem(context.log, operations)
    if (!problem && !terms.validateOnly) alterLogLevels(context.log, operations)
    return problem
  }
  if (!isStored(resourceType)) return unknownType(resourceType)
  const isBroker = resourceType === BROKER_RESOURCE && resourceName !== EVERY_BROKER
  return {
    resourceType,
    resourceName: isBroker ? String(context.cluster.nodeId) : resourceName,
    operations,
    replacesAll: terms.replacesAll,
  }
}

function isStored(resourceType: number): resourceType is StoredResource {
  const stored: readonly number[] = [
    TOPIC_RESOURCE,
    BROKER_RESOURCE,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
  ]
  return stored.includes(resourceType)
}

function unauthorized(
  { resourceType, resourceName }: AskedResource,
  { authorized }: Context,
): Refusal | undefined {
  if (resourceType === TOPIC_RESOURCE) {
    if (authorized('ALTER_CONFIGS', 'TOPIC', resourceName)) return undefined
    return refused('TOPIC_AUTHORIZATION_FAILED')
  }
  if (resourceType === GROUP_RESOURCE) {
    if (authorized('ALTER_CONFIGS', 'GROUP', resourceName)) return undefined
    return refused('GROUP_AUTHORIZATION_FAILED')
  }
  if (authorized('ALTER_CONFIGS', 'CLUSTER', CLUSTER_RESOURCE)) return undefined
  return refused('CLUSTER_AUTHORIZATION_FAILED')
}

function malformed({ configs }: AskedResource): Refusal | undefined {
  if (repeatsIn(configs.map(({ name }) => name)).size > 0) {
    return invalid('Error due to duplicate config keys')
  }
  const nulls = configs.filter(
    ({ configOperation, value }) => value === null && operationKinds[configOperation] !== 'DELETE',
  )
  if (nulls.length === 0) return undefined
  return invalid(`Null value not supported for : ${nulls.map(({ name }) => name).join(', ')}`)
}

/** One broker alters itself alone: a client has to ask the one that it means. */
function otherBroker(
  { resourceType, resourceName }: AskedResource,
  { cluster }: Context,
): Refusal | undefined {
  const isLogger = resourceType === BROKER_LOGGER_RESOURCE
  if (!isLogger && (resourceType !== BROKER_RESOURCE || resourceName === EVERY_BROKER)) {
    return undefined
  }
  if (!/^[+-]?\d{1,10}$/.test(resourceName)) {
    return invalid(`Node id must be an integer, but it is: ${resourceName}`)
  }
  const { nodeId } = cluster
  if (Number(resourceName) === nodeId) return undefined
  return invalid(
    isLogger
      ? `Unexpected node id. Expected ${nodeId}, but received ${resourceName}`
      : `Unexpected broker id, expected ${nodeId}, but received ${resourceName}`,
  )
}

function operationsOf({ resourceType, configs }: AskedResource): ConfigOperation[] | Refusal {
  const operations: ConfigOperation[] = []
  for (const { name, configOperation, value } of configs) {
    const kind = operationKinds[configOperation]
    if (kind === undefined) {
      return invalid(
        resourceType === BROKER_LOGGER_RESOURCE
          ? `Unknown operation type ${configOperation} is not allowed for the BROKER_LOGGER resource`
          : `Unknown operations type ${configOperation}`,
      )
    }
    operations.push({ name, kind, value: value ?? '' })
  }
  return operations
}

function unknownType(resourceType: number): Refusal {
  return invalid(`Unknown resource type ${resourceType}`)
}

function invalid(message: string): Refusal {
  return { error: 'INVALID_REQUEST', message }
}

function refused(error: Refusal['error']): Refusal {
  return { error, message: defaultText(error) }
}
