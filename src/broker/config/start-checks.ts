/** What is looked at before a broker starts: settings that it must not start with, and such that somebody will be surprised by. */

import { type BrokerConfig, ConfigError } from './broker-config.ts'
import { brokerKeys, isBrokerKey } from './broker-keys.ts'
import { limitsProblem } from './contradictions.ts'

/** Keys that say who may connect and what they may do, of all listeners or of one. */
const SECURITY_KEYS =
  /^(listener\.name\..+\.)?(sasl|ssl)\..+|^(authorizer\.class\.name|super\.users|principal\.builder\.class|delegation\.token\.secret\.key|security\.(inter\.broker\.protocol|providers))$/

/** Throws ConfigError: what asks for more than is served is not started with less. */
export function refuseUnserved(config: BrokerConfig): void {
  if (!config.get('process.roles').includes('broker')) {
    throw new ConfigError(
      'process.roles has no broker, and there is no controller to be had without one: this node is its own. Add broker, or leave process.roles out.',
    )
  }
  const demands = config.given().filter(({ name, text }) => isDemand(name, text))
  if (demands.length === 0) return
  const names = demands.map(({ name }) => name).join(', ')
  throw new ConfigError(
    `${names}: no encryption, authentication or authorization is served yet. Nothing is listened to rather than less securely: to start without, take ${demands.length === 1 ? 'this setting' : 'these settings'} away.`,
  )
}

/** A key that says what is so anyway demands nothing. */
function isDemand(name: string, text: string): boolean {
  if (!SECURITY_KEYS.test(name) || text === '') return false
  return !isBrokerKey(name) || text !== brokerKeys[name].defaultText
}

/** Throws ConfigError for values that contradict themselves or one another. */
export function refuseContradictions(config: BrokerConfig): void {
  const problem = limitsProblem(config)
  if (problem !== undefined) throw new ConfigError(problem)
}

/** A sentence for each setting that is obeyed and cannot be meant. */
export function warningsOf(config: BrokerConfig): string[] {
  const factor = config.get('default.replication.factor')
  if (factor <= 1) return []
  return [
    `default.replication.factor is ${factor} and there is one node: whoever makes a topic without saying how many replicas it has is refused. Set it to 1.`,
  ]
}
