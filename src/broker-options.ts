/** What a broker is started with, checked: a wrong option is an error that names the nearest right one. */

import { resolve } from 'node:path'
import { BrokerError } from './broker-error.ts'
import {
  asTexts,
  BrokerConfig,
  ConfigError,
  type BrokerKey,
  type BrokerValue,
  type ConfigLayer,
  type GivenValue,
} from './broker/config/broker-config.ts'
import { listenersAt } from './broker/config/listeners.ts'
import { didYouMean } from './broker/config/nearest.ts'
import { type ProfileName, profileLayer, profileNames } from './broker/config/profiles.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Random } from './random.ts'

export type { ProfileName } from './broker/config/profiles.ts'

export interface TopicOptions {
  /** What `num.partitions` says when left out. */
  partitions?: number
  /** Under Kafka's names, such as `retention.ms`. */
  config?: Readonly<Record<string, GivenValue>>
}

export interface BrokerOptions {
  /** 0, the default, is any free port. */
  port?: number
  /** Default `localhost`: both loopback addresses. */
  host?: string
  /** Topics to make where they are not there yet; a number is how many partitions. */
  topics?: Readonly<Record<string, number | TopicOptions>>
  /** Under Kafka's names, such as `num.partitions`. */
  config?: { readonly [K in BrokerKey]?: BrokerValue<K> | string | number }
  /** A folder in which the data outlives the broker. Without one it is in memory and goes with it. */
  data?: string
  /** Default `test`: nobody waits for what will not come. `prod` is Kafka's defaults. */
  profile?: ProfileName
  /** Default: no log. */
  logger?: Logger | false
  /** Whether a running broker keeps the process alive. Default false: a test that forgets `stop()` still ends. */
  keepAlive?: boolean
  clock?: Clock
  random?: Random
}

const OPTION_NAMES: readonly (keyof BrokerOptions)[] = [
  'clock',
  'config',
  'data',
  'host',
  'keepAlive',
  'logger',
  'port',
  'profile',
  'random',
  'topics',
]

/** Throws BrokerError. TypeScript sees most of this before, JavaScript does not. */
export function checkOptions(options: BrokerOptions): void {
  checkNames(options, OPTION_NAMES, 'option')
  const { port, host, profile, data, topics } = options
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw invalid(`port is a whole number from 0 to 65535, not ${String(port)}.`)
  }
  if (profile !== undefined && !profileNames.includes(profile)) {
    throw invalid(`profile is one of ${profileNames.join(', ')}, not '${String(profile)}'.`)
  }
  if (data === '') throw invalid('data needs the name of a folder.')
  if (host === '') throw invalid('host needs an address.')
  if (topics !== undefined && (typeof topics !== 'object' || Array.isArray(topics))) {
    throw invalid('topics is an object of names and numbers of partitions, like { orders: 3 }.')
  }
}

/** The configuration that options make. Throws BrokerError. */
export function configOf(options: BrokerOptions): BrokerConfig {
  return asBrokerError(() => {
    const layers: ConfigLayer[] = [
      profileLayer(options.profile ?? 'test'),
      { kind: 'option', origin: 'config', values: asTexts(options.config ?? {}) },
    ]
    const port = options.port ?? (options.config?.listeners === undefined ? 0 : undefined)
    return configAt(layers, { host: options.host, port })
  })
}

/** The configuration of these layers, listening at another host or port where one is given. Throws ConfigError. */
export function configAt(
  layers: readonly ConfigLayer[],
  at: { host?: string | undefined; port?: number | undefined },
): BrokerConfig {
  const config = new BrokerConfig(layers)
  if (at.host === undefined && at.port === undefined) return config
  return new BrokerConfig([
    ...layers,
    { kind: 'option', origin: 'host and port', values: { listeners: listenersAt(config, at) } },
  ])
}

export interface TopicToMake {
  name: string
  /** -1: the broker's default. */
  partitions: number
  configs: { name: string; value: string }[]
}

/** Throws BrokerError. Whether the cluster takes such a topic is seen when it is made. */
export function topicsOf(topics: BrokerOptions['topics']): TopicToMake[] {
  return Object.entries(topics ?? {}).map(([name, wanted]) => {
    const options = typeof wanted === 'object' ? wanted : { partitions: wanted }
    checkNames(options, ['partitions', 'config'], `option of topic ${name}`)
    const { partitions = -1, config = {} } = options
    if (!Number.isInteger(partitions)) {
      throw invalid(`Topic ${name}: ${String(partitions)} is no number of partitions.`)
    }
    const values = asBrokerError(() => asTexts(config))
    const configs = Object.entries(values).map(([key, value]) => ({ name: key, value }))
    return { name, partitions, configs }
  })
}

/** Where the data lies: a folder that is named, else what the configuration says; undefined where neither does. */
export function folderOf(named: string | undefined, config: BrokerConfig): string | undefined {
  if (named !== undefined) return resolve(named)
  const isSet = config.source('log.dirs') !== 'default' || config.source('log.dir') !== 'default'
  if (!isSet) return undefined
  const folders = config.get('log.dirs') ?? config.get('log.dir')
  if (folders.length > 1) {
    throw new BrokerError(
      'INVALID_CONFIG',
      `log.dirs has ${folders.length} folders; one is served so far: name one.`,
    )
  }
  return resolve(folders[0]!)
}

/** What is wrong with a configuration reaches the caller as BrokerError, like all that keeps a broker from starting. */
export function asBrokerError<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new BrokerError('INVALID_CONFIG', error.message, { cause: error })
  }
}

function checkNames(given: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    throw invalid(`Unknown ${what}: '${name}'.${didYouMean(name, known)}`)
  }
}

function invalid(message: string): BrokerError {
  return new BrokerError('INVALID_OPTION', message)
}
