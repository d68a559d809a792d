/**
 * When logs are compacted: one at a time, the dirtiest of those that are due first, until none is; then again after
 * `log.cleaner.backoff.ms`. A log that cannot be cleaned is left alone until the next start. A clock that is set forward makes no
 * tombstone go before its time.
 */

import type { Clock, Timer } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import { type LogId, logId, type LogSpec, type StorageEngine } from '../../storage/engine.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { TrustedTime } from '../trusted-time.ts'

export interface CompactionScheduleOptions {
  engine: StorageEngine
  config: BrokerConfig
  clock: Clock
  log: Logger
}

interface Dirty {
  id: LogId
  name: string
  ratio: number
}

export class CompactionSchedule {
  private readonly engine: StorageEngine
  private readonly config: BrokerConfig
  private readonly clock: Clock
  private readonly log: Logger
  private readonly time: TrustedTime
  private readonly uncleanable = new Set<LogId>()
  private timer: Timer | undefined
  private isStopped = false

  constructor({ engine, config, clock, log }: CompactionScheduleOptions) {
    this.engine = engine
    this.config = config
    this.clock = clock
    this.log = log
    this.time = new TrustedTime(clock)
  }

  start(): void {
    if (!this.config.get('log.cleaner.enable')) return
    this.arm()
  }

  /** Begins no more rounds; the one that is under way ends with the engine. */
  stop(): void {
    this.isStopped = true
    this.timer?.cancel()
  }

  /** Resolved: no log is due any more, or the schedule is stopped. */
  async run(): Promise<void> {
    // Due, and yet there was nothing to do: looking again at once would not end.
    const passed = new Set<LogId>()
    while (!this.isStopped) {
      const dirtiest = await this.dirtiest(passed)
      if (!dirtiest) return
      if (!(await this.compact(dirtiest))) passed.add(dirtiest.id)
    }
  }

  private arm(): void {
    if (this.isStopped) return
    this.timer = this.clock.after(this.config.get('log.cleaner.backoff.ms'), () => {
      void this.run().then(
        () => this.arm(),
        (err: unknown) => {
          this.log.error({ err }, 'What is to be compacted could not be found out.')
          this.arm()
        },
      )
    })
  }

  private async dirtiest(passed: ReadonlySet<LogId>): Promise<Dirty | undefined> {
    const now = this.time.now()
    let dirtiest: Dirty | undefined
    for (const spec of await this.engine.list()) {
      if (!spec.config.cleanupPolicy.compact) continue
      const id = logId(spec.topicId, spec.partitionIndex)
      if (this.uncleanable.has(id) || passed.has(id)) continue
      const dirtiness = this.engine.dirtiness(id, now)
      if (!dirtiness?.isDue || dirtiness.ratio <= (dirtiest?.ratio ?? 0)) continue
      dirtiest = { id, name: nameOf(spec), ratio: dirtiness.ratio }
    }
    return dirtiest
  }

  /** Whether anything was done. */
  private async compact({ id, name }: Dirty): Promise<boolean> {
    const { config } = this
    try {
      const done = await this.engine.compact(id, this.time.now(), {
        dedupeBytes: config.get('log.cleaner.dedupe.buffer.size'),
        loadFactor: config.get('log.cleaner.io.buffer.load.factor'),
        bytesPerSecond: config.get('log.cleaner.io.max.bytes.per.second'),
      })
      return done !== undefined
    } catch (err) {
      if (this.isStopped) return false
      this.uncleanable.add(id)
      this.log.error({ err, log: name }, `${name} cannot be compacted, and is left as it is.`)
      return false
    }
  }
}

function nameOf({ topic, partitionIndex }: LogSpec): string {
  return `${topic}-${partitionIndex}`
}
