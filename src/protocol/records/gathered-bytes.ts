/** Bytes that come in pieces, gathered until what stands in front is whole: what lies over a seam is joined once. */

const NOTHING = Buffer.alloc(0)

export class GatheredBytes {
  /** What is in hand; the first `position` bytes are done with. */
  bytes: Buffer = NOTHING
  position = 0
  /** Pieces that came since. */
  private readonly waiting: Buffer[] = []
  private waitingBytes = 0

  /** Bytes that have come and are not done with. */
  get size(): number {
    return this.inHand + this.waitingBytes
  }

  add(piece: Buffer): void {
    this.waiting.push(piece)
    this.waitingBytes += piece.length
  }

  /** Whether so many bytes have come; then they are in hand, from `position` on. */
  has(size: number): boolean {
    if (this.inHand >= size) return true
    if (this.size < size) return false
    this.join()
    return true
  }

  /** Brings all that has come in hand. */
  join(): void {
    if (this.waiting.length === 0) return
    const rest = this.bytes.subarray(this.position)
    const [only] = this.waiting
    const isAlone = rest.length === 0 && this.waiting.length === 1
    this.bytes = isAlone ? only! : Buffer.concat([rest, ...this.waiting])
    this.position = 0
    this.waiting.length = 0
    this.waitingBytes = 0
  }

  private get inHand(): number {
    return this.bytes.length - this.position
  }
}
