import { describe, expect, it } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { CompactionSchedule } from '../../../src/broker/partitions/compaction-schedule.ts'
import { ManualClock } from '../../../src/clock.ts'
import type { Logger } from '../../../src/logger.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import {
  type Compaction,
  type CompactionLimits,
  defaultLogConfig,
  type LogConfig,
  type LogId,
  logId,
  type StorageEngine,
} from '../../../src/storage/engine.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'

const TOPIC_ID = 'schedule0000000000000A'

class Scheduled {
  readonly clock = new ManualClock()
  readonly lines: string[] = []
  /** What the engine was asked to compact, in order. */
  readonly asked: string[] = []
  limits: Partial<CompactionLimits> | undefined
  failing: LogId | undefined
  private count = 0
  config!: BrokerConfig
  engine!: StorageEngine
  schedule!: CompactionSchedule

  async open(settings: Parameters<typeof BrokerConfig.of>[0] = {}): Promise<this> {
    this.engine = await openMemoryEngine({ clock: this.clock })
    const add = (_context: object, text: string): void => void this.lines.push(text)
    const log = { info: add, warn: add, error: add, debug: add } as unknown as Logger
    this.config = BrokerConfig.of({ 'log.cleaner.backoff.ms': 100, ...settings })
    const { engine, clock, config } = this
    const compact = this.compact.bind(this)
    const observed = new Proxy(engine, {
      get: (target, name) => {
        if (name === 'compact') return compact
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    this.schedule = new CompactionSchedule({ engine: observed, config, clock, log })
    this.schedule.start()
    return this
  }

  /** A log of which so many of ten batches are dirty. */
  async log(partitionIndex: number, dirtyOfTen: number, config: Partial<LogConfig> = {}) {
    const id = logId(TOPIC_ID, partitionIndex)
    const cleanupPolicy = { delete: false, compact: true }
    const all = { ...defaultLogConfig, segmentBytes: 150, cleanupPolicy, ...config }
    await this.engine.create([{ topic: 'dirty', topicId: TOPIC_ID, partitionIndex, config: all }])
    const append = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const record = {
          key: Buffer.from(`${this.count++}`),
          value: Buffer.alloc(50),
          timestamp: 1,
        }
        await this.engine.append([{ log: id, batch: buildBatch([record]) }])
      }
    }
    await append(11 - dirtyOfTen)
    if (dirtyOfTen < 10) await this.engine.compact(id, 2)
    await append(dirtyOfTen)
    return id
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms)
    // A compaction has many turns of the loop: the round is over when nothing is asked for long.
    let asked = this.asked.length
    for (let quiet = 0; quiet < 1000; quiet++) {
      await new Promise((resolve) => this.clock.soon(() => resolve(0)))
      if (this.asked.length === asked) continue
      asked = this.asked.length
      quiet = 0
    }
  }

  private async compact(
    id: LogId,
    now: number,
    limits?: Partial<CompactionLimits>,
  ): Promise<Compaction | undefined> {
    this.asked.push(id.slice(TOPIC_ID.length + 1))
    this.limits = limits
    if (id === this.failing) throw new Error('It is damaged.')
    return this.engine.compact(id, now, limits)
  }
}

describe('the compaction schedule', () => {
  it('cleans the dirtiest log first, and only those that are dirty enough', async () => {
    const scheduled = await new Scheduled().open()
    await scheduled.log(0, 6)
    await scheduled.log(1, 9)
    await scheduled.log(2, 2)
    await scheduled.log(3, 8)
    await scheduled.log(4, 10, { cleanupPolicy: { delete: true, compact: false } })
    await scheduled.advance(99)
    expect(scheduled.asked).toEqual([])
    await scheduled.advance(1)
    expect(scheduled.asked).toEqual(['1', '3', '0'])
    await scheduled.advance(100)
    expect(scheduled.asked).toEqual(['1', '3', '0'])
    await scheduled.engine.close()
  })

  it('goes by what is altered, from the next time on', async () => {
    const scheduled = await new Scheduled().open()
    const altered = {
      'log.cleaner.backoff.ms': '1000',
      'log.cleaner.dedupe.buffer.size': '5000000',
      'log.cleaner.io.buffer.load.factor': '0.5',
      'log.cleaner.io.max.bytes.per.second': '1000000000',
    }
    scheduled.config.adopt({ ofBroker: new Map(Object.entries(altered)), ofCluster: new Map() })
    await scheduled.log(0, 10)
    await scheduled.advance(100)
    expect(scheduled.limits).toEqual({ dedupeBytes: 5e6, loadFactor: 0.5, bytesPerSecond: 1e9 })
    await scheduled.log(1, 10)
    await scheduled.advance(999)
    expect(scheduled.asked).toEqual(['0'])
    await scheduled.advance(1)
    expect(scheduled.asked).toEqual(['0', '1'])
    await scheduled.engine.close()
  })

  it('gives the cleaner what the broker has for it', async () => {
    const scheduled = await new Scheduled().open({
      'log.cleaner.dedupe.buffer.size': 5_000_000,
      'log.cleaner.io.buffer.load.factor': 0.5,
      'log.cleaner.io.max.bytes.per.second': 1e9,
    })
    await scheduled.log(0, 10)
    await scheduled.advance(100)
    expect(scheduled.limits).toEqual({ dedupeBytes: 5e6, loadFactor: 0.5, bytesPerSecond: 1e9 })
    await scheduled.engine.close()
  })

  it('leaves a log alone that cannot be cleaned, says so once, and goes on', async () => {
    const scheduled = await new Scheduled().open()
    scheduled.failing = await scheduled.log(0, 10)
    await scheduled.log(1, 9)
    await scheduled.advance(100)
    await scheduled.advance(100)
    expect(scheduled.asked).toEqual(['0', '1'])
    expect(scheduled.lines).toEqual(['dirty-0 cannot be compacted, and is left as it is.'])
    await scheduled.engine.close()
  })

  it('does nothing when the cleaner is off, or after it was stopped', async () => {
    const off = await new Scheduled().open({ 'log.cleaner.enable': false })
    await off.log(0, 10)
    await off.advance(1000)
    expect(off.asked).toEqual([])
    const stopped = await new Scheduled().open()
    await stopped.log(0, 10)
    stopped.schedule.stop()
    await stopped.advance(1000)
    expect(stopped.asked).toEqual([])
    await Promise.all([off.engine.close(), stopped.engine.close()])
  })
})
