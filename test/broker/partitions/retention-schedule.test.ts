import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { RetentionSchedule } from '../../../src/broker/partitions/retention-schedule.ts'
import { ManualClock } from '../../../src/clock.ts'
import type { Logger } from '../../../src/logger.ts'
import { seededRandom } from '../../../src/random.ts'
import {
  defaultLogConfig,
  type LogConfig,
  logId,
  type StorageEngine,
  StorageError,
} from '../../../src/storage/engine.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'
import { batchOf, turns } from '../../storage/store.ts'

const TOPIC_ID = 'schedule000000000000AA'
const HOUR_MS = 3_600_000

/** Logs of one topic, a record in each, whose retention is on a schedule. */
class Scene {
  readonly clock = new ManualClock()
  readonly lines: string[] = []
  engine!: StorageEngine
  schedule!: RetentionSchedule

  async open(
    keys: Record<string, number> = {},
    config: Partial<LogConfig> = {},
    partitions = 1,
  ): Promise<this> {
    const { clock } = this
    this.engine = await openMemoryEngine({ clock, random: seededRandom(1) })
    await this.engine.create(
      Array.from({ length: partitions }, (_, partitionIndex) => ({
        topic: 'scheduled',
        topicId: TOPIC_ID,
        partitionIndex,
        config: { ...defaultLogConfig, retentionMs: 6 * HOUR_MS, segmentMs: HOUR_MS, ...config },
      })),
    )
    for (let i = 0; i < partitions; i++) await this.append(i)
    const add = (_context: object, text: string): void => void this.lines.push(text)
    const log = { trace: add, debug: add, info: add, warn: add, error: add } as unknown as Logger
    const options = { engine: this.engine, config: BrokerConfig.of(keys), clock, log }
    this.schedule = new RetentionSchedule(options)
    this.schedule.start()
    return this
  }

  async append(partition = 0): Promise<void> {
    const batch = batchOf('value', this.clock.now())
    await this.engine.append([{ log: logId(TOPIC_ID, partition), batch }])
  }

  start(partition = 0): number {
    return this.engine.offsets(logId(TOPIC_ID, partition))!.logStartOffset
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await turns(40)
  }
}

describe('retention is applied', () => {
  test('half a minute after the start, then each log.retention.check.interval.ms', async () => {
    const scene = await new Scene().open({}, { retentionMs: 10_000 })
    await scene.advance(29_999)
    expect(scene.start()).toBe(0)
    await scene.advance(1)
    expect(scene.start()).toBe(1)
    await scene.append()
    await scene.advance(299_999)
    expect(scene.start()).toBe(1)
    await scene.advance(1)
    expect(scene.start()).toBe(2)
  })

  test('sooner where the interval is shorter', async () => {
    const keys = { 'log.retention.check.interval.ms': 100 }
    const scene = await new Scene().open(keys, { retentionMs: 50 })
    await scene.advance(100)
    expect(scene.start()).toBe(1)
  })

  test('to all logs, also where one fails, which is said once', async () => {
    const keys = { 'log.retention.check.interval.ms': 100 }
    const scene = await new Scene().open(keys, { retentionMs: 50 }, 200)
    const { engine } = scene
    const apply = engine.applyRetention.bind(engine)
    engine.applyRetention = async (id, now) => {
      if (id === logId(TOPIC_ID, 5)) throw new StorageError('The disk is busy.')
      return apply(id, now)
    }
    await scene.advance(100)
    await turns(2000)
    const starts = Array.from({ length: 200 }, (_, i) => scene.start(i))
    expect(starts).toEqual(starts.map((_, i) => (i === 5 ? 0 : 1)))
    for (let i = 0; i < 3; i++) await scene.advance(100)
    expect(scene.lines.filter((line) => line.includes('could not be applied'))).toHaveLength(1)
  })

  test('no more after it is closed', async () => {
    const scene = await new Scene().open({}, { retentionMs: 10_000 })
    await scene.schedule.close()
    await scene.advance(HOUR_MS)
    expect(scene.start()).toBe(0)
  })
})

describe('a wall clock that is set', () => {
  test('forward deletes nothing before its time, and is said once', async () => {
    const scene = await new Scene().open()
    await scene.advance(HOUR_MS)
    scene.clock.setWall(scene.clock.now() + 1000 * HOUR_MS)
    await scene.advance(4.9 * HOUR_MS)
    expect(scene.start()).toBe(0)
    expect(scene.lines.filter((line) => line.includes('ahead'))).toHaveLength(1)
    await scene.advance(0.3 * HOUR_MS)
    expect(scene.start()).toBe(1)
  })

  test('forward and back again is as if nothing had happened', async () => {
    const scene = await new Scene().open()
    scene.clock.setWall(scene.clock.now() + 48 * HOUR_MS)
    await scene.append()
    await scene.advance(HOUR_MS)
    scene.clock.setWall(scene.clock.now() - 48 * HOUR_MS)
    await scene.append()
    await scene.advance(4.9 * HOUR_MS)
    expect(scene.start()).toBe(0)
    // What was stamped in the future keeps its segment and what follows, and no other is lost for it.
    await scene.advance(10 * HOUR_MS)
    expect(scene.start()).toBe(1)
    await scene.advance(48 * HOUR_MS)
    expect(scene.start()).toBe(3)
  })

  test('back keeps records longer', async () => {
    const scene = await new Scene().open()
    scene.clock.setWall(scene.clock.now() - 10 * HOUR_MS)
    await scene.advance(15 * HOUR_MS)
    expect(scene.start()).toBe(0)
    await scene.advance(1.2 * HOUR_MS)
    expect(scene.start()).toBe(1)
  })
})
