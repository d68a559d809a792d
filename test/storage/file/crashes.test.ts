import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { batchesIn, hasRightChecksum } from '../../../src/protocol/records/batch-view.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import { type Append, defaultLogConfig, type LogId, logId } from '../../../src/storage/engine.ts'
import { type FileEngine, openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'

const TOPIC_ID = 'crashes00000000000000A'
const PRODUCERS = 3

interface Sent {
  value: string
  baseOffset: number
  count: number
  producerId: number
  baseSequence: number
}

/** What one log must hold: everything that was sent, in order, of which a crash may take the end, but not below a mark. */
class Expected {
  readonly id: LogId
  readonly config
  batches: Sent[] = []
  /** Of the first batch; another after a power cut that took all. */
  firstOffset = 0
  /** Producers of before that have ids below it. */
  firstProducerId = 0
  logStartOffset = 0
  acknowledgedEnd = 0
  durableEnd = 0

  constructor(partitionIndex: number, flushMessages: number) {
    this.id = logId(TOPIC_ID, partitionIndex)
    this.config = {
      ...defaultLogConfig,
      segmentBytes: 40_000,
      indexIntervalBytes: 500,
      flushMessages,
    }
  }

  get end(): number {
    const last = this.batches.at(-1)
    return last ? last.baseOffset + last.count : this.firstOffset
  }

  nextSequence(producerId: number): number {
    const last = this.batches.findLast((batch) => batch.producerId === producerId)
    return last ? last.baseSequence + last.count : 0
  }

  acknowledged(end: number): void {
    this.acknowledgedEnd = Math.max(this.acknowledgedEnd, end)
    // Fewer than `flush.messages` of what is acknowledged is not synced.
    this.durable(Math.max(0, end - this.config.flushMessages + 1))
  }

  durable(end: number): void {
    this.durableEnd = Math.max(this.durableEnd, end)
  }

  /** A log that was truncated to where it now ends may have lost everything before, and its producers, or not: nobody can tell. */
  beginAt(offset: number): void {
    this.batches = []
    this.firstOffset = offset
    this.firstProducerId += PRODUCERS
  }

  loseBefore(offset: number): void {
    this.logStartOffset = offset
    this.batches = this.batches.filter(({ baseOffset }) => baseOffset >= offset)
    this.firstProducerId += PRODUCERS
  }

  cutTo(end: number): void {
    if (end === this.logStartOffset && end > this.durableEnd) this.beginAt(end)
    this.batches = this.batches.filter((batch) => batch.baseOffset < end)
    this.acknowledgedEnd = end
    this.durableEnd = Math.min(this.durableEnd, end)
  }
}

class Run {
  private readonly random: Random
  private readonly clock = new ManualClock()
  private readonly logs: Expected[]
  private disk: MemoryDisk
  private engine!: FileEngine
  private count = 0
  private pending: Promise<unknown>[] = []

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.disk = new MemoryDisk({ clock: this.clock })
    this.logs = [new Expected(0, 1), new Expected(1, Number.MAX_SAFE_INTEGER), new Expected(2, 10)]
  }

  async go(steps: number): Promise<void> {
    await this.open()
    for (let step = 0; step < steps; step++) {
      const dice = this.random.below(100)
      if (dice < 60) this.append()
      else if (dice < 75) await this.settle()
      else if (dice < 80) await this.flush()
      else if (dice < 83) await this.truncate()
      else if (dice < 86) await this.retain()
      else if (dice < 89) await this.clock.advance(11_000)
      else if (dice < 92) await this.restart()
      else await this.crash(dice < 96)
    }
    await this.settle()
    await this.engine.close()
  }

  private async open(): Promise<void> {
    const { disk, clock, random } = this
    const options = {
      tailCacheBytes: random.below(2) * 100_000,
      syncWriteBytes: [0, 300, 30_000, 1_000_000][random.below(4)]!,
    }
    this.engine = await openFileEngine({ disk, directory: '/data', clock, random, options })
    await this.engine.create(
      this.logs.map(({ config }, partitionIndex) => ({
        topic: 'crashes',
        topicId: TOPIC_ID,
        partitionIndex,
        config,
        lazy: partitionIndex === 2,
      })),
    )
  }

  private append(): void {
    const appends: (Append & { expected: Expected; end: number })[] = []
    for (let n = this.random.below(4) + 1; n > 0; n--) {
      const log = this.logs[this.random.below(this.logs.length)]!
      const count = this.random.below(3) + 1
      const producerId = log.firstProducerId + this.random.below(PRODUCERS)
      const baseSequence = log.nextSequence(producerId)
      const value = `${this.count++}`.padEnd(this.random.below(6) === 0 ? 17_000 : 100, '.')
      const records = Array.from({ length: count }, (_, i) => ({
        key: null,
        value: Buffer.from(i === 0 ? value : `${i}`),
        timestamp: this.clock.now(),
      }))
      const batch = buildBatch(records, { producerId, producerEpoch: 0, baseSequence })
      log.batches.push({ value, baseOffset: log.end, count, producerId, baseSequence })
      appends.push({ log: log.id, batch, expected: log, end: log.end })
    }
    const atomic = this.random.below(3) === 0
    const outcomes = this.engine.append(appends, { atomic }).then((results) => {
      results.forEach((result, i) => {
        const { expected, end } = appends[i]!
        if (result.kind === 'rejected') expect(result.error).toBe('KAFKA_STORAGE_ERROR')
        else expect(result).toMatchObject({ kind: 'appended', lastOffset: end - 1 })
        if (result.kind === 'appended') expected.acknowledged(end)
      })
    })
    this.pending.push(outcomes)
  }

  private async settle(): Promise<void> {
    await Promise.all(this.pending)
    this.pending = []
    for (const log of this.logs) await this.check(log, log.end)
  }

  private async flush(): Promise<void> {
    const log = this.logs[this.random.below(this.logs.length)]!
    const { end } = log
    await this.engine.flush(log.id)
    log.durable(end)
  }

  private async truncate(): Promise<void> {
    const log = this.logs[this.random.below(this.logs.length)]!
    const offset = this.random.below(log.acknowledgedEnd + 1)
    log.logStartOffset = Math.max(log.logStartOffset, offset)
    expect(await this.engine.truncateBefore(log.id, offset)).toBe(log.logStartOffset)
  }

  private async retain(): Promise<void> {
    const log = this.logs[this.random.below(this.logs.length)]!
    const retentionBytes = this.random.below(3) === 0 ? 0 : this.random.below(200_000)
    await this.engine.configure(log.id, { ...log.config, retentionBytes })
    await this.engine.applyRetention(log.id, this.clock.now())
    await this.engine.configure(log.id, log.config)
    const { logStartOffset, highWatermark } = this.engine.offsets(log.id)!
    expect(logStartOffset).toBeGreaterThanOrEqual(log.logStartOffset)
    expect(logStartOffset).toBeLessThanOrEqual(highWatermark)
    log.logStartOffset = logStartOffset
  }

  private async restart(): Promise<void> {
    await Promise.all(this.pending)
    this.pending = []
    await this.engine.close()
    for (const log of this.logs) log.durable(log.end)
    // Whatever happens to the machine after a clean stop takes nothing.
    if (this.random.below(2) === 0) this.disk = this.disk.powerCut(this.random)
    await this.reopen((log) => log.end)
  }

  private async crash(isKill: boolean): Promise<void> {
    const dead = this.disk
    this.disk = isKill ? dead.kill() : dead.powerCut(this.random)
    const marks = new Map(
      this.logs.map((log) => [log, isKill ? log.acknowledgedEnd : log.durableEnd]),
    )
    // What was under way fails, or was acknowledged before.
    await Promise.all(this.pending)
    this.pending = []
    await this.reopen((log) => marks.get(log)!)
  }

  private async reopen(atLeast: (log: Expected) => number): Promise<void> {
    await this.open()
    for (const log of this.logs) {
      const { logStartOffset, logEndOffset, highWatermark } = this.engine.offsets(log.id)!
      // A power cut may take the first of several segments that were not synced.
      if (logStartOffset > Math.max(log.durableEnd, log.logStartOffset))
        log.loseBefore(logStartOffset)
      expect(logStartOffset).toBe(log.logStartOffset)
      expect(highWatermark).toBe(logEndOffset)
      expect(logEndOffset).toBeGreaterThanOrEqual(Math.max(atLeast(log), log.logStartOffset))
      await this.check(log, logEndOffset)
      log.cutTo(logEndOffset)
      await this.checkProducers(log)
    }
  }

  /** Reads all: what was sent, in order, each once, whole. */
  private async check(log: Expected, end: number): Promise<void> {
    const expected = log.batches.filter(
      ({ baseOffset, count }) =>
        baseOffset + count <= end && baseOffset + count > log.logStartOffset,
    )
    const found = []
    for (let offset = log.logStartOffset; offset < end; ) {
      const maxBytes = this.random.below(60_000)
      const want = { log: log.id, offset, maxBytes }
      const { reads } = await this.engine.read([want], { maxBytes, firstWhole: true })
      const { buffers, error, size } = reads[0]!
      expect(error).toBe(undefined)
      expect(size).toBeGreaterThan(0)
      for (const batch of batchesIn(Buffer.concat(buffers))) {
        expect(hasRightChecksum(batch.bytes)).toBe(true)
        const [first] = iterateRecords(batch)
        found.push([batch.baseOffset, String(first!.value), batch.recordCount])
        offset = batch.nextOffset
      }
    }
    expect(found).toEqual(
      expected.map(({ baseOffset, value, count }) => [baseOffset, value, count]),
    )
  }

  /** The last batch of each producer, sent again, is known. */
  private async checkProducers(log: Expected): Promise<void> {
    for (let i = 0; i < PRODUCERS; i++) {
      const producerId = log.firstProducerId + i
      const last = log.batches.findLast((batch) => batch.producerId === producerId)
      if (!last) continue
      const records = Array.from({ length: last.count }, () => ({
        key: null,
        value: null,
        timestamp: 0,
      }))
      const { baseSequence, baseOffset } = last
      const batch = buildBatch(records, { producerId, producerEpoch: 0, baseSequence })
      const [outcome] = await this.engine.append([{ log: log.id, batch }])
      expect(outcome).toMatchObject({ kind: 'duplicate', baseOffset })
    }
  }
}

describe('crashes take nothing that was acknowledged and durable, and leave nothing torn', () => {
  const first = Number(process.env['ODRADEK_CRASH_SEED'] ?? 1)
  const seeds = Number(process.env['ODRADEK_CRASH_SEEDS'] ?? 25)
  it.each(Array.from({ length: seeds }, (_, i) => first + i))('seed %i', async (seed) => {
    await new Run(seed).go(120)
  })
})
