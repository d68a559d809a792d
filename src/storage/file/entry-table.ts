/**
 * The entries of an index as its file has them, of a fixed size each: the newest in memory, in a buffer that grows, and those
 * before them, once they are written, in the file alone. So an index costs no memory to speak of, however large it is.
 */

import { StorageError } from '../engine.ts'
import type { DiskFile } from './disk.ts'

const FIRST_ENTRIES = 32
/** Entries that are read from a file in one go. */
const BLOCK_ENTRIES = 256

const NO_BYTES = Buffer.alloc(0)

/** Gives the file for at once. Throws StorageError when it is gone. */
export type EntryFile = () => DiskFile

export class EntryTable {
  count: number
  /** Entries that stand in the file as they are here. */
  writtenCount: number
  /** Entries before this one are not in memory. */
  private first = 0
  private bytes: Buffer
  private readonly entrySize: number
  private readonly file: EntryFile | undefined

  /** `file`: where entries can be read again whose memory is given back. */
  constructor(entrySize: number, bytes: Buffer = NO_BYTES, file?: EntryFile) {
    this.entrySize = entrySize
    this.bytes = bytes
    this.count = Math.floor(bytes.length / entrySize)
    this.writtenCount = this.count
    this.file = file
  }

  /** Where an entry lies in `raw`, if it is in memory. */
  at(entry: number): number {
    return (entry - this.first) * this.entrySize
  }

  /** What is in memory: all, as long as no memory was given back. */
  get raw(): Buffer {
    return this.bytes
  }

  /** Bytes of memory that it holds. */
  get memoryBytes(): number {
    return this.bytes.length
  }

  /** The bytes of one entry. */
  entry(entry: number): Buffer {
    if (entry < this.first) return this.block(entry, entry + 1)
    return this.bytes.subarray(this.at(entry), this.at(entry + 1))
  }

  /** The last entry for which `holds`, as it must for all before that one; -1 for none. */
  lastWhere(holds: (bytes: Buffer, at: number) => boolean): number {
    let low = -1
    let high = this.count - 1
    if (low < high && this.first > 0) {
      if (this.first < this.count && holds(this.bytes, 0)) {
        low = this.first
      } else {
        high = this.first - 1
        while (high - low > BLOCK_ENTRIES) {
          const middle = (low + high + 1) >> 1
          if (holds(this.entry(middle), 0)) low = middle
          else high = middle - 1
        }
        if (low === high) return low
        return this.lastIn(this.block(low + 1, high + 1), low + 1, low, high, holds)
      }
    }
    return this.lastIn(this.bytes, this.first, low, high, holds)
  }

  /** Makes room for one more entry and gives its position in `raw`. */
  add(): number {
    const at = this.at(this.count)
    if (at + this.entrySize > this.bytes.length)
      this.resize(Math.max(FIRST_ENTRIES * this.entrySize, at * 2))
    this.count++
    return at
  }

  truncate(count: number): void {
    this.count = Math.min(this.count, count)
    this.writtenCount = Math.min(this.writtenCount, this.count)
    this.first = Math.min(this.first, this.count)
  }

  /** What the file lacks. */
  unwritten(): Buffer {
    return this.bytes.subarray(this.at(this.writtenCount), this.at(this.count))
  }

  /** Gives back the memory of what is written, but for the last few entries. */
  forgetWritten(kept: number): void {
    const first = Math.max(this.first, Math.min(this.writtenCount, this.count - kept))
    if (!this.file || first === this.first) return
    this.bytes = this.bytes.subarray(this.at(first), this.at(this.count))
    this.first = first
    this.resize(this.bytes.length)
  }

  private lastIn(
    bytes: Buffer,
    firstEntry: number,
    from: number,
    to: number,
    holds: (bytes: Buffer, at: number) => boolean,
  ): number {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (holds(bytes, (middle - firstEntry) * this.entrySize)) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Entries of the file. */
  private block(from: number, to: number): Buffer {
    const file = this.file!()
    const block = Buffer.alloc((to - from) * this.entrySize)
    if (file.readSync(block, from * this.entrySize) < block.length) {
      throw new StorageError(`${file.path} has lost its end.`)
    }
    return block
  }

  private resize(size: number): void {
    const larger = size === 0 ? NO_BYTES : Buffer.alloc(size)
    this.bytes.copy(larger, 0, 0, this.at(this.count))
    this.bytes = larger
  }
}

/** Whether all bytes are zero: what a preallocated file has behind its last entry. */
export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}
