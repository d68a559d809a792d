/** A buffer that grows as it is written to: whoever writes reserves first, then writes at the end. */

const FIRST_BYTES = 1024

export class GrowingBytes {
  bytes: Buffer
  /** How much is written. */
  size = 0

  constructor(capacity = FIRST_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Makes room for so many more bytes; `bytes` may be another buffer afterwards. */
  reserve(more: number): void {
    const wanted = this.size + more
    if (wanted <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.bytes.length))
    this.bytes.copy(larger, 0, 0, this.size)
    this.bytes = larger
  }

  /** What is written; the buffer is the caller's, and a new one begins. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.size)
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.size = 0
    return taken
  }
}
