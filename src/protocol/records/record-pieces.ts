/**
 * A walk over records that come piece by piece, as they are inflated. Of a record that reaches into another piece nothing is
 * kept but its sizes: key, value and headers are stepped over, however long they are.
 */

import { InvalidRecord } from './invalid-record.ts'
import { RecordCursor } from './record-cursor.ts'
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES } from './varint.ts'

/** Yields to wait for another piece. */
type Steps<Result = void> = Generator<void, Result, void>

export class RecordPieces {
  /** The record that was stepped to last; of one that reached over pieces only lengths and deltas are there. */
  record = new RecordCursor(Buffer.alloc(0))
  /** The way through the record that reaches into a piece to come. */
  private cut: Steps | undefined
  /** Bytes that lie before those of the cursor. */
  private passed = 0
  private isOver = false

  /** Whether bytes are left of what has come. */
  get hasMore(): boolean {
    return this.record.hasMore
  }

  /** Takes another piece, which `next` has asked for. */
  add(piece: Buffer): void {
    const { bytes, position } = this.record.reader
    const rest = bytes.subarray(position)
    this.passed += position
    this.record = new RecordCursor(rest.length > 0 ? Buffer.concat([rest, piece]) : piece)
  }

  /** There are no more pieces. */
  end(): void {
    this.isOver = true
  }

  /** Steps to the next record; false when that takes another piece. Throws `InvalidRecord` where no record stands. */
  next(): boolean {
    if (this.cut === undefined) {
      if (this.record.hasWhole) {
        this.record.next()
        return true
      }
      this.cut = this.stepOver()
    }
    if (!this.cut.next().done) return false
    this.cut = undefined
    return true
  }

  private *stepOver(): Steps {
    const bodyLength = yield* this.varint()
    if (bodyLength < 0) throw new InvalidRecord(`A record has the length ${bodyLength}.`)
    const end = this.position + bodyLength
    yield* this.skip(1)
    const timestampDelta = yield* this.varlong()
    const offsetDelta = yield* this.varint()
    const keyLength = yield* this.field()
    const valueLength = yield* this.field()
    const headerCount = yield* this.varint()
    yield* this.skipHeaders(headerCount, end)
    if (this.position !== end) {
      throw new InvalidRecord(`A record of ${bodyLength} bytes ends at another place.`)
    }
    const sizes = { bodyLength, timestampDelta, offsetDelta, keyLength, valueLength, headerCount }
    Object.assign(this.record, sizes)
  }

  private *skipHeaders(count: number, end: number): Steps {
    if (count < 0 || count > (end - this.position) / 2) {
      throw new InvalidRecord(`A record has ${count} headers.`)
    }
    for (let index = 0; index < count; index++) {
      if ((yield* this.field()) < 0) throw new InvalidRecord('A record header has no key.')
      yield* this.field()
    }
  }

  /** Skips a length and so many bytes; the length is -1 for null. */
  private *field(): Steps<number> {
    const length = yield* this.varint()
    yield* this.skip(length)
    return Math.max(length, -1)
  }

  private *skip(length: number): Steps {
    let left = length
    while (left > 0) {
      const { reader } = this.record
      const step = Math.min(left, reader.end - reader.position)
      reader.position += step
      left -= step
      if (left === 0) return
      if (this.isOver) throw new InvalidRecord('The bytes end inside a record.')
      yield
    }
  }

  private *varint(): Steps<number> {
    yield* this.gather(MAX_VARINT_BYTES)
    return this.record.reader.varint()
  }

  private *varlong(): Steps<number> {
    yield* this.gather(MAX_VARLONG_BYTES)
    return this.record.reader.varlong()
  }

  /** Waits for so many bytes, as far as there are any. */
  private *gather(size: number): Steps {
    while (this.bytesLeft < size && !this.isOver) yield
  }

  private get bytesLeft(): number {
    const { position, end } = this.record.reader
    return end - position
  }

  private get position(): number {
    return this.passed + this.record.reader.position
  }
}
