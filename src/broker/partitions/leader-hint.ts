/** KIP-951: who leads a partition now, told beside an error to a client that went by an old idea of it. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { Client } from '../client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { BrokerConfig } from '../config/broker-config.ts'

export interface LeaderHint {
  leaderId: number
  leaderEpoch: number
}

export function wantsLeaderHint(error: ErrorName): boolean {
  return error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH'
}

/** How the nodes that hints name are reached. */
export function leaderEndpoints(asked: { client: Client; cluster: Cluster; config: BrokerConfig }) {
  const { client, cluster, config } = asked
  return [
    { nodeId: cluster.nodeId, ...cluster.advertised(client), rack: config.get('broker.rack') },
  ]
}
