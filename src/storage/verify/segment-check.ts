/** One segment: every batch by itself and at its place in the log, and the indexes beside it. */

import type { BatchView } from '../../protocol/records/batch-view.ts'
import { fileName, type LogFileKind } from '../file/log-folder.ts'
import { faultOf } from './batch-check.ts'
import { OffsetIndexCheck, TimeIndexCheck } from './index-check.ts'
import type { LogCheck } from './log-check.ts'
import type { ReadableDisk, ReadableFile } from './readable-disk.ts'
import { batchesOf, type WalkEnd, walkChunks } from './segment-walk.ts'
import { transactionIndexFault } from './transaction-index-check.ts'
import type { Rule } from './violation.ts'

const LARGEST_RELATIVE_OFFSET = 0x7fff_ffff

export class SegmentCheck {
  private readonly log: LogCheck
  private readonly disk: ReadableDisk
  private readonly baseOffset: number
  private readonly isLast: boolean
  private readonly path: string
  private readonly offsets: OffsetIndexCheck | undefined
  private readonly times: TimeIndexCheck | undefined
  private batches = 0
  private hasDamage = false

  constructor(log: LogCheck, disk: ReadableDisk, baseOffset: number, isLast: boolean) {
    this.log = log
    this.disk = disk
    this.baseOffset = baseOffset
    this.isLast = isLast
    this.path = this.pathOf('log')
    const offsets = disk.readFile(this.pathOf('index'))
    const times = disk.readFile(this.pathOf('timeindex'))
    this.offsets = offsets && new OffsetIndexCheck(offsets, baseOffset)
    this.times = times && new TimeIndexCheck(times, baseOffset)
  }

  /** `next`: where the next segment begins. */
  async run(next: number | undefined): Promise<void> {
    const { log } = this
    if (log.isCut) return
    const file = this.disk.open(this.path)
    const size = file.size()
    log.totals.segments++
    log.totals.bytes += size
    this.checkName()
    if (log.isCut) return file.close()
    log.replay.aborted = []
    let end: WalkEnd | undefined
    try {
      end = await this.walk(file, size)
    } finally {
      file.close()
    }
    if (end) this.endedEarly(end)
    if (log.isCut) return
    // What stands behind damage cannot be told from what is missing: the indexes have to wait.
    if (!end && !this.hasDamage) this.checkIndexes(size, next)
  }

  private async walk(file: ReadableFile, size: number): Promise<WalkEnd | undefined> {
    const chunks = walkChunks(file, 0, size)
    for (;;) {
      const step = await chunks.next()
      if (step.done) return step.value
      for (const { batch, position } of batchesOf(step.value)) {
        if (!this.take(batch, position)) {
          await chunks.return(undefined)
          return undefined
        }
      }
    }
  }

  /** False where the log is cut off. */
  private take(batch: BatchView, position: number): boolean {
    const { log } = this
    const { baseOffset, recordCount, lastOffset } = batch
    const fault = faultOf(batch) ?? this.orderFault(batch)
    if (fault) {
      log.damaged(fault.rule, this.path, fault.text, position, baseOffset)
      this.damage()
      if (log.isCut) return false
    }
    if (recordCount < batch.lastOffsetDelta + 1) log.mayGap = true
    if (!fault && baseOffset > log.nextOffset && !this.gap(baseOffset, position)) return false
    log.totals.batches++
    this.batches++
    log.totals.records += Math.max(recordCount, 0)
    // A batch that says nothing right of itself says nothing of what surrounds it.
    if (fault) {
      log.nextOffset = Math.max(log.nextOffset, lastOffset + 1)
      return true
    }
    log.isBehindDamage = false
    log.checkSnapshots(baseOffset)
    this.checkPlace(batch, position)
    this.offsets?.batch(batch, position)
    this.times?.batch(batch)
    log.nextOffset = lastOffset + 1
    return true
  }

  private orderFault(batch: BatchView): { rule: Rule; text: string } | undefined {
    const { baseOffset, lastOffset } = batch
    const { nextOffset } = this.log
    if (baseOffset < Math.max(nextOffset, this.baseOffset)) {
      const text = `a batch begins at offset ${baseOffset}, and ${Math.max(nextOffset, this.baseOffset)} was to come`
      return { rule: 'offset-order', text }
    }
    if (lastOffset - this.baseOffset > LARGEST_RELATIVE_OFFSET) {
      const text = `offset ${lastOffset} is too far from the segment's base offset`
      return { rule: 'offset-order', text }
    }
    return undefined
  }

  private checkPlace(batch: BatchView, position: number): void {
    const { log, path } = this
    const { baseOffset } = batch
    const epochFault = log.epochs.take(batch)
    if (epochFault) log.damaged('epoch-order', path, epochFault, position, baseOffset)
    const { producerIdExpirationMs } = log.circumstances
    const sequenceFault = log.replay.take(batch, producerIdExpirationMs)
    // Compaction takes batches from between.
    if (sequenceFault && !log.mayGap && !log.isDamaged) {
      log.damaged('sequence-order', path, sequenceFault, position, baseOffset)
    }
  }

  private checkName(): void {
    const { log, baseOffset } = this
    if (baseOffset < log.nextOffset) {
      const text = `its name says offset ${baseOffset}, and the segment before ends at ${log.nextOffset}`
      log.damaged('segment-name', this.path, text, 0, baseOffset)
      this.damage()
    } else if (baseOffset > log.nextOffset) {
      this.gap(baseOffset, 0)
    }
  }

  /** False where the log is cut off. */
  private gap(to: number, position: number): boolean {
    const { log } = this
    const from = log.nextOffset
    log.nextOffset = to
    if (log.mayGap || log.isBehindDamage) return true
    log.damaged('offset-gap', this.path, `offsets ${from} to ${to - 1} are missing`, position, to)
    this.damage()
    return !log.isCut
  }

  private damage(): void {
    this.log.isDamaged = true
    this.log.isBehindDamage = true
    this.hasDamage = true
  }

  private endedEarly({ position, kind, text }: WalkEnd): void {
    const { log, path } = this
    const { nextOffset } = log
    if (kind === 'magic') log.note('not-checked', path, text, { position, offset: nextOffset })
    else log.damaged('batch-framing', path, text, position, nextOffset)
    this.damage()
  }

  private checkIndexes(size: number, next: number | undefined): void {
    const { log, offsets, times } = this
    const { isClean, isOurs } = log.circumstances
    const endOffset = log.nextOffset
    if (size > 0 && this.batches > 0) {
      const isSaved = !log.mayBeUnsaved(endOffset - 1)
      if (isSaved && !offsets) this.missing('index', endOffset)
      if (isSaved && !times) this.missing('timeindex', endOffset)
      offsets?.end(endOffset)
      times?.end(endOffset, isSaved && (!this.isLast || (isClean && isOurs)))
    } else {
      offsets?.end(endOffset)
    }
    this.blame('offset-index', 'index', offsets?.fault)
    this.blame('time-index', 'timeindex', times?.fault)
    const circumstances = { firstOffset: log.firstOffset, mayGap: log.mayGap }
    const bytes = this.disk.readFile(this.pathOf('txnindex'))
    const fault = transactionIndexFault(bytes, log.replay.aborted, circumstances)
    this.blame('transaction-index', 'txnindex', fault && { ...fault, offset: next ?? endOffset })
  }

  private missing(kind: LogFileKind, endOffset: number): void {
    const rule = kind === 'index' ? 'offset-index' : 'time-index'
    this.log.found(rule, this.pathOf(kind), endOffset - 1, 'it is missing')
  }

  private blame(
    rule: Rule,
    kind: LogFileKind,
    fault: { text: string; position: number; offset: number } | undefined,
  ): void {
    if (!fault) return
    const { position, offset, text } = fault
    this.log.found(rule, this.pathOf(kind), offset, text, { position })
  }

  private pathOf(kind: LogFileKind): string {
    return this.log.pathOf(fileName(this.baseOffset, kind))
  }
}
