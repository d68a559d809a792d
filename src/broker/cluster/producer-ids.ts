/** Producer ids, taken from blocks that are committed before the first id of one is given out: none is ever used twice. */

import type { Shard } from '../coordinator/shard.ts'
import { KafkaError } from '../kafka-error.ts'
import { producerIdsRecord } from './cluster-records.ts'
import type { ClusterState } from './cluster-state.ts'

const BLOCK_SIZE = 1000

export class ProducerIds {
  private readonly shard: Shard<ClusterState>
  private readonly brokerId: number
  private upcoming = 0
  private blockEnd = 0
  private fetching: Promise<void> | undefined

  constructor(brokerId: number, shard: Shard<ClusterState>) {
    this.brokerId = brokerId
    this.shard = shard
  }

  /** Rejects with COORDINATOR_LOAD_IN_PROGRESS, which producers retry, when no block can be had now. */
  async next(): Promise<number> {
    while (this.upcoming === this.blockEnd) {
      this.fetching ??= this.fetchBlock().finally(() => {
        this.fetching = undefined
      })
      await this.fetching
    }
    return this.upcoming++
  }

  private async fetchBlock(): Promise<void> {
    try {
      const first = await this.shard.step(({ nextProducerId }) => ({
        response: nextProducerId,
        records: [producerIdsRecord(this.brokerId, nextProducerId + BLOCK_SIZE)],
      }))
      this.upcoming = first
      this.blockEnd = first + BLOCK_SIZE
    } catch (cause) {
      if (cause instanceof KafkaError && cause.code === 'POLICY_VIOLATION') throw cause
      throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'No producer id can be given out now.', {
        cause,
      })
    }
  }
}
