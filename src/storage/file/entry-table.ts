/** The entries of an index as its file has them: a buffer of fixed-size entries that grows, of which a first part is written already. */

const FIRST_ENTRIES = 32

export class EntryTable {
  count: number
  /** Entries that stand in the file as they are here. */
  writtenCount: number
  private bytes: Buffer
  private readonly entrySize: number

  constructor(entrySize: number, bytes: Buffer = Buffer.alloc(0)) {
    this.entrySize = entrySize
    this.bytes = bytes
    this.count = Math.floor(bytes.length / entrySize)
    this.writtenCount = this.count
  }

  /** Where an entry lies in `raw`. */
  at(entry: number): number {
    return entry * this.entrySize
  }

  get raw(): Buffer {
    return this.bytes
  }

  /** Makes room for one more entry and gives its position in `raw`. */
  add(): number {
    const at = this.count * this.entrySize
    if (at + this.entrySize > this.bytes.length) this.grow()
    this.count++
    return at
  }

  truncate(count: number): void {
    this.count = Math.min(this.count, count)
    this.writtenCount = Math.min(this.writtenCount, this.count)
  }

  /** What the file lacks. */
  unwritten(): Buffer {
    return this.bytes.subarray(this.at(this.writtenCount), this.at(this.count))
  }

  private grow(): void {
    const entries = Math.max(FIRST_ENTRIES, this.count * 2)
    const larger = Buffer.alloc(entries * this.entrySize)
    this.bytes.copy(larger, 0, 0, this.at(this.count))
    this.bytes = larger
  }
}

/** Whether all bytes are zero: what a preallocated file has behind its last entry. */
export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}
