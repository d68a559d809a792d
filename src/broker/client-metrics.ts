/**
 * What a connection's clients are told about pushing metrics, and whether a push is in order (KIP-714). Nothing receives
 * metrics here: a client is asked for none, and what it pushes all the same is checked as Kafka checks it, and dropped.
 */

import type { ErrorName } from '../protocol/errors.ts'
import { compressionOf, inflateWhileQuick } from '../protocol/records/compression.ts'
import { crc32c } from '../protocol/records/crc32c.ts'
import { InvalidRecord } from '../protocol/records/invalid-record.ts'
import { ZERO_UUID } from '../protocol/schema.ts'

/** Kafka's, where no subscription says otherwise. */
export const PUSH_INTERVAL_MS = 300_000
/** A connection has one; whoever makes up more loses what is known of the first. */
const MAX_INSTANCES = 16
const COMPRESSION_TYPES = 5
/** Nobody may call itself so: the reserved ids of Kafka. */
const RESERVED_IDS: readonly string[] = [ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ']

interface Instance {
  lastAskedMs: number
  lastPushedMs: number
  hasTerminated: boolean
  /** After some errors a client may ask again at once. */
  mayAskAgain: boolean
}

export interface Push {
  clientInstanceId: string
  subscriptionId: number
  terminating: boolean
  compressionType: number
  metrics: Buffer
}

/** Lives as long as its connection. */
export class ClientMetrics {
  private readonly instances = new Map<string, Instance>()

  /** Whether a client may ask for its subscription now. */
  ask(clientInstanceId: string, nowMs: number): boolean {
    const instance = this.instance(clientInstanceId)
    const lastMs = Math.max(instance.lastAskedMs, instance.lastPushedMs)
    const isInTime = nowMs - lastMs >= PUSH_INTERVAL_MS
    if (isInTime) instance.lastAskedMs = nowMs
    const may = isInTime || instance.mayAskAgain
    if (may) instance.mayAskAgain = false
    return may
  }

  push(push: Push, maxBytes: number, nowMs: number): ErrorName {
    if (RESERVED_IDS.includes(push.clientInstanceId)) return 'INVALID_REQUEST'
    const instance = this.instance(push.clientInstanceId)
    const error = refusal(push, instance, maxBytes, nowMs)
    instance.hasTerminated = push.terminating
    instance.mayAskAgain =
      error === 'UNKNOWN_SUBSCRIPTION_ID' || error === 'UNSUPPORTED_COMPRESSION_TYPE'
    return error ?? 'NONE'
  }

  private instance(id: string): Instance {
    const known = this.instances.get(id)
    if (known) return known
    const [first] = this.instances.keys()
    if (first !== undefined && this.instances.size >= MAX_INSTANCES) this.instances.delete(first)
    const made: Instance = {
      lastAskedMs: -Infinity,
      lastPushedMs: -Infinity,
      hasTerminated: false,
      mayAskAgain: false,
    }
    this.instances.set(id, made)
    return made
  }
}

/** Another one for each client: a client whose subscription has another id has to ask anew. */
export function subscriptionIdOf(clientInstanceId: string): number {
  return crc32c(Buffer.from(clientInstanceId, 'base64url')) | 0
}

function refusal(
  push: Push,
  instance: Instance,
  maxBytes: number,
  nowMs: number,
): ErrorName | undefined {
  if (instance.hasTerminated) return 'INVALID_REQUEST'
  // The first push after asking may come early: clients spread theirs over the interval.
  const hasAsked = instance.lastAskedMs > instance.lastPushedMs
  if (hasAsked || nowMs - instance.lastPushedMs >= PUSH_INTERVAL_MS) instance.lastPushedMs = nowMs
  else if (!push.terminating) return 'THROTTLING_QUOTA_EXCEEDED'
  if (push.subscriptionId !== subscriptionIdOf(push.clientInstanceId)) {
    return 'UNKNOWN_SUBSCRIPTION_ID'
  }
  const { compressionType, metrics } = push
  if (compressionType < 0 || compressionType >= COMPRESSION_TYPES) {
    return 'UNSUPPORTED_COMPRESSION_TYPE'
  }
  if (metrics.length > maxBytes) return 'TELEMETRY_TOO_LARGE'
  return opens(compressionType, metrics) ? undefined : 'INVALID_RECORD'
}

/** What opens to more than is quick is taken as it is. */
function opens(compressionType: number, metrics: Buffer): boolean {
  if (metrics.length === 0) return true
  try {
    inflateWhileQuick(compressionOf(compressionType), metrics)
    return true
  } catch (error) {
    if (error instanceof InvalidRecord) return false
    throw error
  }
}
