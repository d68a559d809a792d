/** Configuration out of environment variables: KAFKA_NUM_PARTITIONS is num.partitions. */

import { brokerKeys, isBrokerKey, isForeignKey } from './broker-keys.ts'
import type { ConfigLayer } from './broker-config.ts'
import { nearest } from './nearest.ts'

/** What Kafka's own scripts and images, clients' programs and Kubernetes put there, and is no key of a broker. */
const NOT_OURS =
  /^KAFKA_(HEAP_OPTS|OPTS|.*_OPTS|HOME|VERSION|DEBUG|DEBUG_.*|JMX_.*|LOG4J.*|GC_LOG.*|JVM_.*|CLUSTER_ID|BROKERS|BOOTSTRAP_SERVERS?|URL|HOST|PORT|TOPICS?|CLIENT_ID|GROUP_ID|.*SERVICE_(HOST|PORT)(_.*)?|(.*_)?PORT(_\d+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)?)$/

/** `_` is a dot, `__` an underscore and `___` a dash, as in Kafka's own container image. */
function keyOf(variable: string): string {
  return variable
    .slice('KAFKA_'.length)
    .toLowerCase()
    .replace(/___|__|_/g, (run) => (run.length === 3 ? '-' : run.length === 2 ? '_' : '.'))
}

export interface Environment {
  layer: ConfigLayer
  /** One sentence for each variable that looks like a key and is none. */
  warnings: string[]
}

/** Never throws: what somebody else put into the environment must not stop the broker. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const values: Record<string, string> = {}
  const warnings: string[] = []
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('KAFKA_') || value === undefined) continue
    const name = keyOf(variable)
    if (isBrokerKey(name) || isForeignKey(name)) {
      values[name] = value
    } else if (!NOT_OURS.test(variable)) {
      const closest = nearest(name, Object.keys(brokerKeys))
      const hint = closest?.likely ? ` Did you mean ${variableOf(closest.name)}?` : ''
      warnings.push(`${variable} is ignored: there is no configuration '${name}'.${hint}`)
    }
  }
  return { layer: { kind: 'environment', origin: 'the environment', values }, warnings }
}

function variableOf(key: string): string {
  return `KAFKA_${key.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`
}
