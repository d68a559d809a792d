/** The leader epochs of a log and where each began, oldest first: the `leader-epoch-checkpoint` file. */

import { decodeEpochs, type EpochStart, encodeEpochs, isWholeCheckpoint } from './checkpoints.ts'

export class LeaderEpochs {
  /** The file lacks something. */
  isNew = false
  /** The file may not survive a power cut as it is. */
  isUnsynced = false
  /** The highest epoch that there ever was, -1 for none: its records may be lost, but it never comes again. */
  highest: number
  /** There was a file, and nothing is torn from it. */
  readonly isWhole: boolean
  private starts: EpochStart[]

  constructor(file: Buffer | undefined) {
    this.isWhole = isWholeCheckpoint(file)
    this.starts = decodeEpochs(file)
    this.highest = this.latest
  }

  /** -1 when there is none. */
  get latest(): number {
    return this.starts.at(-1)?.epoch ?? -1
  }

  encode(): Buffer {
    return encodeEpochs(this.starts)
  }

  /** They are to be found anew. */
  clear(): void {
    this.starts = []
    this.isNew = true
  }

  /** An epoch begins; those that had begun there or later never had a record. */
  begin(epoch: number, startOffset: number): void {
    if (epoch <= this.latest) return
    this.starts = this.starts.filter((start) => start.startOffset < startOffset)
    this.starts.push({ epoch, startOffset })
    this.highest = Math.max(this.highest, epoch)
    this.isNew = true
  }

  /** The log now ends here. */
  truncateEnd(endOffset: number): void {
    const kept = this.starts.filter(({ startOffset }) => startOffset <= endOffset)
    if (kept.length === this.starts.length) return
    this.starts = kept
    this.isNew = true
  }

  /** The log now starts here: the epoch that it starts in is the first one. */
  truncateStart(startOffset: number): void {
    const first = this.indexAt(startOffset)
    if (first < 0 || this.starts[first]!.startOffset === startOffset) {
      if (first <= 0) return
      this.starts = this.starts.slice(first)
    } else {
      this.starts = [
        { epoch: this.starts[first]!.epoch, startOffset },
        ...this.starts.slice(first + 1),
      ]
    }
    this.isNew = true
  }

  /** The epoch of a record; -1 when not known. */
  at(offset: number): number {
    return this.starts[this.indexAt(offset)]?.epoch ?? -1
  }

  /**
   * Where an epoch ends, as Kafka answers followers and consumers: the latest at `endOffset`; an older one where the next
   * began, under the name of the newest that is not newer than asked for; one before all known at the first start.
   */
  endOf(epoch: number, endOffset: number): { epoch: number; endOffset: number } | undefined {
    const { latest } = this
    if (epoch < 0 || latest < 0 || epoch > latest) return undefined
    if (epoch === latest) return { epoch, endOffset }
    const next = this.starts.findIndex((start) => start.epoch > epoch)
    const floor = next > 0 ? this.starts[next - 1]!.epoch : epoch
    return { epoch: floor, endOffset: this.starts[next]!.startOffset }
  }

  private indexAt(offset: number): number {
    let index = this.starts.length - 1
    while (index >= 0 && this.starts[index]!.startOffset > offset) index--
    return index
  }
}
