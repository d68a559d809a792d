/** The command's log: pino's lines of JSON for machines, or the same lines made into text for people. */

import { pino } from 'pino'
import { type Clock, localTime } from '../clock.ts'
import type { Logger } from '../logger.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
export type LogFormat = 'json' | 'text'

export interface LogSettings {
  format: LogFormat
  /** What is below it is not written. */
  level: LogLevel
  clock: Pick<Clock, 'now'>
  /** Takes one line with its end. */
  write: (line: string) => void
}

export function createLog({ format, level, clock, write }: LogSettings): Logger {
  const options = { level, base: null, timestamp: () => `,"time":${clock.now()}` }
  return pino(options, { write: format === 'json' ? write : (line) => write(textLine(line)) })
}

/** A level where it matters. */
const WORDS: Readonly<Record<number, string>> = {
  10: 'trace ',
  20: 'debug ',
  40: 'warn  ',
  50: 'ERROR ',
  60: 'FATAL ',
}

/** A line of pino's for people: the time of day, what has happened, and its fields; the stack of an error on the lines behind. */
function textLine(json: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>
  const shownFields = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`)
  const stack = (err as { stack?: string } | undefined)?.stack
  const text = typeof msg === 'string' ? msg : ''
  const head = `${localTime(Number(time)).slice(11)} ${WORDS[Number(level)] ?? ''}${text}`
  return `${head}${shownFields.join('')}${stack ? `\n${stack}` : ''}\n`
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}
