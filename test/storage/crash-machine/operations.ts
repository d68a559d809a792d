/**
 * What a crash run does, and how often. A new verb of the engine joins the list: its operation tells the models what it asked for
 * before it calls, since the call may be the last one, and what it was answered afterwards.
 */

import type { Random } from '../../../src/random.ts'
import type { CrashRun } from './crash-run.ts'

export interface Operation {
  readonly name: string
  /** How often it is drawn, beside the others. */
  readonly weight: number
  run(run: CrashRun): Promise<void>
}

/** How often logs are checkpointed in the background, and a little more. */
const CHECKPOINT_MS = 11_000

export const operations: readonly Operation[] = [
  {
    name: 'append',
    weight: 60,
    async run(run) {
      run.append()
    },
  },
  { name: 'settle', weight: 15, run: (run) => run.settle() },
  {
    name: 'flush',
    weight: 5,
    async run(run) {
      const log = run.anyLog()
      const { end } = log
      await run.engine.flush(log.id)
      log.durable(end)
    },
  },
  {
    name: 'truncate before',
    weight: 5,
    async run(run) {
      const log = run.anyLog()
      const offset = run.random.below(log.acknowledgedEnd + 1)
      log.askedStartOffset = Math.max(log.askedStartOffset, offset)
      const answered = await run.engine.truncateBefore(log.id, offset)
      if (answered !== Math.max(log.logStartOffset, offset)) {
        throw new Error(`Truncated ${log.topic} to ${answered}, not to ${offset}.`)
      }
      log.logStartOffset = answered
    },
  },
  {
    name: 'retention',
    weight: 4,
    async run(run) {
      const log = run.anyLog()
      if (log.isCompacted) return
      const retentionBytes = run.random.below(3) === 0 ? 0 : run.random.below(100_000)
      await run.engine.configure(log.id, { ...log.config, retentionBytes })
      log.askedStartOffset = Math.max(log.askedStartOffset, log.acknowledgedEnd)
      await run.engine.applyRetention(log.id, run.clock.now())
      const { logStartOffset } = run.engine.offsets(log.id)!
      if (logStartOffset < log.logStartOffset) {
        throw new Error(
          `Retention moved the start back from ${log.logStartOffset} to ${logStartOffset}.`,
        )
      }
      log.logStartOffset = logStartOffset
      log.askedStartOffset = logStartOffset
      await run.engine.configure(log.id, log.config)
    },
  },
  {
    name: 'compaction',
    weight: 4,
    async run(run) {
      const log = run.logs.find(({ isCompacted }) => isCompacted)!
      await run.engine.compact(log.id, run.clock.now())
    },
  },
  {
    name: 'transaction',
    weight: 6,
    async run(run) {
      const log = run.anyLog()
      // What of a transaction outlives compaction is for tests of its own.
      if (!log.isCompacted) run.appendTransaction(log)
    },
  },
  { name: 'time passes', weight: 4, run: (run) => run.clock.advance(CHECKPOINT_MS) },
  {
    name: 'delete and make anew',
    weight: 2,
    async run(run) {
      await run.answered()
      const log = run.anyLog()
      const { id } = log
      log.recreate(run.random.uuid())
      await run.engine.delete(id)
      log.deletedTopicId = undefined
      await run.engine.create([log.spec])
    },
  },
  {
    name: 'stop and start',
    weight: 3,
    async run(run) {
      await run.stop()
      await run.startAfterStop()
    },
  },
  {
    name: 'stop, power cut and start',
    weight: 2,
    async run(run) {
      await run.stop()
      run.disk = run.disk.powerCut(run.random)
      await run.startAfterStop()
    },
  },
  { name: 'kill', weight: 3, run: (run) => run.crash('kill') },
  { name: 'power cut', weight: 3, run: (run) => run.crash('power cut') },
  {
    name: 'full disk',
    weight: 1,
    async run(run) {
      // The first writes fit, and leave a part of the one that does not.
      let left = run.random.below(4)
      const { fault } = run.disk
      run.disk.fault = (verb, path) =>
        fault?.(verb, path) ?? (verb === 'write' && left-- <= 0 ? 'ENOSPC' : undefined)
      for (let n = 0; n < 4; n++) run.append(false)
      await run.answered()
      run.disk.fault = fault
      await run.crash('kill')
    },
  },
  {
    name: 'failed sync',
    weight: 1,
    async run(run) {
      const { fault } = run.disk
      run.disk.fault = (verb, path) => fault?.(verb, path) ?? (verb === 'sync' ? 'EIO' : undefined)
      for (let n = 0; n < 4; n++) run.append(false)
      await run.answered()
      run.disk.fault = fault
      await run.crash('power cut')
    },
  },
]

/** The next one, by weight. */
export function drawOperation(from: readonly Operation[], random: Random): Operation {
  const total = from.reduce((sum, { weight }) => sum + weight, 0)
  let dice = random.below(total)
  for (const operation of from) {
    dice -= operation.weight
    if (dice < 0) return operation
  }
  throw new RangeError('No operation has a weight.')
}
