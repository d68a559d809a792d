/** The services of one broker, as its handlers see them. */

import type { Logger } from '../logger.ts'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { Cluster } from './cluster/cluster.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import type { Groups } from './groups/groups.ts'
import type { Partitions } from './partitions/partitions.ts'

export interface Broker {
  readonly config: BrokerConfig
  readonly cluster: Cluster
  readonly partitions: Partitions
  readonly groups: Groups
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}
