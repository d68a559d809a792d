/** A walk over the records of a batch that come in pieces, with their keys and values: each is whole when it is stepped to. */

import { GatheredBytes } from './gathered-bytes.ts'
import { RecordCursor } from './record-cursor.ts'
import { MAX_VARINT_BYTES, VarintReader } from './varint.ts'

export class WholeRecords {
  /** The record that was stepped to last. What it gives is valid for as long as the piece's memory. */
  record = new RecordCursor(Buffer.alloc(0))
  private readonly gathered = new GatheredBytes()
  private isOver = false

  add(piece: Buffer): void {
    this.gathered.add(piece)
  }

  /** There are no more pieces. */
  end(): void {
    this.isOver = true
  }

  /** Whether bytes are left of what has come. */
  get hasMore(): boolean {
    return this.gathered.size > 0
  }

  /** Steps to the next record; false when that takes another piece, or when there is none. Throws `InvalidRecord` where no record stands. */
  next(): boolean {
    const { gathered } = this
    if (!this.hasMore || !this.hasWhole()) return false
    if (this.record.reader.bytes !== gathered.bytes) {
      this.record = new RecordCursor(gathered.bytes, gathered.position)
    }
    this.record.next()
    gathered.position = this.record.reader.position
    return true
  }

  private hasWhole(): boolean {
    const { gathered } = this
    if (!gathered.has(MAX_VARINT_BYTES)) return this.hasLast()
    const reader = new VarintReader(gathered.bytes, gathered.position)
    const length = reader.varint()
    const size = reader.position - gathered.position + Math.max(0, length)
    return gathered.has(size) || this.hasLast()
  }

  /** What ends inside a record is for the cursor to refuse. Before the end nothing is joined: a long record has many pieces. */
  private hasLast(): boolean {
    if (this.isOver) this.gathered.join()
    return this.isOver
  }
}
