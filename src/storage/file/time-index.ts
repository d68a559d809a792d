/**
 * How timestamps grow in a segment: the `.timeindex` file.
 *
 *   0  timestamp       int64   the largest so far
 *   8  relativeOffset  int32   the last offset of the batch that brought it, less the segment's base offset
 */

import { readInt64, writeInt64 } from '../../protocol/records/batch-view.ts'
import { type EntryFile, EntryTable, isZero } from './entry-table.ts'

const ENTRY_SIZE = 12

export class TimeIndex {
  readonly table: EntryTable
  private readonly baseOffset: number

  constructor(baseOffset: number, bytes?: Buffer, file?: EntryFile) {
    this.baseOffset = baseOffset
    this.table = new EntryTable(ENTRY_SIZE, bytes, file)
  }

  get sizeInBytes(): number {
    return this.table.count * ENTRY_SIZE
  }

  /** The largest timestamp that the index knows; -1 when it knows none. */
  get lastTimestamp(): number {
    const { count } = this.table
    return count === 0 ? -1 : this.timestampOf(count - 1)
  }

  get lastOffset(): number {
    const { count } = this.table
    return count === 0 ? this.baseOffset : this.offsetOf(count - 1)
  }

  /** Takes an entry that says more than the last one; others are passed over. */
  append(timestamp: number, offset: number): void {
    if (timestamp <= this.lastTimestamp) return
    const at = this.table.add()
    writeInt64(this.table.raw, at, timestamp)
    this.table.raw.writeInt32BE(offset - this.baseOffset, at + 8)
  }

  /** An offset at or before that of the first record whose timestamp is at least `timestamp`. */
  offsetBefore(timestamp: number): number {
    const entry = this.table.lastWhere((bytes, at) => readInt64(bytes, at) <= timestamp)
    return entry < 0 ? this.baseOffset : this.offsetOf(entry)
  }

  /** Drops the entries of offsets from `offset` on. */
  truncate(offset: number): void {
    const relative = offset - this.baseOffset
    this.table.truncate(
      this.table.lastWhere((bytes, at) => bytes.readInt32BE(at + 8) < relative) + 1,
    )
  }

  /** Cuts off the zeros of a preallocated file, and entries of `endOffset` and beyond. False when an entry before that is out of order. */
  settle(endOffset: number): boolean {
    const { raw } = this.table
    if (isZero(raw)) this.table.truncate(0)
    let timestamp = -1
    let offset = this.baseOffset - 1
    for (let entry = 0; entry < this.table.count; entry++) {
      const at = this.table.at(entry)
      const nextTimestamp = readInt64(raw, at)
      const nextOffset = this.baseOffset + raw.readInt32BE(at + 8)
      if (nextOffset >= endOffset) {
        this.table.truncate(entry)
        return true
      }
      if (nextTimestamp <= timestamp || nextOffset < offset) {
        this.table.truncate(entry)
        return isZero(raw.subarray(at))
      }
      timestamp = nextTimestamp
      offset = nextOffset
    }
    return true
  }

  private timestampOf(entry: number): number {
    return readInt64(this.table.entry(entry), 0)
  }

  private offsetOf(entry: number): number {
    return this.baseOffset + this.table.entry(entry).readInt32BE(8)
  }
}
