/**
 * One round of compaction: learns the last offset of each key in the dirty part, then writes the segments up to there anew
 * without what later records have replaced, and hands each over to take the place of those that it was made of.
 *
 *   record            stays while
 *   with a value      it is the last of its key
 *   tombstone         it is the last of its key, and its batch's delete horizon has not passed (KIP-534)
 *   without a key     never
 *   behind the map    always
 *   of an aborted transaction   never
 *   marker            its transaction has records here, or its batch's delete horizon has not passed
 *
 * A batch that loses all its records stays without them where it is the last of its producer, or of the round: what it tells
 * of sequences and offsets is told nowhere else.
 */

import { type BatchView, MAGIC } from '../../../protocol/records/batch-view.ts'
import { StorageError } from '../../engine.ts'
import { batchChunks, batchesOf } from '../batch-chunks.ts'
import type { Segment } from '../segment.ts'
import { CleanedSegment } from './cleaned-segment.ts'
import { type CompactedLog, type Counts, noCounts } from './compacted-log.ts'
import type { OffsetMap } from './offset-map.ts'
import { eachRecord, emptied, filtered, inflated, rewritten } from './record-filter.ts'
import { groupsOf } from './segment-groups.ts'
import { TransactionFates } from './transaction-fates.ts'
import type { Turns } from './turns.ts'

export interface CleanerParts {
  log: CompactedLog
  map: OffsetMap
  turns: Turns
  /** Resolved: the cleaned segment is the log's, and the others are not any more. */
  takeOver: (cleaned: CleanedSegment, replaced: readonly Segment[]) => Promise<void>
}

export interface Cleaned {
  /** Everything before it is clean. */
  cleanedTo: number
  counts: Counts
}

export class Cleaner {
  private readonly log: CompactedLog
  private readonly map: OffsetMap
  private readonly turns: Turns
  private readonly takeOver: CleanerParts['takeOver']
  private readonly counts = noCounts()
  private readonly fates = new TransactionFates()
  /** Last offset that the map knows of. */
  private mappedTo = -1

  constructor({ log, map, turns, takeOver }: CleanerParts) {
    this.log = log
    this.map = map
    this.turns = turns
    this.takeOver = takeOver
  }

  async run(): Promise<Cleaned> {
    const { log, counts } = this
    await this.fillMap()
    if (this.mappedTo < log.firstDirtyOffset) {
      throw new StorageError(
        `The keys of one batch are more than log.cleaner.dedupe.buffer.size has room for: ${this.map.limit}.`,
      )
    }
    const cleanedTo = this.mappedTo + 1
    const segments = log.segments.filter(({ baseOffset }) => baseOffset < cleanedTo)
    const end = this.endOf(segments.length - 1)
    for (const group of groupsOf(segments, end, log.config, log.files.disk)) {
      await this.cleanGroup(group)
    }
    return { cleanedTo, counts }
  }

  /** Where a segment ends, gaps and all. */
  private endOf(index: number): number {
    return this.log.segments[index + 1]?.baseOffset ?? this.log.endOffset
  }

  private async fillMap(): Promise<void> {
    const { segments, firstDirtyOffset, endOffset } = this.log
    const fates = new TransactionFates()
    fates.add(this.log.abortedTransactions(firstDirtyOffset, endOffset))
    for (const [i, segment] of segments.entries()) {
      if (this.endOf(i) <= firstDirtyOffset) continue
      const start = segment.size === 0 ? 0 : segment.offsets.positionBefore(firstDirtyOffset)
      for await (const batch of this.batches(segment, start)) {
        if (!(await this.learn(batch, fates))) return
        if (batch.lastOffset >= firstDirtyOffset) this.mappedTo = batch.lastOffset
      }
      this.mappedTo = this.endOf(i) - 1
    }
  }

  /** Learns a batch's keys; false when the map is full. */
  private async learn(batch: BatchView, fates: TransactionFates): Promise<boolean> {
    if (batch.isControl) {
      fates.passMarker(batch)
      return true
    }
    if (fates.passBatch(batch)) return true
    const { map, turns } = this
    const { firstDirtyOffset } = this.log
    const plain = await inflated(batch, turns)
    return eachRecord(batch, plain, turns, ({ key, offset }) => {
      return key === null || offset < firstDirtyOffset || map.put(key, offset)
    })
  }

  private async cleanGroup(group: readonly Segment[]): Promise<void> {
    const { log } = this
    const cleaned = new CleanedSegment(group[0]!.baseOffset, log.files, log.config, () =>
      this.turns.assertNeeded(),
    )
    try {
      this.fates.kept = []
      for (const segment of group) {
        const end = this.endOf(log.segments.indexOf(segment))
        this.fates.add(log.abortedTransactions(segment.baseOffset, end))
        await this.cleanSegment(segment, cleaned)
      }
      await cleaned.finish(this.fates.kept)
      this.turns.assertNeeded()
      this.counts.bytesKept += cleaned.segment.size
      await this.takeOver(cleaned, group)
    } catch (error) {
      // Where the folder may be another's by now, the next start removes what is left.
      if (this.turns.isNeeded) cleaned.discard()
      else cleaned.segment.retire()
      throw error
    }
  }

  private async cleanSegment(segment: Segment, cleaned: CleanedSegment): Promise<void> {
    for await (const chunk of batchChunks(segment, 0, segment.size, true)) {
      for (const { batch } of batchesOf(chunk)) {
        assertBatch(batch, segment)
        const bytes = await this.clean(batch)
        if (bytes) cleaned.add(bytes)
        if (this.turns.isOver) await this.turns.yield()
      }
      this.counts.bytesRead += chunk.bytes.length
      const written = cleaned.waiting
      // What was copied lies in the chunk's own buffer, which the next one is read to.
      await cleaned.write()
      await this.turns.spend(chunk.bytes.length + written)
    }
  }

  /** What stays of a batch; `undefined` when it goes. */
  private async clean(batch: BatchView): Promise<Buffer | undefined> {
    const { now, config } = this.log
    const isNeedless = batch.isControl ? this.fates.passMarker(batch) : this.fates.passBatch(batch)
    const horizon = batch.hasDeleteHorizon ? batch.baseTimestamp : undefined
    const goes = isNeedless && (!batch.isControl || (horizon !== undefined && horizon <= now))
    const staysEmpty = this.isLastOfProducer(batch) || batch.nextOffset === this.log.endOffset
    this.counts.recordsRead += batch.recordCount
    if (goes) return staysEmpty ? emptied(batch) : undefined
    const mayDropTombstones = horizon !== undefined && horizon <= now
    const kept = await filtered(batch, this.turns, ({ key, offset, isTombstone }) => {
      if (batch.isControl || offset > this.mappedTo) return true
      if (key === null) {
        this.counts.invalidRecords++
        return false
      }
      return offset >= this.map.get(key) && !(isTombstone && mayDropTombstones)
    })
    if (kept.count === 0) return staysEmpty ? emptied(batch) : undefined
    this.counts.recordsKept += kept.count
    const isMarkerToGo = batch.isControl && isNeedless
    const needsHorizon = horizon === undefined && (kept.hasTombstones || isMarkerToGo)
    if (kept.all && !needsHorizon) return batch.bytes
    const newHorizon = needsHorizon ? now + config.deleteRetentionMs : undefined
    return rewritten(batch, kept, newHorizon, this.turns)
  }

  private isLastOfProducer(batch: BatchView): boolean {
    const last = batch.producerId < 0 ? undefined : this.log.lastOf(batch.producerId)
    if (!last) return false
    if (last.lastOffset >= 0) return batch.lastOffset === last.lastOffset
    return batch.isControl && batch.producerEpoch === last.producerEpoch
  }

  private async *batches(segment: Segment, start: number): AsyncGenerator<BatchView> {
    for await (const chunk of batchChunks(segment, start, segment.size, true)) {
      for (const { batch } of batchesOf(chunk)) {
        assertBatch(batch, segment)
        yield batch
        if (this.turns.isOver) await this.turns.yield()
      }
      await this.turns.spend(chunk.bytes.length)
    }
  }
}

function assertBatch(batch: BatchView, segment: Segment): void {
  if (batch.magic === MAGIC) return
  throw new StorageError(
    `${segment.path} holds a batch of magic ${batch.magic} at offset ${batch.baseOffset}, which cannot be cleaned.`,
  )
}
