import { describe, expect, it } from 'vitest'
import { pino } from 'pino'
import { Shard } from '../../../src/broker/coordinator/shard.ts'
import type { StateRecord } from '../../../src/broker/coordinator/machine.ts'
import { simpleGroup } from '../../../src/broker/groups/group.ts'
import {
  groupRecord,
  groupTombstone,
  offsetRecord,
  offsetTombstone,
} from '../../../src/broker/groups/group-records.ts'
import { groupsMachine, type GroupsState } from '../../../src/broker/groups/group-state.ts'
import { ManualClock } from '../../../src/clock.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import { defaultLogConfig, logId } from '../../../src/storage/engine.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'

const TOPIC_ID = 'groups0000000000000000'
const ZERO = 'AAAAAAAAAAAAAAAAAAAAAA'
const log = logId(TOPIC_ID, 0)
const spec = {
  topic: '__consumer_offsets',
  topicId: TOPIC_ID,
  partitionIndex: 0,
  config: {
    ...defaultLogConfig,
    segmentBytes: 1500,
    deleteRetentionMs: 100,
    cleanupPolicy: { delete: false, compact: true },
  },
}

function randomRecord(random: Random): StateRecord {
  const groupId = `group-${random.below(4)}`
  const [topic, partition] = [`topic-${random.below(3)}`, random.below(2)]
  const dice = random.below(10)
  if (dice === 0) return groupTombstone(groupId)
  if (dice < 3) {
    const generationId = 1 + random.below(1000)
    return groupRecord(groupId, { ...simpleGroup, protocolType: 'consumer', generationId })
  }
  if (dice < 5) return offsetTombstone(groupId, topic, partition)
  return offsetRecord(groupId, topic, partition, {
    offset: random.below(1e6),
    leaderEpoch: -1,
    metadata: '',
    commitTimestamp: 5,
    expireTimestamp: -1,
    topicId: ZERO,
  })
}

/** A group of which nothing is known but that it was named is as good as none. */
function known({ groups }: GroupsState): unknown[] {
  return [...groups.values()]
    .filter(({ offsets, generationId }) => offsets.size > 0 || generationId > 0)
    .map(({ offsets, ...group }) => ({
      ...group,
      offsets: [...offsets]
        .flatMap(([topic, partitions]) =>
          [...partitions].map((entry) => JSON.stringify([topic, ...entry])),
        )
        .sort(),
    }))
    .sort((a, b) => a.groupId.localeCompare(b.groupId))
}

describe('a shard whose log is compacted', () => {
  it.each([1, 2, 3, 4, 5, 6])('replays to the state that it had, seed %i', async (seed) => {
    const random = seededRandom(seed)
    const clock = new ManualClock()
    const engine = await openMemoryEngine({ clock })
    await engine.create([spec])
    const open = async (): Promise<Shard<GroupsState>> => {
      const shard = new Shard({
        engine,
        log,
        name: 'groups-0',
        machine: groupsMachine,
        clock,
        logger: pino({ enabled: false }),
        maxBatchBytes: () => 1400,
        // In half of the runs the shard appends its whole state now and then as well.
        rewriteAfterBytes: seed % 2 === 0 ? 5000 : Number.MAX_SAFE_INTEGER,
      })
      await shard.open()
      return shard
    }
    let shard = await open()
    let dropped = 0
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 25; i++) {
        const records = Array.from({ length: 1 + random.below(3) }, () => randomRecord(random))
        await shard.step(() => ({ response: undefined, records }))
      }
      const done = await engine.compact(log, clock.now())
      dropped += done ? done.recordsBefore - done.recordsAfter : 0
      await clock.advance(random.below(200))
      const state = known(shard.state)
      await shard.close()
      shard = await open()
      expect(known(shard.state)).toEqual(state)
    }
    expect(dropped).toBeGreaterThan(100)
    await engine.close()
  })
})
