/** Applies retention to all logs each `log.retention.check.interval.ms`, a few at a time, by a time that no clock change moves forward. */

import type { Clock, Timer } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import { type LogId, logId, type StorageEngine } from '../../storage/engine.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { TrustedTime } from '../trusted-time.ts'

/** Kafka's `log.initial.task.delay.ms`: a start has other things to do. A shorter interval has a shorter delay. */
const LONGEST_FIRST_DELAY_MS = 30_000
/** Logs that are worked on at the same time, so that they share the writes of what they share. */
const LOGS_AT_ONCE = 8
/** Logs that one of these looks at in one turn of the loop. */
const LOGS_OF_A_TURN = 32
/** The clock is that much ahead before somebody is told. */
const TOLD_AHEAD_MS = 3_600_000

export interface RetentionScheduleOptions {
  engine: StorageEngine
  config: BrokerConfig
  clock: Clock
  log: Logger
}

export class RetentionSchedule {
  private readonly options: RetentionScheduleOptions
  private readonly time: TrustedTime
  private timer: Timer | undefined
  private round: Promise<void> | undefined
  private isClosed = false
  private hasToldAhead = false
  /** Logs whose last attempt failed: said once. */
  private readonly failing = new Set<LogId>()

  constructor(options: RetentionScheduleOptions) {
    this.options = options
    this.time = new TrustedTime(options.clock)
  }

  start(): void {
    const { clock, config } = this.options
    const interval = config.get('log.retention.check.interval.ms')
    const first = Math.min(interval, LONGEST_FIRST_DELAY_MS)
    this.timer = clock.after(first, () => {
      this.begin()
      this.timer = clock.every(interval, () => this.begin())
    })
  }

  /** Resolved: no log is being looked at any more. */
  async close(): Promise<void> {
    this.isClosed = true
    this.timer?.cancel()
    await this.round
  }

  /** A round that takes longer than the interval is not joined by another. */
  private begin(): void {
    if (this.isClosed) return
    this.round ??= this.run().finally(() => {
      this.round = undefined
    })
  }

  private async run(): Promise<void> {
    const { engine, clock } = this.options
    this.tellAhead()
    const queue = (await engine.list()).values()
    const workOn = async (): Promise<void> => {
      let count = 0
      for (const { topicId, partitionIndex } of queue) {
        if (count++ % LOGS_OF_A_TURN === 0) await new Promise<void>((done) => clock.soon(done))
        if (this.isClosed) return
        await this.apply(logId(topicId, partitionIndex))
      }
    }
    await Promise.all(Array.from({ length: LOGS_AT_ONCE }, workOn))
  }

  private async apply(id: LogId): Promise<void> {
    const { engine, log } = this.options
    try {
      await engine.applyRetention(id, this.time.now())
      this.failing.delete(id)
    } catch (err) {
      if (this.failing.has(id)) return
      this.failing.add(id)
      log.warn({ err, log: id }, 'Retention could not be applied to a log; it is tried again.')
    }
  }

  private tellAhead(): void {
    const { aheadMs } = this.time
    if (aheadMs < TOLD_AHEAD_MS || this.hasToldAhead) return
    this.hasToldAhead = true
    const text =
      'The wall clock is ahead of the time that has passed since the start: retention goes by the latter until a restart.'
    this.options.log.warn({ aheadMs }, text)
  }
}
