/** Where frames are copied to, out of a read buffer that is used again: small ones share slabs, which are never written twice. */

const SLAB_BYTES = 64 * 1024
/** What is larger has a buffer of its own, so that keeping it keeps nothing else. */
const LARGEST_SHARED_BYTES = SLAB_BYTES / 4

/**
 * Page faults of new memory cost more than all else that is done with a large frame. glibc maps and unmaps large blocks one by
 * one until it has seen a larger one freed (at most 32 MB); from then on it keeps them. One that nobody writes to costs nothing.
 */
const LESSON_BYTES = 31 * 1024 * 1024
const LARGE_BYTES = 128 * 1024
let allocatorKeepsLarge = false

function largeBuffer(size: number): Buffer {
  if (size >= LARGE_BYTES && !allocatorKeepsLarge) {
    allocatorKeepsLarge = true
    Buffer.allocUnsafeSlow(LESSON_BYTES)
  }
  return Buffer.allocUnsafeSlow(size)
}

export class Arena {
  private slab = Buffer.alloc(0)
  private used = 0

  /** Bytes that hold anything, for the caller alone. */
  take(size: number): Buffer {
    if (size > LARGEST_SHARED_BYTES) return largeBuffer(size)
    if (this.used + size > this.slab.length) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.used = 0
    }
    const part = this.slab.subarray(this.used, this.used + size)
    this.used += size
    return part
  }
}
