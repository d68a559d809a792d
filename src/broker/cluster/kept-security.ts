/** A data folder in which Kafka had restricted who may do what is not silently open to everybody. */

import type { Logger } from '../../logger.ts'
import { StorageError } from '../../storage/engine.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { ClusterState } from './cluster-state.ts'
import { keptInWords } from './kafka-records.ts'

/** Throws StorageError where what is kept restricts somebody, unless the configuration says that this does not matter; what has no effect is said. */
export function refuseUnsecured(state: ClusterState, config: BrokerConfig, log: Logger): void {
  const security = keptInWords(state, true).join(', ')
  if (security !== '' && !config.get('odradek.ignore.kept.security')) {
    throw new StorageError(
      `The data folder has what restricted its users in Kafka: ${security}. No authentication or authorization is served yet, and nothing is listened to rather than less securely. To open all of it to whoever can connect, set odradek.ignore.kept.security=true; what is there stays there.`,
    )
  }
  const kept = keptInWords(state, false).join(', ')
  if (kept === '') return
  log.warn({ kept }, 'The data folder has what Kafka obeyed and what has no effect here.')
}
