/** A step of the cluster's own shard, in the words that those who change the cluster are answered with. */

import type { Decision } from '../coordinator/machine.ts'
import type { Shard } from '../coordinator/shard.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ClusterState } from './cluster-state.ts'

/** Without the cluster's log nothing can be decided: clients look for the controller and ask again. */
export async function controllerStep<Response>(
  shard: Shard<ClusterState>,
  decide: (state: ClusterState) => Decision<Response>,
): Promise<Response> {
  try {
    return await shard.step(decide)
  } catch (cause) {
    if (!(cause instanceof KafkaError) || cause.code !== 'NOT_COORDINATOR') throw cause
    throw new KafkaError('NOT_CONTROLLER', cause.message, { cause })
  }
}
