/** What the tests of the group APIs share: a broker with a topic `orders`, and a client of group `g`. */

import { offsetCommit } from '../../../src/broker/apis/08-offset-commit.ts'
import { joinGroup } from '../../../src/broker/apis/11-join-group.ts'
import { syncGroup } from '../../../src/broker/apis/14-sync-group.ts'
import type { Context } from '../../../src/broker/handler.ts'
import { BrokerFixture } from '../fixture.ts'
import { ScriptedEngine } from '../scripted-engine.ts'

export class GroupClient extends BrokerFixture {
  static async make(): Promise<GroupClient> {
    const values = { 'group.initial.rebalance.delay.ms': 0 }
    const client = await new GroupClient({ engine: new ScriptedEngine(), values }).open()
    const terms = { replicationFactor: -1, assignments: [], configs: [] }
    await client.cluster.createTopics([{ name: 'orders', numPartitions: 2, ...terms }])
    return client
  }

  get orders(): { name: string; topicId: string } {
    return this.cluster.topic('orders')!
  }

  join(version: number, memberId = '', authorized?: Context['authorized']) {
    const request = {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('meta') }],
      ...(version >= 1 ? { rebalanceTimeoutMs: 30_000 } : {}),
    }
    return this.ask(joinGroup, request, { version, ...(authorized ? { authorized } : {}) })
  }

  /** The one member of a Stable group in generation 1. */
  async member(): Promise<string> {
    const { memberId } = await this.join(3)
    const assignments = [{ memberId, assignment: Buffer.from('mine') }]
    const request = { groupId: 'g', generationId: 1, memberId, assignments }
    await this.ask(syncGroup, request, { version: 3 })
    return memberId
  }

  /** Commits offset 5. */
  commit(version: number, partitionIndex = 0, topic = this.orders) {
    const where = version >= 10 ? { topicId: topic.topicId } : { name: topic.name }
    const partitions = [{ partitionIndex, committedOffset: 5, committedMetadata: 'note' }]
    const request = { groupId: 'g', topics: [{ ...where, partitions }] }
    return this.ask(offsetCommit, request, { version })
  }
}

export const UNKNOWN_ID = 'YW5vdGhlci1hbm90aGVyLQ'

export function versions(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** Denies one thing. */
export function denying(denied: string): Context['authorized'] {
  return (operation, type, name) => `${operation} ${type} ${name}` !== denied
}
