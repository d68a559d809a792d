/** The configs of a client metrics subscription: which metrics clients are asked for, how often, and which clients (KIP-714). */

import { int, list } from './config-key.ts'
import { noBlanks } from './rules.ts'

export const clientMetricsKeys = {
  'interval.ms': int(300_000),
  match: list([], noBlanks),
  metrics: list([], noBlanks),
}

export type ClientMetricsKey = keyof typeof clientMetricsKeys

const SHORTEST_MS = 100
const LONGEST_MS = 3_600_000

const MATCHED: readonly string[] = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]

function isClientMetricsKey(name: string): name is ClientMetricsKey {
  return Object.hasOwn(clientMetricsKeys, name)
}

/** What is wrong, and whether Kafka holds the request or the config to blame. */
export interface ClientMetricsProblem {
  error: 'INVALID_REQUEST' | 'INVALID_CONFIG'
  message: string
}

export function validateClientMetrics(
  configs: ReadonlyMap<string, string>,
): ClientMetricsProblem | null {
  for (const name of configs.keys()) {
    if (isClientMetricsKey(name)) continue
    return { error: 'INVALID_REQUEST', message: `Unknown client metrics configuration: ${name}` }
  }
  for (const [name, value] of configs) {
    const parsed = clientMetricsKeys[name as ClientMetricsKey].parse(name, value)
    if ('error' in parsed) return { error: 'INVALID_CONFIG', message: parsed.error }
    if (name === 'interval.ms') {
      const interval = Number(parsed.value)
      if (interval >= SHORTEST_MS && interval <= LONGEST_MS) continue
      const message = `Invalid value ${interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)`
      return { error: 'INVALID_REQUEST', message }
    }
    if (name !== 'match') continue
    const bad = (parsed.value as readonly string[]).find((pattern) => !isPattern(pattern))
    if (bad === undefined) continue
    return { error: 'INVALID_CONFIG', message: `Illegal client matching pattern: ${bad}` }
  }
  return null
}

/** `what=regular expression`. */
function isPattern(text: string): boolean {
  const parts = text.split('=')
  // As Java splits: what is empty at the end is not there.
  while (parts.at(-1) === '') parts.pop()
  const [what, pattern] = parts
  if (parts.length !== 2 || what === undefined || pattern === undefined) return false
  if (!MATCHED.includes(what.trim())) return false
  try {
    new RegExp(pattern.trim())
    return true
  } catch {
    return false
  }
}
