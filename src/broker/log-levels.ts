/** The levels of the broker's log, which may be altered while it runs (KIP-412): it has one logger, and forgets them at its end. */

import type { Logger } from '../logger.ts'
import type { ConfigOperation } from './config/config-operations.ts'

const ROOT = 'root'
const LEVELS: readonly string[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
/** Sorted, as Kafka lists them. */
const LISTED_LEVELS = LEVELS.toSorted().join(', ')

/** Level by logger. */
export function logLevelsOf(log: Logger): ReadonlyMap<string, string> {
  const level = LEVELS.find((one) => log.isLevelEnabled(one.toLowerCase()))
  return new Map([[ROOT, level ?? 'OFF']])
}

export interface LogLevelProblem {
  error: 'INVALID_REQUEST' | 'INVALID_CONFIG'
  message: string
}

/** What is wrong with these changes, in Kafka's words; undefined when nothing is. */
export function logLevelProblem(
  log: Logger,
  operations: readonly ConfigOperation[],
): LogLevelProblem | undefined {
  for (const { name, kind, value } of operations) {
    if (kind === 'APPEND' || kind === 'SUBTRACT') {
      const message = `${kind} operation is not allowed for the BROKER_LOGGER resource`
      return { error: 'INVALID_REQUEST', message }
    }
    if (name !== ROOT) {
      return { error: 'INVALID_CONFIG', message: `Logger ${name} does not exist!` }
    }
    if (kind === 'DELETE') {
      const message = 'Removing the log level of the root logger is not allowed'
      return { error: 'INVALID_REQUEST', message }
    }
    if (!LEVELS.includes(value)) {
      const message = `Cannot set the log level of ${name} to ${value} as it is not a supported log level. Valid log levels are ${LISTED_LEVELS}`
      return { error: 'INVALID_CONFIG', message }
    }
    if (log.level === undefined) {
      const message = 'The log that this broker was started with has no level that can be altered.'
      return { error: 'INVALID_REQUEST', message }
    }
  }
  return undefined
}

/** To be asked only for what has no problem. */
export function alterLogLevels(log: Logger, operations: readonly ConfigOperation[]): void {
  for (const { value } of operations) {
    log.level = value.toLowerCase()
    log.warn({ level: value }, 'The level of the log was altered.')
  }
}
