/**
 * One seeded life of a file engine on a memory disk: operations by chance, a crash now and then or in the middle of a chosen
 * disk call, and after each start a look at everything that must hold.
 */

import { expect } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import {
  batchesIn,
  type BatchView,
  hasRightChecksum,
} from '../../../src/protocol/records/batch-view.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { buildMarker } from '../../../src/protocol/records/control-records.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import { type Append, logId } from '../../../src/storage/engine.ts'
import type { Disk } from '../../../src/storage/file/disk.ts'
import { type FileEngine, openFileEngine } from '../../../src/storage/file/file-engine.ts'
import {
  decodePartitionMetadata,
  PARTITION_METADATA,
} from '../../../src/storage/file/log-folder.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { verifyFolder } from '../../../src/storage/verify/folder-check.ts'
import type { Rule, Violation } from '../../../src/storage/verify/violation.ts'
import { type CrashKind, CrashPoint } from './crash-point.ts'
import { LogModel, PRODUCERS } from './log-model.ts'
import { checkCompacted, checkWhole } from './record-expectations.ts'
import { drawOperation, type Operation, operations } from './operations.ts'

export const DIRECTORY = '/data'
/** What a start that has just followed a crash may leave behind. */
const LEFT_BY_START: readonly Rule[] = [
  'intermediate',
  'kept-remains',
  'offset-index',
  'time-index',
  'transaction-index',
  'producer-snapshot',
  'epoch-checkpoint',
  'orphan-file',
  'past-segment',
]
/** What a clean stop may leave behind. */
const LEFT_BY_STOP: readonly Rule[] = [
  // A log that was truncated to its end, and has begun another segment since.
  'past-segment',
  'intermediate',
  'kept-remains',
  'producer-snapshot',
]

const MOST_CRASHES_IN_A_ROW = 4

type ModelAppend = Append & { model: LogModel; end: number }

export interface RunOptions {
  /** The disk call that the run dies in; left out, it dies by operations alone. */
  crashAt?: number
  crashKind?: CrashKind
  /** After each start the disk dies within so many calls; left out, never. */
  crashWithin?: number
  operations?: readonly Operation[]
  /** Puts a rule that is broken between the engine and its disk. */
  wrap?: (disk: MemoryDisk) => Disk
}

export class CrashRun {
  readonly random: Random
  readonly clock = new ManualClock()
  readonly logs: LogModel[]
  engine!: FileEngine
  disk: MemoryDisk
  /** Calls of the first disk that could be crashed in. */
  calls = 0
  pending: Promise<unknown>[] = []
  private point!: CrashPoint
  private count = 0
  private firstPoint: CrashPoint | undefined
  private readonly options: RunOptions
  /** Of the crashes since the last start that succeeded. */
  private crashes: CrashKind[] = []
  private readonly trace: string[] = []

  constructor(seed: number, options: RunOptions = {}) {
    this.random = seededRandom(seed)
    this.options = options
    this.disk = new MemoryDisk({ clock: this.clock })
    const common = { segmentBytes: 40_000, indexIntervalBytes: 500 }
    const topicId = (): string => this.random.uuid()
    this.logs = [
      new LogModel('synced', topicId(), { ...common, flushMessages: 1 }),
      new LogModel('unsynced', topicId(), common),
      new LogModel('sometimes', topicId(), { ...common, flushMessages: 10 }, true),
      new LogModel('rolling', topicId(), {
        segmentBytes: 20_000,
        indexIntervalBytes: 100,
        segmentIndexBytes: 200,
        flushMessages: 1,
        retentionBytes: 30_000,
        retentionMs: 60_000,
      }),
      new LogModel('compacted', topicId(), {
        segmentBytes: 20_000,
        indexIntervalBytes: 500,
        cleanupPolicy: { delete: false, compact: true },
      }),
    ]
  }

  async go(steps: number): Promise<void> {
    try {
      await this.start()
      for (let step = 0; step < steps; step++) {
        await this.step(drawOperation(this.options.operations ?? operations, this.random))
      }
      await this.step({ name: 'end', weight: 1, run: (run) => run.stop() })
      this.calls = this.firstPoint!.calls
    } catch (error) {
      throw this.explained(error)
    }
  }

  /** Makes batches of any log, and sends them in one call; what becomes of them is looked at when it is known. Where a log may be offline, an atomic call would be refused as a whole, and the models would not know. */
  append(mayBeAtomic = true): void {
    const appends: ModelAppend[] = []
    for (let n = this.random.below(4) + 1; n > 0; n--) {
      const model = this.anyLog()
      const producerId = model.firstProducerId + this.random.below(PRODUCERS)
      appends.push(this.batchFor(model, producerId, false))
    }
    this.send(appends, mayBeAtomic && this.random.below(3) === 0)
  }

  /** A transaction of one or two batches, and its end. */
  appendTransaction(model: LogModel): void {
    const producerId = model.transactionalProducer
    for (let n = this.random.below(2) + 1; n > 0; n--) {
      this.send([this.batchFor(model, producerId, true)], false)
    }
    const type = this.random.below(2) === 0 ? 'ABORT' : 'COMMIT'
    const timestamp = this.clock.now()
    const marker = { type, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp } as const
    const batch = buildMarker(marker)
    const [record] = iterateRecords(batch)
    model.sendMarker(String(record!.value))
    this.send([{ log: model.id, batch, model, end: model.end }], false)
  }

  private batchFor(model: LogModel, producerId: number, transactional: boolean): ModelAppend {
    const count = this.random.below(3) + 1
    const value = `${this.count++}`.padEnd(this.random.below(6) === 0 ? 17_000 : 100, '.')
    const { baseSequence, baseOffset } = model.send(value, count, producerId)
    const records = Array.from({ length: count }, (_, i) => {
      const key = model.keyAt(baseOffset + i)
      return {
        key: key === null ? null : Buffer.from(key),
        value: Buffer.from(i === 0 ? value : `${i}`),
        timestamp: this.clock.now(),
      }
    })
    const options = { producerId, producerEpoch: 0, baseSequence, transactional }
    return { log: model.id, batch: buildBatch(records, options), model, end: model.end }
  }

  private send(appends: readonly ModelAppend[], atomic: boolean): void {
    const outcomes = this.engine.append(appends, { atomic }).then((results) => {
      results.forEach((result, i) => {
        const { model, end } = appends[i]!
        if (result.kind === 'rejected') {
          expect(['KAFKA_STORAGE_ERROR', 'OPERATION_NOT_ATTEMPTED']).toContain(result.error)
        } else {
          expect(result).toMatchObject({ kind: 'appended', lastOffset: end - 1 })
          model.acknowledged(end)
        }
      })
    })
    this.pending.push(outcomes)
  }

  anyLog(): LogModel {
    return this.logs[this.random.below(this.logs.length)]!
  }

  /** Everything that was sent is answered. */
  async answered(): Promise<void> {
    const { pending } = this
    this.pending = []
    await Promise.all(pending)
  }

  /** Every log holds what was sent. */
  async settle(): Promise<void> {
    await this.answered()
    for (const log of this.logs) await this.checkRecords(log, log.end)
  }

  /** Stops kindly: the folder is then without a fault, and nothing that happens to the machine takes anything. */
  async stop(): Promise<void> {
    await this.answered()
    await this.engine.close()
    for (const log of this.logs) log.durable(log.end)
    await this.verify(false, LEFT_BY_STOP)
  }

  /** Dies, and starts again. */
  async crash(kind: CrashKind): Promise<void> {
    this.die(kind)
    await this.restart()
  }

  /** Starts on what is there after a clean stop. */
  async startAfterStop(): Promise<void> {
    await this.open()
    await this.checkAll((log) => log.end)
  }

  private async start(): Promise<void> {
    await this.guarded('start', async () => {
      await this.open()
    })
  }

  private step(operation: Operation): Promise<void> {
    return this.guarded(operation.name, () => operation.run(this))
  }

  /** Does something; where the disk dies meanwhile, whatever came of it is forgotten, and a start follows. */
  private async guarded(name: string, work: () => Promise<void>): Promise<void> {
    this.trace.push(name)
    try {
      await work()
    } catch (error) {
      if (!this.point.isDead) throw error
    }
    if (!this.point.isDead) return
    this.trace.push(`died in ${this.point.where}`)
    this.die(this.point.kind)
    await this.restart()
  }

  private die(asked: CrashKind): void {
    const { engine, pending, point } = this
    const kind = point.isDead ? point.kind : asked
    this.crashes.push(kind)
    this.disk = point.crash(kind)
    // What was under way fails, or was acknowledged before. The dead have no timers.
    this.pending = [...pending, engine?.close().catch(() => undefined)]
  }

  /** Starts until a start succeeds: it may die, too. */
  private async restart(): Promise<void> {
    await this.answered().catch(() => undefined)
    for (;;) {
      try {
        await this.open()
        if (!this.point.isDead) {
          const isCut = this.crashes.includes('power cut')
          await this.checkAll((log) => (isCut ? log.durableEnd : log.acknowledgedEnd))
          await this.verify(true, LEFT_BY_START)
          if (!this.point.isDead) break
        }
      } catch (error) {
        if (!this.point.isDead) throw error
      }
      this.trace.push(`died at the start in ${this.point.where}`)
      this.die(this.point.kind)
      await this.answered().catch(() => undefined)
    }
    this.crashes = []
  }

  private async open(): Promise<void> {
    const { clock, random } = this
    const kind = this.options.crashKind ?? (random.below(2) === 0 ? 'kill' : 'power cut')
    this.point = new CrashPoint(this.disk, kind, random)
    this.firstPoint ??= this.point
    if (this.firstPoint === this.point) this.point.at = this.options.crashAt ?? Infinity
    const { crashWithin } = this.options
    // A start takes some calls: one that always dies before it has done them would never end.
    const mayDie = this.crashes.length < MOST_CRASHES_IN_A_ROW
    if (crashWithin !== undefined && mayDie) this.point.at = 1 + random.below(crashWithin)
    const options = {
      tailCacheBytes: random.below(2) * 100_000,
      syncWriteBytes: [0, 300, 30_000, 1_000_000][random.below(4)]!,
    }
    for (const log of this.logs) await this.removeNameless(log)
    const disk = this.options.wrap?.(this.disk) ?? this.disk
    this.engine = await openFileEngine({ disk, directory: DIRECTORY, clock, random, options })
    for (const log of this.logs) {
      // The cluster's log has said it before it was begun: it is done again.
      if (log.deletedTopicId !== undefined) await this.finishDeletion(log)
    }
    await this.engine.create(this.logs.map(({ spec }) => spec))
  }

  private async finishDeletion(log: LogModel): Promise<void> {
    const specs = await this.engine.list()
    const deleted = specs.filter(({ topicId }) => topicId === log.deletedTopicId)
    for (const spec of deleted) await this.engine.delete(logId(spec.topicId, 0))
    log.deletedTopicId = undefined
  }

  /** A power cut may take the file that says whose a new folder is, before anything in it was durable. The engine opens such a folder for whoever asks for its name. */
  private async removeNameless(log: LogModel): Promise<void> {
    const folder = `${DIRECTORY}/${log.topic}-0`
    if (log.deletedTopicId === undefined || !this.disk.list(folder)) return
    const metadata = this.disk.readFile(`${folder}/${PARTITION_METADATA}`)
    if (!decodePartitionMetadata(metadata)) await this.disk.removeDirectory(folder)
  }

  private async checkAll(atLeast: (log: LogModel) => number): Promise<void> {
    for (const log of this.logs) {
      const { logStartOffset, logEndOffset, highWatermark } = this.engine.offsets(log.id)!
      expect(logStartOffset, `${log.topic}: log start`).toBeGreaterThanOrEqual(log.logStartOffset)
      if (logStartOffset > log.askedStartOffset) {
        expect(logStartOffset, `${log.topic}: log start`).toBeGreaterThan(log.durableEnd)
      }
      expect(highWatermark).toBe(logEndOffset)
      const least = Math.max(atLeast(log), logStartOffset)
      expect(logEndOffset, `${log.topic}: log end`).toBeGreaterThanOrEqual(least)
      log.startedAt(logStartOffset)
      await this.checkRecords(log, logEndOffset)
      log.cutTo(logEndOffset)
      await this.checkProducers(log)
    }
  }

  /** Reads all: what was sent, in order, each once, whole. */
  private async checkRecords(log: LogModel, end: number): Promise<void> {
    const found: BatchView[] = []
    for (let offset = log.logStartOffset; offset < end; ) {
      const maxBytes = this.random.below(60_000)
      const want = { log: log.id, offset, maxBytes }
      const read = await this.engine.read([want], { maxBytes, firstWhole: true })
      const { buffers, error, size } = read.reads[0]!
      expect(error).toBe(undefined)
      // Nothing may be left of the end of a compacted log.
      if (size === 0 && log.isCompacted) break
      expect(size).toBeGreaterThan(0)
      for (const batch of batchesIn(Buffer.concat(buffers))) {
        expect(hasRightChecksum(batch.bytes)).toBe(true)
        found.push(batch)
        offset = batch.nextOffset
      }
      read.release()
    }
    if (log.isCompacted) checkCompacted(log, found, end)
    else checkWhole(log, found, end)
  }

  /** The last batch of each producer, sent again, is known. */
  private async checkProducers(log: LogModel): Promise<void> {
    for (let i = 0; i < PRODUCERS; i++) {
      const producerId = log.firstProducerId + i
      const last = log.batches.findLast((batch) => batch.producerId === producerId)
      if (!last) continue
      const { baseSequence, baseOffset, count } = last
      const records = Array.from({ length: count }, () => ({
        key: null,
        value: null,
        timestamp: 0,
      }))
      const batch = buildBatch(records, { producerId, producerEpoch: 0, baseSequence })
      const [outcome] = await this.engine.append([{ log: log.id, batch }])
      expect(outcome, `${log.topic}: producer ${i}`).toMatchObject({
        kind: 'duplicate',
        baseOffset,
      })
    }
  }

  /** The checker finds nothing in the folder as it is now. */
  private async verify(isRecovered: boolean, allowed: readonly Rule[]): Promise<void> {
    const found: Violation[] = []
    const topics = new Map(
      this.logs.map(({ topic, topicId, isCompacted }) => [
        topicId,
        { name: topic, partitions: 1, isCompacted },
      ]),
    )
    await verifyFolder(this.disk, DIRECTORY, {
      now: this.clock.now(),
      topics,
      isRecovered,
      onViolation: (violation) => found.push(violation),
    })
    const wrong = found.filter(
      ({ severity, rule }) => severity === 'error' || !allowed.includes(rule),
    )
    expect(wrong, 'violations').toEqual([])
  }

  private explained(error: unknown): unknown {
    if (error instanceof Error) {
      error.message = `${error.message}\n  after: ${this.trace.slice(-12).join(', ')}`
    }
    return error
  }
}
