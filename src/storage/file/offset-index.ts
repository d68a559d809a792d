/**
 * Where offsets lie in a segment, one entry each few kilobytes: the `.index` file.
 *
 *   0  relativeOffset  int32   the last offset of a batch, less the segment's base offset
 *   4  position        int32   where that batch begins
 */

import { type EntryFile, EntryTable, isZero } from './entry-table.ts'

const ENTRY_SIZE = 8

export class OffsetIndex {
  readonly table: EntryTable
  private readonly baseOffset: number

  constructor(baseOffset: number, bytes?: Buffer, file?: EntryFile) {
    this.baseOffset = baseOffset
    this.table = new EntryTable(ENTRY_SIZE, bytes, file)
  }

  get sizeInBytes(): number {
    return this.table.count * ENTRY_SIZE
  }

  append(lastOffset: number, position: number): void {
    const at = this.table.add()
    this.table.raw.writeInt32BE(lastOffset - this.baseOffset, at)
    this.table.raw.writeInt32BE(position, at + 4)
  }

  offsetOf(entry: number): number {
    return this.baseOffset + this.table.entry(entry).readInt32BE(0)
  }

  positionOf(entry: number): number {
    return this.table.entry(entry).readInt32BE(4)
  }

  /** A position at or before that of the batch which holds `offset`. */
  positionBefore(offset: number): number {
    const entry = this.lastWhere(0, offset - this.baseOffset)
    return entry < 0 ? 0 : this.positionOf(entry)
  }

  /** Where a batch begins, the last one that the index knows at or before `position`. */
  batchBefore(position: number): number {
    const entry = this.lastWhere(4, position)
    return entry < 0 ? 0 : this.positionOf(entry)
  }

  /** Where a later batch begins, the first that the index knows behind `position`. */
  batchAfter(position: number): number | undefined {
    const entry = this.lastWhere(4, position) + 1
    return entry < this.table.count ? this.positionOf(entry) : undefined
  }

  /** Drops the entries of batches from `position` on. */
  truncate(position: number): void {
    this.table.truncate(this.lastWhere(4, position - 1) + 1)
  }

  /**
   * Cuts off the zeros of a preallocated file, what points behind the segment's end, and entries of `endOffset` and beyond.
   * False when an entry before that is out of order.
   */
  settle(segmentSize: number, endOffset: number): boolean {
    const { raw } = this.table
    if (isZero(raw)) this.table.truncate(0)
    let offset = -1
    let position = -1
    for (let entry = 0; entry < this.table.count; entry++) {
      const at = this.table.at(entry)
      const nextOffset = raw.readInt32BE(at)
      const nextPosition = raw.readInt32BE(at + 4)
      if (nextOffset > offset && this.baseOffset + nextOffset >= endOffset) {
        this.table.truncate(entry)
        return true
      }
      if (nextOffset <= offset || nextPosition <= position || nextPosition >= segmentSize) {
        this.table.truncate(entry)
        return isZero(raw.subarray(at)) || (nextOffset > offset && nextPosition > position)
      }
      offset = nextOffset
      position = nextPosition
    }
    return true
  }

  /** The last entry whose field at `field` is at most `value`; -1 for none. */
  private lastWhere(field: 0 | 4, value: number): number {
    return this.table.lastWhere((bytes, at) => bytes.readInt32BE(at + field) <= value)
  }
}
