/** Every key that a broker's configuration may have. */

import type { ValueOf } from './config-key.ts'
import { groupKeys } from './group-keys.ts'
import { logKeys } from './log-keys.ts'
import { networkKeys } from './network-keys.ts'
import { nodeKeys } from './node-keys.ts'
import { odradekKeys } from './odradek-keys.ts'
import { remoteKeys } from './remote-keys.ts'
import { securityKeys } from './security-keys.ts'
import { shareKeys } from './share-keys.ts'
import { transactionKeys } from './transaction-keys.ts'

export const brokerKeys = {
  ...nodeKeys,
  ...networkKeys,
  ...logKeys,
  ...groupKeys,
  ...shareKeys,
  ...transactionKeys,
  ...securityKeys,
  ...remoteKeys,
  ...odradekKeys,
}

export type BrokerKey = keyof typeof brokerKeys
export type BrokerValue<K extends BrokerKey> = ValueOf<(typeof brokerKeys)[K]>

export function isBrokerKey(name: string): name is BrokerKey {
  return Object.hasOwn(brokerKeys, name)
}

/**
 * Keys that no row describes and that stand in files and environments all the same: settings of one listener, of Kafka's
 * plug-ins and its authorizer, those that Kafka 4 has retired, and one that its tests use. They have no effect here.
 */
const FOREIGN_KEYS =
  /^(listener\.name\.[^.]+\..+|(rsm|rlmm)\.config\..+|zookeeper\..+|(inter\.broker\.protocol|log\.message\.format)\.version|super\.users|allow\.everyone\.if\.no\.acl\.found|broker\.id\.generation\.enable|reserved\.broker\.max\.id|control\.plane\.listener\.name|log\.initial\.task\.delay\.ms)$/

export function isForeignKey(name: string): boolean {
  return FOREIGN_KEYS.test(name)
}
