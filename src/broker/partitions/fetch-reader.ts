/** Reads of the store for fetches: they begin when the broker's memory has room for what they may bring. */

import type { ReadLimits, ReadResult, StorageEngine, Want } from '../../storage/engine.ts'
import type { Cancellation } from '../cancellation.ts'
import type { MemoryBudget } from '../memory.ts'
import { type FetchPart, type FetchTerms, type Reading, readOnce, withoutRecords } from './fetch.ts'

export interface FetchReaderOptions {
  engine: StorageEngine
  budget: MemoryBudget
  /** What a single batch may well have: the first of a reading comes whole, whatever the limits are. */
  batchBytes: () => number
}

export class FetchReader {
  private readonly engine: StorageEngine
  private readonly budget: MemoryBudget
  private readonly batchBytes: () => number

  constructor({ engine, budget, batchBytes }: FetchReaderOptions) {
    this.engine = engine
    this.budget = budget
    this.batchBytes = batchBytes
  }

  /** What the fetch is answered if that is done now; without records once it is cancelled. */
  read(
    parts: readonly FetchPart[],
    terms: FetchTerms,
    cancellation: Cancellation,
  ): Reading | Promise<Reading> {
    const { engine } = this
    return this.budget.read(
      () =>
        cancellation.cancelled ? withoutRecords(engine, parts) : readOnce(engine, parts, terms),
      () => this.most(parts, terms),
    )
  }

  /** Something of what a fetch of these parts and terms wants, to be counted. */
  look(
    wants: readonly Want[],
    limits: ReadLimits,
    parts: readonly FetchPart[],
    terms: FetchTerms,
  ): ReadResult | Promise<ReadResult> {
    return this.budget.read(
      () => this.engine.read(wants, limits),
      () => this.most(parts, terms),
    )
  }

  private most(parts: readonly FetchPart[], terms: FetchTerms): number {
    let asked = 0
    let stored = 0
    for (const { partition, maxBytes } of parts) {
      const size = this.engine.size(partition.log)
      asked += Math.min(size, Math.max(0, maxBytes))
      stored += size
    }
    return Math.min(stored, Math.max(this.batchBytes(), Math.min(asked, terms.maxBytes)))
  }
}
