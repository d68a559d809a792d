/**
 * Fetches of clients that know no record batches: what is read is converted to messages of magic 0 or 1.
 *
 * Conversions take turns, for each holds what it reads and what it makes. Where all that was read is nothing for such a client, as
 * control batches are, the fetch goes on behind it instead of answering nothing at once, again and again.
 */

import type { Clock } from '../../clock.ts'
import type { LegacyMagic } from '../../protocol/records/message.ts'
import {
  type ConversionEffort,
  downConvert,
  type DownConversionTerms,
} from '../../protocol/records/down-conversion.ts'
import { Slots } from '../../slots.ts'
import type { Cancellation } from '../cancellation.ts'
import type { MemoryBudget } from '../memory.ts'
import {
  type FetchedPart,
  type FetchPart,
  type FetchTerms,
  type Reading,
  refusedPart,
} from './fetch.ts'
import { type FetchSource, NamedParts } from './fetch-source.ts'

/** How many conversions are under way. */
const CONVERSIONS = 2
/** What a conversion holds beside what it was given and what it gives. */
const WORKING_BYTES = 1024 * 1024
/** What one answer may cost: for gzip a second or two. */
const MOST_COMPRESSED_BYTES = 64 * 1024 * 1024

export interface OldFetchTerms extends FetchTerms {
  magic: LegacyMagic
  /** Before KIP-74 the limit of a partition held for its first message too: a client that asks for too little gets a part of it, and sees that by its end. */
  limitsFirst: boolean
}

type Fetching = (
  source: FetchSource,
  terms: FetchTerms,
  cancellation: Cancellation,
) => Reading | Promise<Reading>

export interface OldFetchesOptions {
  /** Reads or waits as the terms say. */
  fetch: Fetching
  budget: MemoryBudget
  clock: Clock
}

interface ConvertedPart {
  answer: FetchedPart
  size: number
  /** The offset after all that was looked at. */
  nextOffset: number
}

/** An answer in the making. */
interface Answer {
  /** Bytes of the parts before. */
  size: number
  effort: ConversionEffort
  isWanted: () => boolean
}

interface Converted {
  reading: Reading
  /** The parts with what is to be read next of those that have given nothing. */
  next: readonly FetchPart[]
  hasMovedOn: boolean
}

export class OldFetches {
  private readonly read: Fetching
  private readonly budget: MemoryBudget
  private readonly clock: Clock
  private readonly slots = new Slots(CONVERSIONS)
  private readonly pause: () => Promise<void>

  constructor({ fetch, budget, clock }: OldFetchesOptions) {
    this.read = fetch
    this.budget = budget
    this.clock = clock
    this.pause = () => new Promise((resolve) => clock.soon(resolve))
  }

  /** As `Partitions.fetch`; the records of the answer are message sets, and nothing of it is lent. */
  async fetch(
    parts: readonly FetchPart[],
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<Reading> {
    const end = this.clock.monotonic() + terms.maxWaitMs
    let asked = parts
    for (;;) {
      const maxWaitMs = Math.max(0, end - this.clock.monotonic())
      const converted = await this.fetchOnce(asked, { ...terms, maxWaitMs }, cancellation)
      const { reading, next, hasMovedOn } = converted
      const isAnswer = reading.size > 0 || reading.final || cancellation.cancelled
      if (isAnswer || !hasMovedOn) return reading
      asked = next
    }
  }

  private async fetchOnce(
    parts: readonly FetchPart[],
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<Converted> {
    const reading = await this.read(new NamedParts(parts), terms, cancellation)
    if (reading.size === 0) return { reading, next: parts, hasMovedOn: false }
    const lent = [reading]
    try {
      const answers = [...reading.parts]
      if (terms.limitsFirst) await this.readLeftOut(parts, answers, lent, terms, cancellation)
      const stored = lent.reduce((sum, { size }) => sum + size, 0)
      const isFinal = lent.some(({ final }) => final)
      return await this.budget.read(
        () => this.slots.run(() => this.convert(parts, answers, isFinal, terms, cancellation)),
        () => 2 * stored + WORKING_BYTES,
      )
    } finally {
      for (const one of lent) one.release()
    }
  }

  /** Before KIP-74 a partition was not left out because its first batch does not fit behind those of others. */
  private async readLeftOut(
    parts: readonly FetchPart[],
    answers: FetchedPart[],
    lent: Reading[],
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<void> {
    let size = lent.reduce((sum, one) => sum + one.size, 0)
    for (const [i, part] of parts.entries()) {
      const { errorCode, records, highWatermark } = answers[i]!
      const isThere = errorCode === 'NONE' && records.length === 0 && part.offset < highWatermark
      if (!isThere || size >= terms.maxBytes) continue
      const alone = { ...terms, maxWaitMs: 0 }
      const one = await this.read(new NamedParts([part]), alone, cancellation)
      lent.push(one)
      answers[i] = one.parts[0]!
      size += one.size
    }
  }

  private async convert(
    parts: readonly FetchPart[],
    answers: readonly FetchedPart[],
    final: boolean,
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<Converted> {
    const effort = { left: MOST_COMPRESSED_BYTES }
    const isWanted = (): boolean => !cancellation.cancelled
    const converted: FetchedPart[] = []
    const next: FetchPart[] = []
    let size = 0
    let isFinal = final
    let hasMovedOn = false
    for (const [i, part] of parts.entries()) {
      const one = await this.convertPart(part, answers[i]!, terms, { size, effort, isWanted })
      converted.push(one.answer)
      size += one.size
      if (one.answer.errorCode !== 'NONE') isFinal = true
      // It has more, of which nothing is for such a client.
      const isSkipped = one.size === 0 && one.nextOffset > part.offset
      if (isSkipped) hasMovedOn = true
      next.push(isSkipped ? { ...part, offset: one.nextOffset } : part)
    }
    const reading = { parts: converted, size, final: isFinal, release() {} }
    return { reading, next, hasMovedOn }
  }

  private async convertPart(
    part: FetchPart,
    read: FetchedPart,
    { magic, limitsFirst, maxBytes }: OldFetchTerms,
    { size: used, effort, isWanted }: Answer,
  ): Promise<ConvertedPart> {
    const nothing = { size: 0, nextOffset: part.offset }
    const room = maxBytes - used
    if (read.records.length === 0) return { answer: read, ...nothing }
    // Before KIP-74 clients do not ask for their partitions in turn: each gets something.
    const isSpent = !limitsFirst && effort.left <= 0
    if (used > 0 && (room <= 0 || isSpent)) return { answer: { ...read, records: [] }, ...nothing }
    const conversion: DownConversionTerms = {
      magic,
      firstOffset: part.offset,
      maxBytes: Math.max(0, Math.min(part.maxBytes, room)),
      tooLarge: limitsFirst ? 'cut' : 'whole',
      effort,
      isWanted,
    }
    const found = await downConvert(read.records, conversion, this.pause)
    const { error, messages, size, nextOffset } = found
    if (error) return { answer: refusedPart(part.partition.index, error), ...nothing }
    return { answer: { ...read, records: messages }, size, nextOffset }
  }
}
