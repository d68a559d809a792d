/** What may be altered while a broker runs, for it alone or for all, and what Kafka says to the rest. */

import { type BrokerConfig, ConfigError, type DynamicValues } from './broker-config.ts'
import { type BrokerKey, brokerKeys, isBrokerKey } from './broker-keys.ts'
import { type ConfigKey, long } from './config-key.ts'
import { limitsProblem, remoteProblem } from './contradictions.ts'
import { listenersOf } from './listeners.ts'
import { atLeast } from './rules.ts'

/** Stores of keys and certificates: Kafka alters them per listener only. */
const STORE_KEYS =
  /^ssl\.(key\.password|keystore\.(type|location|password|certificate\.chain|key)|truststore\.(type|location|password|certificates))$/

const LISTENER_KEY = /^listener\.name\.[^.]*\.(.+)$/

/** Of a listener, and yet not only of one broker's. */
const CLUSTER_WIDE_OF_LISTENERS: readonly string[] = [
  'max.connections',
  'max.connection.creation.rate',
  'num.network.threads',
]

/** Keys that exist dynamically alone: the bandwidth that replication is held to. */
const rate = long(2n ** 63n - 1n, atLeast(0), 'cluster-wide')
const RATES: ReadonlyMap<string, ConfigKey<number>> = new Map([
  ['leader.replication.throttled.rate', rate],
  ['follower.replication.throttled.rate', rate],
  ['replica.alter.log.dirs.io.max.bytes.per.second', rate],
])

const THREADS = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
  'remote.log.reader.threads',
  'remote.log.manager.copier.thread.pool.size',
  'remote.log.manager.expiration.thread.pool.size',
  'remote.log.manager.follower.thread.pool.size',
] as const

/** The key's row, that of the key which a listener's is named after where it is one of a listener. */
export function dynamicKey(name: string): ConfigKey<unknown> | undefined {
  const base = LISTENER_KEY.exec(name)?.[1] ?? name
  if (isBrokerKey(base)) return brokerKeys[base]
  return RATES.get(base)
}

/** A list that may be appended to, or why not. */
export function listProblem(name: string, kind: 'APPEND' | 'SUBTRACT'): string | undefined {
  if (!isBrokerKey(name)) return `Unknown config name: ${name}`
  if (brokerKeys[name].type === 'LIST') return undefined
  return `Config value ${kind.toLowerCase()} is not allowed for config key: ${name}`
}

/**
 * What is wrong with these as all dynamic values of the broker, or of all brokers; undefined when nothing is. Names that
 * are no keys at all are right: they may belong to a plug-in.
 */
export function brokerProblem(
  values: ReadonlyMap<string, string>,
  scope: 'broker' | 'cluster',
  config: BrokerConfig,
): string | undefined {
  const names = [...values.keys()]
  const problem =
    listed(names.filter(isStatic), 'Cannot update these configs dynamically') ??
    listed(
      names.filter((name) => STORE_KEYS.test(name)),
      'These security configs can be dynamically updated only per-listener using the listener prefix',
    ) ??
    wrongValue(values)
  if (problem !== undefined) return problem
  if (scope === 'cluster') {
    const text = 'Cannot update these configs at default cluster level, broker id must be specified'
    const perBroker = listed(names.filter(isPerBroker), text)
    if (perBroker !== undefined) return perBroker
  }
  const { altered } = config
  const dynamic: DynamicValues =
    scope === 'broker' ? { ...altered, ofBroker: values } : { ...altered, ofCluster: values }
  return contradiction(config.with(dynamic), config)
}

function listed(names: readonly string[], text: string): string | undefined {
  return names.length === 0 ? undefined : `${text}: [${names.join(', ')}]`
}

function isStatic(name: string): boolean {
  return isBrokerKey(name) && brokerKeys[name].update === 'read-only'
}

function isPerBroker(name: string): boolean {
  const base = LISTENER_KEY.exec(name)?.[1]
  if (base !== undefined) return !CLUSTER_WIDE_OF_LISTENERS.includes(base)
  return isBrokerKey(name) && brokerKeys[name].update === 'per-broker'
}

function wrongValue(values: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of values) {
    const parsed = dynamicKey(name)?.parse(name, value)
    if (parsed && 'error' in parsed) return parsed.error
  }
  return undefined
}

/** Values that are right each for itself, and not together, or not as a change of what there is. */
function contradiction(after: BrokerConfig, before: BrokerConfig): string | undefined {
  return (
    limitsProblem(after) ??
    noConnections(after) ??
    threadsProblem(after, before) ??
    remoteProblem(after) ??
    pluginProblem(after, before) ??
    listenersProblem(after, before)
  )
}

/** A broker may be started with these, and is a closed one; it is not made one while it runs. */
function noConnections(after: BrokerConfig): string | undefined {
  const closed = ['max.connections', 'max.connection.creation.rate'] as const
  const key = closed.find((name) => after.get(name) === 0)
  return key && `Invalid ${key} 0`
}

function threadsProblem(after: BrokerConfig, before: BrokerConfig): string | undefined {
  const cleaners = before.get('log.cleaner.threads')
  const wanted = after.get('log.cleaner.threads')
  if (wanted !== cleaners) {
    if (wanted < 1) return 'Log cleaner threads should be at least 1'
    if (wanted < Math.floor(cleaners / 2)) {
      return `Log cleaner threads cannot be reduced to less than half the current value ${cleaners}`
    }
    if (wanted > cleaners * 2) {
      return `Log cleaner threads cannot be increased to more than double the current value ${cleaners}`
    }
  }
  for (const key of THREADS) {
    const [now, then] = [before.get(key), after.get(key)]
    if (now === then) continue
    const text = `Dynamic thread count update validation failed for ${key}=${then}, value should`
    if (then < Math.floor(now / 2)) return `${text} be at least half the current value ${now}`
    if (then > now * 2) return `${text} not be greater than double the current value ${now}`
  }
  return undefined
}

const CLASS_KEYS = [
  'principal.builder.class',
  'ssl.engine.factory.class',
  'metric.reporters',
] as const

/** Java's classes cannot be loaded here, nor can a folder be taken out of use that is not there. */
function pluginProblem(after: BrokerConfig, before: BrokerConfig): string | undefined {
  for (const key of CLASS_KEYS) {
    const text = after.text(key) ?? ''
    const known = [before.text(key), brokerKeys[key].defaultText]
    const missing = text.split(',').find((name) => name !== '' && !known.includes(name))
    if (text !== before.text(key) && missing !== undefined) {
      return `Invalid value ${text} for configuration ${key}: Class ${missing} could not be found.`
    }
  }
  const folders = after.get('log.dirs') ?? after.get('log.dir')
  const cordoned = after.get('cordoned.log.dirs').filter((one) => one !== '*')
  const missing = cordoned.filter((folder) => !folders.includes(folder))
  return missing.length === 0
    ? undefined
    : `All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : ${missing.join(', ')}`
}

const LISTENER_KEYS: readonly BrokerKey[] = ['listeners', 'listener.security.protocol.map']

function listenersProblem(after: BrokerConfig, before: BrokerConfig): string | undefined {
  if (LISTENER_KEYS.every((key) => after.text(key) === before.text(key))) return undefined
  try {
    if (JSON.stringify(listenersOf(after)) === JSON.stringify(listenersOf(before))) return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'Listeners cannot be added, removed or moved while the broker runs.'
}
