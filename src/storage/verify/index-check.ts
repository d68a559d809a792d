/**
 * The offset and the time index of a segment against its batches, fed one after the other.
 *
 * An entry of the offset index names a batch's last offset and where that batch begins. One of the time index names the
 * largest timestamp so far and an offset in the batch that brought it.
 */

import { type BatchView, readInt64 } from '../../protocol/records/batch-view.ts'

const OFFSET_ENTRY = 8
const TIME_ENTRY = 12

/** What is wrong with an index: the first thing alone, for the rest follows from it. */
export interface IndexFault {
  text: string
  /** Byte in the index's file. */
  position: number
  /** The offset of a record that it is about; infinite for the end of the file. */
  offset: number
}

abstract class IndexCheck {
  fault: IndexFault | undefined
  /** Entries without the zeros that a preallocated file ends with. */
  readonly count: number
  protected readonly bytes: Buffer
  protected readonly baseOffset: number
  protected readonly entrySize: number
  protected entry = 0
  /** The largest offset of an entry so far: a start believes none that stands behind one of unsaved records. */
  private largestOffset = -1

  constructor(bytes: Buffer, baseOffset: number, entrySize: number) {
    this.bytes = bytes
    this.baseOffset = baseOffset
    this.entrySize = entrySize
    let count = Math.floor(bytes.length / entrySize)
    while (count > 0 && isZero(bytes, (count - 1) * entrySize, entrySize)) count--
    this.count = count
    if (bytes.length % entrySize !== 0) {
      this.blame(`its ${bytes.length} bytes are not whole entries of ${entrySize}`, Infinity)
    }
  }

  protected get at(): number {
    return this.entry * this.entrySize
  }

  /** The next entry is looked at. */
  protected pass(offset: number): void {
    this.largestOffset = Math.max(this.largestOffset, offset)
    this.entry++
  }

  protected blame(text: string, offset: number): void {
    this.fault ??= { text, position: this.at, offset: Math.max(offset, this.largestOffset) }
  }
}

export class OffsetIndexCheck extends IndexCheck {
  constructor(bytes: Buffer, baseOffset: number) {
    super(bytes, baseOffset, OFFSET_ENTRY)
  }

  batch(batch: BatchView, position: number): void {
    while (this.entry < this.count && this.position < position) {
      this.blame(
        `entry ${this.entry} points to ${this.position}, where no batch begins`,
        this.offset,
      )
      this.pass(this.offset)
    }
    if (this.entry >= this.count || this.position !== position) return
    if (this.offset !== batch.lastOffset) {
      const text = `entry ${this.entry} says offset ${this.offset}, and the batch there ends with ${batch.lastOffset}`
      this.blame(text, batch.baseOffset)
    }
    this.pass(this.offset)
  }

  /** All batches were told. */
  end(endOffset: number): void {
    if (this.entry >= this.count) return
    this.blame(`entry ${this.entry} points to ${this.position}, behind the last batch`, endOffset)
  }

  private get offset(): number {
    return this.baseOffset + this.bytes.readInt32BE(this.at)
  }

  private get position(): number {
    return this.bytes.readInt32BE(this.at + 4)
  }
}

export class TimeIndexCheck extends IndexCheck {
  private largest = -1

  constructor(bytes: Buffer, baseOffset: number) {
    super(bytes, baseOffset, TIME_ENTRY)
  }

  batch({ baseOffset, lastOffset, maxTimestamp }: BatchView): void {
    while (this.entry < this.count && this.offset < baseOffset) {
      this.blame(`entry ${this.entry} names offset ${this.offset}, out of order`, this.offset)
      this.pass(this.offset)
    }
    while (this.entry < this.count && this.offset <= lastOffset) {
      if (this.timestamp !== maxTimestamp) {
        const text = `entry ${this.entry} says ${this.timestamp} of offset ${this.offset}, and its batch has ${maxTimestamp}`
        this.blame(text, baseOffset)
      } else if (maxTimestamp <= this.largest) {
        const text = `entry ${this.entry} says ${maxTimestamp}, and an earlier batch has ${this.largest}`
        this.blame(text, baseOffset)
      }
      this.largest = Math.max(this.largest, maxTimestamp)
      this.pass(this.offset)
    }
    this.largest = Math.max(this.largest, maxTimestamp)
  }

  /** All batches were told. `isSaved`: the index was written when the log had all of them. */
  end(endOffset: number, isSaved: boolean): void {
    if (this.entry < this.count) {
      this.blame(
        `entry ${this.entry} names offset ${this.offset}, behind the last batch`,
        endOffset,
      )
      return
    }
    if (!isSaved || this.largest < 0) return
    const last = this.count === 0 ? -1 : readInt64(this.bytes, (this.count - 1) * TIME_ENTRY)
    if (last === this.largest) return
    this.blame(`it ends with ${last}, and the largest timestamp is ${this.largest}`, endOffset)
  }

  private get timestamp(): number {
    return readInt64(this.bytes, this.at)
  }

  private get offset(): number {
    return this.baseOffset + this.bytes.readInt32BE(this.at + 8)
  }
}

function isZero(bytes: Buffer, from: number, length: number): boolean {
  for (let i = from; i < from + length; i++) if (bytes[i] !== 0) return false
  return true
}
