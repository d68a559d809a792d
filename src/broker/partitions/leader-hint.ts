/** KIP-951: who leads a partition now, told beside an error to a client that went by an old idea of it. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { Context } from '../handler.ts'

export interface LeaderHint {
  leaderId: number
  leaderEpoch: number
}

export function wantsLeaderHint(error: ErrorName): boolean {
  return error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH'
}

/** How the nodes that hints name are reached. */
export function leaderEndpoints({ client, cluster, config }: Context) {
  return [
    { nodeId: cluster.nodeId, ...cluster.advertised(client), rack: config.get('broker.rack') },
  ]
}
