/** What `odradek start` was asked for, read from its flags, its file and the environment. */

import { readFileSync } from 'node:fs'
import type { ConfigLayer } from '../broker/config/broker-config.ts'
import { readEnvironment } from '../broker/config/environment.ts'
import { didYouMean } from '../broker/config/nearest.ts'
import { type ProfileName, profileNames } from '../broker/config/profiles.ts'
import { parseProperties } from '../broker/config/properties.ts'
import { parseFlags, UsageError } from './flags.ts'
import { type LogLevel, logLevels } from './log.ts'

export interface StartOptions {
  profile: ProfileName
  /** Undefined where the flag is not there: what the configuration says holds. */
  port?: number
  host?: string
  /** `memory`, or a folder; undefined where neither flag is there. */
  store?: { folder: string } | 'memory'
  topics: Record<string, number>
  /** What a new data folder is to belong to, and one that is there must. */
  clusterId?: string
  /** File, environment and flags, weakest first. */
  layers: ConfigLayer[]
  logLevel: LogLevel
  help: boolean
  version: boolean
  /** For the log, once there is one. */
  warnings: string[]
}

const flags = {
  profile: { type: 'string' },
  port: { type: 'string', short: 'p' },
  host: { type: 'string' },
  data: { type: 'string', short: 'd' },
  memory: { type: 'boolean' },
  topic: { type: 'string', short: 't', multiple: true },
  option: { type: 'string', short: 'o', multiple: true },
  config: { type: 'string', short: 'c' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

export const startHelp = `odradek - a broker that Kafka's clients use unchanged

  odradek [start] [flags]
  odradek log verify|dump DIR   checks or prints a data folder: see odradek log --help
  odradek help | version

  --profile NAME       dev (when not said), test or prod: Kafka's defaults to the letter
  -p, --port PORT      the port to listen on, 0 for any free one (9092)
  --host HOST          the address to listen on (localhost; every address in prod)
  -d, --data DIR       the folder of the data (./.odradek)
  --memory             keep the data in memory
  -t, --topic NAME:N   make a topic of N partitions if it is not there; may be repeated
  -o, --option KEY=V   set a configuration by Kafka's name; may be repeated
  -c, --config FILE    read a server.properties file; KAFKA_* variables win over it, flags over both
  --log-level LEVEL    ${logLevels.join(', ')} (info)
  -v, --version        print the version
  -h, --help           print this`

/** Throws UsageError with one line for whatever cannot be obeyed. */
export function readStartOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): StartOptions {
  const { values, positionals } = parseFlags(args, flags)
  if (positionals.length > 0) {
    throw new UsageError(
      `odradek start takes no word such as '${positionals[0]}': see odradek --help.`,
    )
  }
  if (values.memory && values.data !== undefined) {
    throw new UsageError('--memory and --data exclude each other.')
  }
  const environment = readEnvironment(env)
  return {
    profile: oneOf('--profile', values.profile ?? 'dev', profileNames),
    ...(values.port === undefined ? {} : { port: portOf(values.port) }),
    ...(values.host === undefined ? {} : { host: filled('--host', values.host, 'an address') }),
    ...(values.memory ? { store: 'memory' } : {}),
    ...(values.data === undefined
      ? {}
      : { store: { folder: filled('--data', values.data, 'the name of a folder') } }),
    topics: topicsOf(values.topic ?? []),
    ...(environment.clusterId === undefined ? {} : { clusterId: environment.clusterId }),
    layers: [
      ...(values.config === undefined ? [] : [fileLayer(values.config)]),
      environment.layer,
      {
        kind: 'option',
        origin: '-o',
        values: Object.fromEntries((values.option ?? []).map(pairOf)),
      },
    ],
    logLevel: oneOf('--log-level', values['log-level'] ?? 'info', logLevels),
    help: values.help ?? false,
    version: values.version ?? false,
    warnings: environment.warnings,
  }
}

function oneOf<T extends string>(flag: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === given)
  if (found !== undefined) return found
  const hint = didYouMean(given, allowed)
  throw new UsageError(`${flag} is one of ${allowed.join(', ')}, not '${given}'.${hint}`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new UsageError(`--port is a number from 0 to 65535, not '${text}'.`)
  }
  return port
}

function filled(flag: string, text: string, what: string): string {
  if (text.trim() === '') throw new UsageError(`${flag} needs ${what}.`)
  return text
}

function topicsOf(texts: readonly string[]): Record<string, number> {
  const topics = new Map<string, number>()
  for (const [name, partitions] of texts.map(topicOf)) {
    if (topics.has(name)) throw new UsageError(`--topic ${name} is there twice.`)
    topics.set(name, partitions)
  }
  return Object.fromEntries(topics)
}

/** A topic's name has no colon, so the last one is the separator; without one the broker's default counts. */
function topicOf(text: string): [string, number] {
  const parts = /^([^:]+)(?::(\d+))?$/.exec(text)
  if (!parts || parts[2] === '0') {
    throw new UsageError(`--topic is written name:partitions, like orders:3, not '${text}'.`)
  }
  return [parts[1]!, parts[2] === undefined ? -1 : Number(parts[2])]
}

function pairOf(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals <= 0) {
    throw new UsageError(`-o is written key=value, like num.partitions=3, not '${text}'.`)
  }
  return [text.slice(0, equals).trim(), text.slice(equals + 1)]
}

function fileLayer(path: string): ConfigLayer {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--config ${path} cannot be read: ${reason(error)}.`)
  }
  return { kind: 'file', origin: path, values: Object.fromEntries(parseProperties(text)) }
}

function reason(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return String(error)
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
      return 'permission denied'
    case 'EISDIR':
      return 'it is a folder'
    default:
      return error.message
  }
}
