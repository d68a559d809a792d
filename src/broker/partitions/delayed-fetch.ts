/**
 * A parked fetch: one object that waits until its partitions have the bytes it asked for.
 *
 * It costs nothing while no log of its moves. A hint from a log leads to one look at the offsets of all of them, however many
 * hints came in that turn; bytes are counted only behind what was counted before. Answered by what it then reads: when the
 * bytes are there, when a partition is gone, cut or under a new leader epoch, and when its time is up. When nobody waits
 * any more, or the broker stops, the answer is empty.
 */

import type { Clock } from '../../clock.ts'
import type { ReadResult, StorageEngine, Want } from '../../storage/engine.ts'
import type { Cancellation } from '../handler.ts'
import { type FetchPart, type FetchTerms, type Reading, withoutRecords } from './fetch.ts'
import type { FetchReader } from './fetch-reader.ts'
import { bytesOf, type Readable, readable } from './readable.ts'

/** What is counted of a partition. */
interface Progress extends Readable {
  readonly part: FetchPart
  readonly leaderEpoch: number
}

export interface DelayedFetchOptions {
  engine: StorageEngine
  reader: FetchReader
  clock: Clock
  parts: readonly FetchPart[]
  terms: FetchTerms
  cancellation: Cancellation
  /** What the first look saw of each part: no error, and all together too little. */
  seen: readonly Readable[]
}

export class DelayedFetch {
  /** Resolves with the answer; its buffers are lent until it is released. */
  readonly answer: Promise<Reading>
  private readonly options: DelayedFetchOptions
  private readonly progress: Progress[]
  private counted: number
  private lookDue = false
  private counting = false
  private done = false
  private readonly stops: (() => void)[] = []
  private settle!: (reading: Reading | Promise<Reading>) => void

  constructor(options: DelayedFetchOptions) {
    const { engine, clock, parts, terms, cancellation, seen } = options
    this.options = options
    this.counted = bytesOf(seen)
    this.answer = new Promise((resolve) => {
      this.settle = resolve
    })
    this.progress = parts.map((part, i) => {
      const leaderEpoch = engine.offsets(part.partition.log)?.leaderEpoch ?? -1
      return { ...seen[i]!, part, leaderEpoch }
    })
    const hint = (): void => this.lookSoon()
    for (const { partition } of parts) this.stops.push(engine.watch(partition.log, hint))
    const timer = clock.after(terms.maxWaitMs, () => this.complete())
    this.stops.push(() => timer.cancel())
    this.stops.push(cancellation.onCancel(() => this.end(withoutRecords(engine, parts))))
    // A log may have moved between the first look and the first hint.
    this.lookSoon()
  }

  private lookSoon(): void {
    if (this.lookDue || this.done) return
    this.lookDue = true
    queueMicrotask(() => {
      this.lookDue = false
      if (this.done || this.counting) return
      try {
        this.look()
      } catch (error) {
        this.end(Promise.reject(error))
      }
    })
  }

  private look(): void {
    const { engine, reader, parts, terms } = this.options
    const moved: Progress[] = []
    const wants: Want[] = []
    for (const progress of this.progress) {
      const { part, countedTo, leaderEpoch } = progress
      const offsets = engine.offsets(part.partition.log)
      if (
        !offsets ||
        offsets.leaderEpoch !== leaderEpoch ||
        offsets.logStartOffset > part.offset ||
        offsets.highWatermark < part.offset
      ) {
        this.complete()
        return
      }
      const end = terms.committedOnly ? offsets.lastStableOffset : offsets.highWatermark
      if (end <= countedTo) continue
      moved.push(progress)
      const { committedOnly } = terms
      const maxBytes = roomOf(progress)
      wants.push({ log: part.partition.log, offset: countedTo, maxBytes, committedOnly })
    }
    if (wants.length === 0) return
    if (terms.minBytes <= 1) {
      this.complete()
      return
    }
    const limits = { maxBytes: terms.minBytes - this.counted, firstWhole: false }
    const result = reader.look(wants, limits, parts, terms)
    if (!(result instanceof Promise)) {
      this.count(moved, result)
      return
    }
    this.counting = true
    void result.then(
      (read) => {
        this.counting = false
        if (this.done) read.release()
        else this.count(moved, read)
      },
      () => this.complete(),
    )
  }

  private count(moved: readonly Progress[], result: ReadResult): void {
    let failed = false
    for (const [i, progress] of moved.entries()) {
      const read = result.reads[i]!
      if (read.error) failed = true
      const end = this.options.terms.committedOnly ? read.lastStableOffset : read.highWatermark
      const more = readable(read.buffers, progress.countedTo, end, roomOf(progress))
      progress.bytes += more.bytes
      progress.countedTo = more.countedTo
      this.counted += more.bytes
    }
    result.release()
    // An error is told by reading again.
    if (failed || this.counted >= this.options.terms.minBytes) this.complete()
    else this.lookSoon()
  }

  private complete(): void {
    if (!this.done) this.end(this.read())
  }

  /** Async, so that what the engine throws goes to whoever waits for the answer. */
  private async read(): Promise<Reading> {
    const { reader, parts, terms, cancellation } = this.options
    return reader.read(parts, terms, cancellation)
  }

  private end(reading: Reading | Promise<Reading>): void {
    if (this.done) return
    this.done = true
    for (const stop of this.stops) stop()
    this.stops.length = 0
    this.settle(reading)
  }
}

/** What can still be counted of a partition. */
function roomOf({ part, bytes }: Progress): number {
  return Math.max(0, part.maxBytes - bytes)
}
