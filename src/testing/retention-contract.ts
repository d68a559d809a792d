/** What every storage engine has to do about retention and changed configs: cases of the engine contract. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { defaultLogConfig, type LogConfig, logId } from '../storage/engine.ts'
import {
  batchOf,
  type Check,
  OTHER_TOPIC_ID,
  offsetsOf,
  produced,
  type RestartCheck,
} from './engine-in-use.ts'

/** Long after the times of records that have none of their own. */
const NOW = 1_600_000_000_000

export const retentionChecks: Record<string, Check> = {
  'retention drops whole segments by time, by size, and never what is younger': async (use) => {
    const config = { segmentBytes: 200, retentionMs: 1000 }
    const log = await use.create(0, config)
    for (const value of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await use.append(log, batchOf([value], { times: [NOW] }))
    }
    const size = use.engine.size(log)
    await use.engine.applyRetention(log, NOW + 1000)
    equal(use.engine.offsets(log)?.logStartOffset, 0)
    await use.append(log, batchOf(['young'], { times: [NOW + 500] }))
    await use.engine.applyRetention(log, NOW + 1001)
    const { logStartOffset } = use.engine.offsets(log)!
    ok(logStartOffset > 0 && logStartOffset <= 6)
    ok(use.engine.size(log) < size)
    equal((await use.values(log, logStartOffset)).at(-1), 'young')
    equal((await use.read({ log, offset: 0 })).error, 'OFFSET_OUT_OF_RANGE')
    await use.engine.applyRetention(log, NOW + 1501)
    equal(use.engine.offsets(log)?.logStartOffset, 7)
    deepEqual(offsetsOf(await use.append(log, batchOf(['next']))), [7])
    await use.engine.applyRetention(logId(OTHER_TOPIC_ID, 0), NOW)
  },

  'a log goes by a new config at once: retention, segments, and when it is flushed': async (
    use,
  ) => {
    const log = await use.create(0, { retentionMs: -1, segmentBytes: 1 << 20 })
    const change = (config: Partial<LogConfig>): Promise<void> =>
      use.engine.configure(log, { ...defaultLogConfig, ...config })
    for (const value of ['a', 'b', 'c']) await use.append(log, batchOf([value]))
    await change({ retentionMs: -1, segmentBytes: 100 })
    deepEqual(offsetsOf(await use.append(log, batchOf(['x'.repeat(100)]))), [
      'RECORD_LIST_TOO_LARGE',
    ])
    await use.append(log, batchOf(['d']))
    await change({ retentionMs: -1, retentionBytes: 80, segmentBytes: 100 })
    await use.engine.applyRetention(log, NOW)
    equal(use.engine.offsets(log)?.logStartOffset, 0)
    await change({ retentionMs: -1, retentionBytes: 60, segmentBytes: 100 })
    await use.engine.applyRetention(log, NOW)
    equal(use.engine.offsets(log)?.logStartOffset, 3)
    await change({ flushMessages: 1, cleanupPolicy: { delete: false, compact: true } })
    deepEqual(offsetsOf(await use.append(log, batchOf(['e']))), [4])
    await change({ cleanupPolicy: { delete: false, compact: true }, retentionMs: 1 })
    await use.engine.applyRetention(log, NOW)
    deepEqual(await use.values(log, 3), ['d', 'e'])
    equal((await use.engine.list())[0]?.config.retentionMs, 1)
  },
}

export const retentionRestarts: Record<string, RestartCheck> = {
  'what retention has dropped does not come back': async (use, how) => {
    const config = { segmentBytes: 200, retentionMs: 1000 }
    const log = await use.create(0, config)
    for (let i = 0; i < 5; i++) await use.append(log, produced(`v${i}`, i))
    await use.engine.applyRetention(log, NOW)
    equal(use.engine.offsets(log)?.logStartOffset, 5)
    await use.restart(how, config)
    const { logStartOffset, logEndOffset } = use.engine.offsets(log)!
    deepEqual([logStartOffset, logEndOffset, use.engine.size(log)], [5, 5, 0])
    // Records go, and what is known of who has sent them stays.
    deepEqual(offsetsOf(await use.append(log, produced('v4', 4))), [4])
    deepEqual(offsetsOf(await use.append(log, produced('v5', 5))), [5])
  },
}
