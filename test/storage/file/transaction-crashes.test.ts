import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { batchesIn, type BatchView } from '../../../src/protocol/records/batch-view.ts'
import { buildMarker, markerOf } from '../../../src/protocol/records/control-records.ts'
import { type Random, seededRandom } from '../../../src/random.ts'
import {
  type Append,
  defaultLogConfig,
  type LogConfig,
  type LogId,
  logId,
} from '../../../src/storage/engine.ts'
import { type FileEngine, openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'

const TOPIC_ID = 'transactions000000000A'
const PRODUCERS = 4
const MARKERS = ['COMMIT', 'ABORT'] as const
const WHOLE = { maxBytes: 1 << 30, firstWhole: true }

interface Sent {
  kind: 'plain' | 'part' | 'COMMIT' | 'ABORT'
  baseOffset: number
  count: number
  producerId: number
  producerEpoch: number
  baseSequence: number
}

interface Transaction {
  producerId: number
  first: number
  /** Of the marker; none yet: Infinity. */
  last: number
  isAborted: boolean
}

/** What one log must hold, and what follows from it. */
class Expected {
  readonly id: LogId
  readonly config: LogConfig
  batches: Sent[] = []
  logStartOffset = 0
  acknowledgedEnd = 0
  durableEnd = 0

  constructor(partitionIndex: number, flushMessages: number) {
    this.id = logId(TOPIC_ID, partitionIndex)
    const sizes = { segmentBytes: 1200, indexIntervalBytes: 200 }
    this.config = { ...defaultLogConfig, ...sizes, flushMessages }
  }

  get end(): number {
    const last = this.batches.at(-1)
    return last ? last.baseOffset + last.count : 0
  }

  get transactions(): Transaction[] {
    const all: Transaction[] = []
    const open = new Map<number, Transaction>()
    for (const { kind, producerId, baseOffset } of this.batches) {
      const before = open.get(producerId)
      if (kind === 'part' && !before) {
        const one = { producerId, first: baseOffset, last: Infinity, isAborted: false }
        open.set(producerId, one)
        all.push(one)
      } else if (before && (kind === 'COMMIT' || kind === 'ABORT')) {
        Object.assign(before, { last: baseOffset, isAborted: kind === 'ABORT' })
        open.delete(producerId)
      }
    }
    return all
  }

  lastOf(producerId: number): Sent | undefined {
    return this.batches.findLast((batch) => batch.producerId === producerId)
  }

  acknowledged(end: number): void {
    this.acknowledgedEnd = Math.max(this.acknowledgedEnd, end)
    if (this.config.flushMessages === 1) this.durableEnd = Math.max(this.durableEnd, end)
  }

  cutTo(end: number): void {
    this.batches = this.batches.filter(({ baseOffset }) => baseOffset < end)
    this.acknowledgedEnd = end
    this.durableEnd = Math.min(this.durableEnd, end)
  }
}

class Run {
  /** How often records before the log's start were lost, with all that is known of them: nothing more is to be seen then. */
  static ended = 0
  private readonly random: Random
  private readonly clock = new ManualClock()
  private logs = [new Expected(0, 1), new Expected(1, Number.MAX_SAFE_INTEGER)]
  private disk: MemoryDisk
  /** What a crash has left. */
  private survivor: MemoryDisk | undefined
  private isPowerCut = false
  private engine!: FileEngine
  private pending: Promise<unknown>[] = []

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.disk = new MemoryDisk({ clock: this.clock })
  }

  async go(steps: number): Promise<void> {
    await this.open()
    for (let step = 0; step < steps && this.logs.length > 0; step++) {
      const dice = this.random.below(100)
      if (dice < 70) this.append()
      else if (dice < 78) await this.settle()
      else if (dice < 83) await this.clock.advance(11_000)
      else if (dice < 86) await this.truncate()
      else if (dice < 89) await this.flush()
      else if (dice < 92) await this.restart()
      else this.crashSoon()
      if (this.survivor) await this.reopen()
    }
  }

  /** At one of the next calls of the disk. */
  private crashSoon(): void {
    const { disk, random } = this
    const isKill = random.below(2) === 0
    let calls = random.below(30)
    disk.fault = () => {
      if (calls-- > 0) return undefined
      this.survivor ??= isKill ? disk.kill() : disk.powerCut(random)
      this.isPowerCut ||= !isKill
      return 'EIO'
    }
  }

  private async open(): Promise<void> {
    const { disk, clock, random } = this
    const options = { tailCacheBytes: random.below(2) * 100_000 }
    this.engine = await openFileEngine({ disk, directory: '/data', clock, random, options })
    const specs = [0, 1].map((partitionIndex) => {
      const { config } = new Expected(partitionIndex, partitionIndex === 0 ? 1 : 1e9)
      return { topic: 'transactions', topicId: TOPIC_ID, partitionIndex, config }
    })
    await this.engine.create(specs)
  }

  /** Until a start gets through. */
  private async reopen(): Promise<void> {
    await Promise.all(this.pending)
    this.pending = []
    while (this.survivor) {
      this.crashed()
      this.disk = this.survivor
      this.survivor = undefined
      if (this.random.below(3) === 0) this.crashSoon()
      await this.open().catch((error: unknown) => {
        if (!this.survivor) throw error
      })
    }
    this.disk.fault = undefined
    for (const log of this.logs) this.takeOver(log)
    for (const log of this.logs) await this.check(log)
  }

  private crashed(): void {
    for (const log of this.logs) {
      if (this.isPowerCut) log.acknowledgedEnd = Math.min(log.acknowledgedEnd, log.durableEnd)
    }
    this.isPowerCut = false
  }

  private takeOver(log: Expected): void {
    const { logStartOffset, logEndOffset, highWatermark } = this.engine.offsets(log.id)!
    const isLost = logStartOffset > Math.max(log.durableEnd, log.logStartOffset)
    const isEmptied = logEndOffset === logStartOffset && logEndOffset > log.durableEnd
    if (isLost || isEmptied) {
      Run.ended++
      this.logs = this.logs.filter((other) => other !== log)
      return
    }
    expect(logStartOffset).toBe(log.logStartOffset)
    expect(highWatermark).toBe(logEndOffset)
    expect(logEndOffset).toBeGreaterThanOrEqual(log.acknowledgedEnd)
    log.cutTo(logEndOffset)
  }

  private append(): void {
    const appends: (Append & { expected: Expected; end: number })[] = []
    for (let n = this.random.below(4) + 1; n > 0; n--) {
      const log = this.logs[this.random.below(this.logs.length)]!
      const sent = this.next(log)
      log.batches.push(sent)
      appends.push({ log: log.id, batch: batchOf(sent), expected: log, end: log.end })
    }
    const outcomes = this.engine.append(appends).then((results) => {
      results.forEach((result, i) => {
        const { expected, end } = appends[i]!
        if (result.kind === 'rejected') expect(result.error).toBe('KAFKA_STORAGE_ERROR')
        else expect(result).toMatchObject({ kind: 'appended', lastOffset: end - 1 })
        if (result.kind === 'appended') expected.acknowledged(end)
      })
    })
    this.pending.push(outcomes)
  }

  private next(log: Expected): Sent {
    const producerId = this.random.below(PRODUCERS)
    const last = log.lastOf(producerId)
    const isOpen = log.transactions.some((one) => one.producerId === producerId && one.last > 1e9)
    const producerEpoch = last?.producerEpoch ?? 0
    const isNew = !last || last.kind === 'COMMIT' || last.kind === 'ABORT'
    const dice = this.random.below(10)
    const common = { baseOffset: log.end, producerId, producerEpoch }
    if (dice < (isOpen ? 4 : 1)) {
      // Of the same epoch, or as with version 2 of the next.
      const bumped = producerEpoch + this.random.below(2)
      const kind = MARKERS[this.random.below(2)]!
      return { ...common, kind, count: 1, producerEpoch: bumped, baseSequence: -1 }
    }
    const count = this.random.below(3) + 1
    if (dice === 9) return { ...common, kind: 'plain', count, producerId: -1, baseSequence: -1 }
    const before = isNew ? log.batches.findLast(isOfEpoch(producerId, producerEpoch)) : last
    const baseSequence = before ? before.baseSequence + before.count : 0
    return { ...common, kind: 'part', count, baseSequence }
  }

  private async settle(): Promise<void> {
    await Promise.all(this.pending)
    this.pending = []
    if (this.survivor) return
    for (const log of this.logs) await this.check(log)
  }

  private async flush(): Promise<void> {
    const log = this.logs[this.random.below(this.logs.length)]!
    const { end } = log
    await this.engine.flush(log.id).then(
      () => void (log.durableEnd = Math.max(log.durableEnd, end)),
      () => expect(this.survivor).toBeDefined(),
    )
  }

  private async truncate(): Promise<void> {
    const log = this.logs[this.random.below(this.logs.length)]!
    await this.settle()
    if (this.survivor) return
    const offset = this.random.below(log.end + 1)
    const before = log.logStartOffset
    log.logStartOffset = Math.max(before, offset)
    try {
      await this.engine.truncateBefore(log.id, offset)
    } catch {
      expect(this.survivor).toBeDefined()
    }
    if (!this.survivor) return
    // Nobody can tell whether it came through.
    await this.reopenToLearnStart(log, before)
  }

  private async reopenToLearnStart(log: Expected, before: number): Promise<void> {
    this.crashed()
    this.disk = this.survivor!
    this.survivor = undefined
    await this.open()
    const { logStartOffset } = this.engine.offsets(log.id)!
    if (logStartOffset !== log.logStartOffset) log.logStartOffset = before
    for (const each of this.logs) this.takeOver(each)
    for (const each of this.logs) await this.check(each)
  }

  private async restart(): Promise<void> {
    await this.settle()
    if (this.survivor) return
    await this.engine.close().catch(() => expect(this.survivor).toBeDefined())
    if (this.survivor) return
    for (const log of this.logs) log.durableEnd = log.end
    this.survivor = this.random.below(2) === 0 ? this.disk.powerCut(this.random) : this.disk
  }

  /** A committed reader sees what was committed, and is told what it has to pass over. */
  private async check(log: Expected): Promise<void> {
    const { transactions, logStartOffset, end } = log
    const first = Math.min(end, ...transactions.filter(isOpen).map((one) => one.first))
    const stable = Math.max(first, Math.min(logStartOffset, end))
    if (this.survivor) return
    expect(this.engine.offsets(log.id)).toMatchObject({ lastStableOffset: stable })
    const seen: number[] = []
    for (let offset = logStartOffset; offset < stable; ) {
      const maxBytes = this.random.below(4) === 0 ? 1 : this.random.below(5000)
      const want = { log: log.id, offset, maxBytes, committedOnly: true }
      const read = await this.engine.read([want], { ...WHOLE, maxBytes })
      const { buffers, error, abortedTransactions } = read.reads[0]!
      if (this.survivor) return
      expect(error).toBe(undefined)
      const batches = [...batchesIn(Buffer.concat(buffers))]
      const next = batches.at(-1)!.nextOffset
      expect(abortedTransactions).toEqual(abortedBetween(transactions, offset, next))
      seen.push(...committedIn(batches, abortedTransactions))
      read.release()
      offset = next
    }
    const aborted = transactions.filter((one) => one.isAborted)
    const committed = log.batches.filter(
      ({ kind, baseOffset, count, producerId }) =>
        (kind === 'plain' || kind === 'part') &&
        baseOffset + count > logStartOffset &&
        baseOffset + count <= stable &&
        !aborted.some(
          (one) =>
            one.producerId === producerId && one.first <= baseOffset && baseOffset < one.last,
        ),
    )
    expect(seen).toEqual(committed.map(({ baseOffset }) => baseOffset))
  }
}

function isOpen({ last }: Transaction): boolean {
  return last === Infinity
}

function isOfEpoch(producerId: number, producerEpoch: number): (batch: Sent) => boolean {
  return (batch) =>
    batch.kind === 'part' &&
    batch.producerId === producerId &&
    batch.producerEpoch === producerEpoch
}

function abortedBetween(transactions: readonly Transaction[], from: number, to: number) {
  return transactions
    .filter(({ isAborted, first, last }) => isAborted && last >= from && first < to)
    .map(({ producerId, first }) => ({ producerId, firstOffset: first }))
}

/** What consumers do with what they are told. */
function committedIn(
  batches: readonly BatchView[],
  told: readonly { producerId: number; firstOffset: number }[],
): number[] {
  const seen: number[] = []
  const waiting = [...told]
  const aborting = new Set<number>()
  for (const batch of batches) {
    while (waiting[0] && waiting[0].firstOffset <= batch.lastOffset) {
      aborting.add(waiting.shift()!.producerId)
    }
    if (batch.isControl) {
      if (markerOf(batch)?.type === 'ABORT') aborting.delete(batch.producerId)
    } else if (!batch.isTransactional || !aborting.has(batch.producerId)) {
      seen.push(batch.baseOffset)
    }
  }
  return seen
}

function batchOf({ kind, count, producerId, producerEpoch, baseSequence }: Sent): BatchView {
  if (kind === 'COMMIT' || kind === 'ABORT') {
    const timestamp = 2000
    return buildMarker({ type: kind, coordinatorEpoch: 0, producerId, producerEpoch, timestamp })
  }
  const records = Array.from({ length: count }, () => ({
    key: null,
    value: Buffer.alloc(40),
    timestamp: 1000,
  }))
  const transactional = kind === 'part'
  const identity = transactional ? { producerId, producerEpoch, baseSequence } : {}
  return buildBatch(records, { ...identity, transactional })
}

describe('after a crash at any call of the disk, committed readers see what was committed', () => {
  const first = Number(process.env['ODRADEK_CRASH_SEED'] ?? 1)
  const seeds = Number(process.env['ODRADEK_CRASH_SEEDS'] ?? 40)
  it.each(Array.from({ length: seeds }, (_, i) => first + i))('seed %i', async (seed) => {
    await new Run(seed).go(150)
  })

  it('and most runs come to their end', () => {
    expect(Run.ended).toBeLessThan(seeds)
  })
})
