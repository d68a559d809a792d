/**
 * A parked fetch: one object that waits until its partitions have the bytes it asked for.
 *
 * It costs nothing while no log of its moves. Hints from logs lead to one look at the offsets of those that gave them, however
 * many came in that turn; bytes are counted only behind what was counted before. Answered by what it then reads: when the
 * bytes are there, when a partition is gone, cut or under a new leader epoch, and when its time is up. When nobody waits
 * any more, or the broker stops, the answer is empty.
 */

import type { Clock } from '../../clock.ts'
import type { ReadResult, StorageEngine, Want } from '../../storage/engine.ts'
import type { Cancellation } from '../cancellation.ts'
import { type FetchPart, type FetchTerms, type Reading, withoutRecords } from './fetch.ts'
import type { FetchReader } from './fetch-reader.ts'
import type { FetchSource } from './fetch-source.ts'
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
  source: FetchSource
  terms: FetchTerms
  cancellation: Cancellation
  /** The parts of the first look, and what it saw of each: no error, and all together too little. */
  parts: readonly FetchPart[]
  seen: readonly Readable[]
}

export class DelayedFetch {
  /** Resolves with the answer; its buffers are lent until it is released. */
  readonly answer: Promise<Reading>
  private readonly options: DelayedFetchOptions
  private readonly progress = new Map<FetchPart, Progress>()
  /** Whose logs may have moved since they were looked at. */
  private readonly hinted: Set<FetchPart>
  private counted: number
  private lookDue = false
  private counting = false
  private done = false
  private readonly stops: (() => void)[] = []
  private settle!: (reading: Reading | Promise<Reading>) => void

  constructor(options: DelayedFetchOptions) {
    const { engine, clock, source, parts, terms, cancellation, seen } = options
    this.options = options
    this.counted = bytesOf(seen)
    this.answer = new Promise((resolve) => {
      this.settle = resolve
    })
    for (const [i, part] of parts.entries()) this.begin(part, seen[i]!)
    // A log may have moved between the first look and the first hint.
    this.hinted = new Set(parts)
    this.stops.push(source.watch(engine, (part) => this.hint(part)))
    const timer = clock.after(terms.maxWaitMs, () => this.complete())
    this.stops.push(() => timer.cancel())
    this.stops.push(cancellation.onCancel(() => this.end(this.nothing())))
    this.lookSoon()
  }

  private begin(part: FetchPart, seen: Readable): Progress {
    const leaderEpoch = this.options.engine.offsets(part.partition.log)?.leaderEpoch ?? -1
    const progress = { ...seen, part, leaderEpoch }
    this.progress.set(part, progress)
    return progress
  }

  private hint(part: FetchPart): void {
    this.hinted.add(part)
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
    const { engine, reader, terms } = this.options
    const moved: Progress[] = []
    const wants: Want[] = []
    const hinted = [...this.hinted]
    this.hinted.clear()
    for (const part of hinted) {
      // What the first look left out had nothing to be read.
      const progress =
        this.progress.get(part) ?? this.begin(part, { bytes: 0, countedTo: part.offset })
      const { countedTo, leaderEpoch } = progress
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
    const parts = [...this.progress.keys()]
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
    else if (this.hinted.size > 0) this.lookSoon()
  }

  private complete(): void {
    if (!this.done) this.end(this.read())
  }

  /** Async, so that what the engine throws goes to whoever waits for the answer. */
  private async read(): Promise<Reading> {
    const { reader, source, terms, cancellation } = this.options
    return reader.read(source.parts(), terms, cancellation)
  }

  private nothing(): Reading {
    const { engine, source } = this.options
    return withoutRecords(engine, source.parts())
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
