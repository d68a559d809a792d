/**
 * Large pieces of memory, used again and again: fresh memory costs page faults and garbage collections, more than all else that
 * is done with what it holds.
 *
 * A slab goes back when the last of its holders has released it. A holder that never does costs nothing but that: the slab is
 * then garbage like any other memory.
 */

/** Slabs come in eighths of a power of two, so that little of one is unused and many fit the same. */
const STEPS = 8
const SMALLEST_BYTES = 16 * 1024
/** What is kept for the next taker. */
const KEPT_BYTES = 32 * 1024 * 1024

export class Slab {
  readonly bytes: Buffer
  private readonly pool: SlabPool
  private holders = 0

  constructor(bytes: Buffer, pool: SlabPool) {
    this.bytes = bytes
    this.pool = pool
  }

  retain(): void {
    this.holders++
  }

  /** Nobody who has released it may look at its bytes again. */
  release(): void {
    if (--this.holders === 0) this.pool.put(this)
    else if (this.holders < 0) throw new Error('A slab was released more often than retained.')
  }
}

export class SlabPool {
  private readonly keptBytes: number
  private freeBytes = 0
  private readonly free = new Map<number, Slab[]>()
  private readonly slabs = new WeakMap<ArrayBufferLike, Slab>()

  constructor(keptBytes = KEPT_BYTES) {
    this.keptBytes = keptBytes
  }

  /** A slab of at least `size` bytes that hold anything; the caller is its one holder. */
  take(size: number): Slab {
    const length = sizeClass(size)
    let slab = this.free.get(length)?.pop()
    if (slab) {
      this.freeBytes -= length
    } else {
      slab = new Slab(Buffer.allocUnsafeSlow(length), this)
      this.slabs.set(slab.bytes.buffer, slab)
    }
    slab.retain()
    return slab
  }

  /** The slab that these bytes lie in; undefined when they are memory of another kind. */
  of(bytes: Buffer): Slab | undefined {
    return this.slabs.get(bytes.buffer)
  }

  put(slab: Slab): void {
    const { length } = slab.bytes
    if (this.freeBytes + length > this.keptBytes) return
    this.freeBytes += length
    const alike = this.free.get(length)
    if (alike) alike.push(slab)
    else this.free.set(length, [slab])
  }
}

function sizeClass(size: number): number {
  if (size <= SMALLEST_BYTES) return SMALLEST_BYTES
  const step = 2 ** Math.ceil(Math.log2(size)) / (STEPS * 2)
  return Math.ceil(size / step) * step
}
