/** Values of a broker's configuration that are right each for itself, and not together. */

import type { BrokerConfig } from './broker-config.ts'
import { readOverrides } from './connection-limits.ts'

/** What `log.local.retention.*` says when nobody has said more. */
const AS_THE_WHOLE = -2

/** What a broker is not started with either; undefined when there is nothing. The texts are Kafka's. */
export function limitsProblem(config: BrokerConfig): string | undefined {
  const rollMs = config.get('log.roll.ms')
  if (rollMs !== null && rollMs < 1) return 'log.roll.ms must be greater than or equal to 1'
  const jitterMs = config.get('log.roll.jitter.ms')
  if (jitterMs !== null && jitterMs < 0) {
    return 'log.roll.jitter.ms must be greater than or equal to 0'
  }
  if (retentionMs(config) === 0) {
    return 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1'
  }
  const overrides = config.get('max.connections.per.ip.overrides')
  const read = readOverrides(overrides)
  if ('bad' in read) {
    return `Invalid value ${overrides} for configuration max.connections.per.ip.overrides: ${read.bad} is not host:connections`
  }
  if (config.get('max.connections.per.ip') === 0 && overrides.trim() === '') {
    return 'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.'
  }
  const mib = 1024 * 1024
  if (config.get('log.cleaner.dedupe.buffer.size') < mib * config.get('log.cleaner.threads')) {
    return 'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.'
  }
  return undefined
}

/** What of a topic lies here cannot be more than what there is of it, nor be copied to elsewhere later than it goes (KIP-405). */
export function remoteProblem(config: BrokerConfig): string | undefined {
  const pairs = [
    ['ms', retentionMs(config)],
    ['bytes', config.get('log.retention.bytes')],
  ] as const
  for (const [unit, whole] of pairs) {
    const problem = localProblem(config, unit, whole) ?? lagProblem(config, unit, whole)
    if (problem !== undefined) return problem
  }
  return undefined
}

function localProblem(
  config: BrokerConfig,
  unit: 'ms' | 'bytes',
  whole: number,
): string | undefined {
  const local = config.get(`log.local.retention.${unit}`)
  if (whole < 0 || local === AS_THE_WHOLE) return undefined
  const text = `Invalid value ${local} for configuration log.local.retention.${unit}: Value must not be`
  if (local === -1) return `${text} -1 as log.retention.${unit} value is set as ${whole}.`
  return local > whole
    ? `${text} more than log.retention.${unit} property value: ${whole}`
    : undefined
}

function lagProblem(config: BrokerConfig, unit: 'ms' | 'bytes', whole: number): string | undefined {
  const lag = config.get(`log.remote.copy.lag.${unit}`)
  const own = config.get(`log.local.retention.${unit}`)
  const local = own === AS_THE_WHOLE ? whole : own
  if (local < 0 || lag <= local) return undefined
  return (
    `Invalid value ${lag} for configuration log.remote.copy.lag.${unit}: ` +
    `Value must not exceed log.local.retention.${unit} (effective value: ${local})`
  )
}

function retentionMs(config: BrokerConfig): number {
  const ms = config.get('log.retention.ms')
  if (ms !== null) return ms
  const minutes = config.get('log.retention.minutes')
  return minutes === null ? config.get('log.retention.hours') * 3_600_000 : minutes * 60_000
}
