/** Configuration out of environment variables: KAFKA_NUM_PARTITIONS is num.partitions. */

import { brokerKeys, isBrokerKey, isForeignKey } from './broker-keys.ts'
import type { ConfigLayer } from './broker-config.ts'
import { didYouMean } from './nearest.ts'

/** What Kafka's own scripts and images, clients' programs and Kubernetes put there, and is no key of a broker. */
const NOT_OURS =
  /^KAFKA_(HEAP_OPTS|OPTS|.*_OPTS|HOME|VERSION|DEBUG|DEBUG_.*|JMX_.*|LOG4J.*|GC_LOG.*|JVM_.*|(KRAFT_)?CLUSTER_ID|BROKERS|BOOTSTRAP_SERVERS?|URL|HOST|PORT|TOPICS?|CLIENT_ID|GROUP_ID|.*SERVICE_(HOST|PORT)(_.*)?|(.*_)?PORT(_\d+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)?)$/

/** The first that is set names the cluster of a new data folder, as in Kafka's own images and bitnami's. */
const CLUSTER_ID_VARIABLES = ['KAFKA_CLUSTER_ID', 'CLUSTER_ID', 'KAFKA_KRAFT_CLUSTER_ID']

/** Bitnami's images have the second prefix; it wins. */
const PREFIXES = ['KAFKA_', 'KAFKA_CFG_']

/** `_` is a dot, `__` an underscore and `___` a dash, as in Kafka's own container image. */
function keyOf(variable: string, prefix: string): string {
  return variable
    .slice(prefix.length)
    .toLowerCase()
    .replace(/___|__|_/g, (run) => (run.length === 3 ? '-' : run.length === 2 ? '_' : '.'))
}

function variableOf(key: string, prefix: string): string {
  return `${prefix}${key.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`
}

export interface Environment {
  layer: ConfigLayer
  clusterId: string | undefined
  /** One sentence for each variable that looks like ours and is of no use. */
  warnings: string[]
}

/** Never throws: what somebody else put into the environment must not stop the broker. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const values: Record<string, string> = {}
  const origins: Record<string, string> = {}
  const warnings: string[] = []
  for (const prefix of PREFIXES) {
    for (const [variable, value] of Object.entries(env)) {
      if (value === undefined || prefixOf(variable) !== prefix) continue
      const name = keyOf(variable, prefix)
      if (isBrokerKey(name) || isForeignKey(name)) {
        values[name] = value
        origins[name] = variable
      } else if (!NOT_OURS.test(variable)) {
        const hint = didYouMean(name, Object.keys(brokerKeys), (key) => variableOf(key, prefix))
        warnings.push(`${variable} is ignored: there is no configuration '${name}'.${hint}`)
      }
    }
  }
  const layer: ConfigLayer = { kind: 'environment', origin: 'the environment', values, origins }
  return { layer, clusterId: clusterIdOf(env, warnings), warnings }
}

function prefixOf(variable: string): string | undefined {
  return PREFIXES.findLast((prefix) => variable.startsWith(prefix))
}

function clusterIdOf(
  env: Readonly<Record<string, string | undefined>>,
  warnings: string[],
): string | undefined {
  const variable = CLUSTER_ID_VARIABLES.find((name) => env[name])
  if (variable === undefined) return undefined
  const clusterId = env[variable]!.trim()
  if (/^[\w-]{22}$/.test(clusterId)) return clusterId
  warnings.push(
    `${variable} is ignored: a cluster id has 22 characters, like 5L6g3nShT-eMCtK--X86sw, and '${clusterId}' is none.`,
  )
  return undefined
}
