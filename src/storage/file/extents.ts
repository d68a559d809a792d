/** The bytes of a file in memory: extents that double up to 1 MiB, so that a small file is small and a large one is never copied. */

const FIRST_SIZE = 4 * 1024
const LARGEST_SIZE = 1024 * 1024

export class Extents {
  /** Bytes of the file. */
  size = 0
  private readonly extents: { start: number; bytes: Buffer }[] = []
  private capacity = 0

  /** Writes at `position`; a hole before it reads as zeros. No bytes make no file longer. */
  write(bytes: Buffer, position: number): void {
    if (bytes.length === 0) return
    const end = position + bytes.length
    this.reserve(end)
    if (position > this.size) this.clear(this.size, position)
    this.walk(position, bytes.length, (extent, from, to, done) => {
      bytes.copy(extent, from, done, done + to - from)
    })
    this.size = Math.max(this.size, end)
  }

  /** Fills `target` as far as the file goes, and gives how many bytes that were. */
  read(target: Buffer, position: number): number {
    const length = Math.max(0, Math.min(target.length, this.size - position))
    this.walk(position, length, (extent, from, to, done) => {
      extent.copy(target, done, from, to)
    })
    return length
  }

  truncate(size: number): void {
    if (size > this.size) {
      this.reserve(size)
      this.clear(this.size, size)
    }
    this.size = size
    let last = this.extents.at(-1)
    while (last && last.start >= size) {
      this.extents.pop()
      this.capacity = last.start
      last = this.extents.at(-1)
    }
  }

  private reserve(end: number): void {
    while (this.capacity < end) {
      const doubled = Math.max(FIRST_SIZE, this.capacity)
      const length = Math.min(doubled, LARGEST_SIZE)
      this.extents.push({ start: this.capacity, bytes: Buffer.allocUnsafeSlow(length) })
      this.capacity += length
    }
  }

  private clear(from: number, to: number): void {
    this.walk(from, to - from, (extent, start, end) => extent.fill(0, start, end))
  }

  /** Visits the parts of extents that make up a range, in order. */
  private walk(
    position: number,
    length: number,
    visit: (extent: Buffer, from: number, to: number, done: number) => void,
  ): void {
    let done = 0
    for (let i = this.indexOf(position); done < length; i++) {
      const { start, bytes } = this.extents[i]!
      const from = position + done - start
      const to = Math.min(bytes.length, from + length - done)
      visit(bytes, from, to, done)
      done += to - from
    }
  }

  /** The extent that holds a position. */
  private indexOf(position: number): number {
    let low = 0
    let high = this.extents.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.extents[middle]!.start <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}
