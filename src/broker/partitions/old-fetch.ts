/**
 * Fetches of clients that know no record batches: what is read is converted to messages of magic 0 or 1.
 *
 * Conversions take turns, for each holds what it reads and what it makes. Where all that was read is nothing for such a client, as
 * control batches are, the fetch goes on behind it instead of answering nothing at once, again and again.
 */

import type { Clock } from '../../clock.ts'
import type { LegacyMagic } from '../../protocol/records/message.ts'
import { downConvert, type DownConversionTerms } from '../../protocol/records/down-conversion.ts'
import { Slots } from '../../slots.ts'
import type { Cancellation } from '../handler.ts'
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
    try {
      return await this.slots.run(() => this.convert(parts, reading, terms, cancellation))
    } finally {
      reading.release()
    }
  }

  private async convert(
    parts: readonly FetchPart[],
    { parts: answers, final }: Reading,
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<Converted> {
    const converted: FetchedPart[] = []
    const next: FetchPart[] = []
    let size = 0
    let isFinal = final
    let hasMovedOn = false
    for (const [i, part] of parts.entries()) {
      const maxBytes = terms.maxBytes - size
      const isFull = size > 0 && maxBytes <= 0
      const one = isFull
        ? { answer: { ...answers[i]!, records: [] }, size: 0, nextOffset: part.offset }
        : await this.convertPart(part, answers[i]!, { ...terms, maxBytes }, cancellation)
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
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<ConvertedPart> {
    const isLeftOut =
      terms.limitsFirst && read.records.length === 0 && part.offset < read.highWatermark
    if (!isLeftOut) return this.converted(part, read, terms)
    // Its first batch did not fit behind those of others: before KIP-74 that did not keep it from being sent in part.
    const alone = { ...terms, maxWaitMs: 0 }
    const one = await this.read(new NamedParts([part]), alone, cancellation)
    try {
      return await this.converted(part, one.parts[0]!, terms)
    } finally {
      one.release()
    }
  }

  private async converted(
    part: FetchPart,
    read: FetchedPart,
    { magic, limitsFirst, maxBytes }: OldFetchTerms,
  ): Promise<ConvertedPart> {
    const { records } = read
    if (records.length === 0) return { answer: read, size: 0, nextOffset: part.offset }
    const stored = records.reduce((sum, { length }) => sum + length, 0)
    const conversion: DownConversionTerms = {
      magic,
      firstOffset: part.offset,
      maxBytes: Math.max(0, Math.min(part.maxBytes, maxBytes)),
      tooLarge: limitsFirst ? 'cut' : 'whole',
    }
    const { error, messages, size, nextOffset } = await this.budget.read(
      () => downConvert(records, conversion, this.pause),
      () => stored + WORKING_BYTES,
    )
    const { index } = part.partition
    if (error) return { answer: refusedPart(index, error), size: 0, nextOffset: part.offset }
    return { answer: { ...read, records: messages }, size, nextOffset }
  }
}
