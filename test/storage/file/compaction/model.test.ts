import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../src/random.ts'
import { LOG, Store } from '../../store.ts'
import { SMALL } from './keyed-log.ts'
import { Workload } from './workload.ts'

const seeds = Number(process.env['ODRADEK_COMPACTION_SEEDS'] ?? 10)

describe('a compacted log has the last value of every key, and nothing that was not appended', () => {
  it.each(Array.from({ length: seeds }, (_, i) => i + 1))('seed %i', async (seed) => {
    const random = seededRandom(seed)
    const tailCacheBytes = random.below(2) * 100_000
    const store = await new Store({ tailCacheBytes }).open(SMALL)
    const workload = new Workload(random)
    let cleanedTo = 0
    for (let step = 0; step < 40; step++) {
      const now = store.clock.now()
      const dice = random.below(10)
      if (dice < 5) {
        await workload.append(store.engine, 1 + random.below(15), now)
      } else if (dice < 8) {
        const dedupeBytes = random.below(3) === 0 ? 24 * 12 : 1 << 20
        const done = await store.engine.compact(LOG, now, { dedupeBytes })
        if (done) cleanedTo = done.cleanedTo
        workload.assertClean(await workload.check(store.engine), cleanedTo)
      } else if (dice < 9) {
        await store.clock.advance(random.below(2000))
      } else if (random.below(2) === 0) {
        await store.kill(SMALL)
      } else {
        await store.engine.close()
        await store.open(SMALL)
      }
      await workload.check(store.engine)
    }
    await workload.checkProducers(store.engine)
    expect(store.lines.filter((line) => /damaged|gone|cut off|had records/.test(line))).toEqual([])
  })
})
