/** Where frames are copied to, out of a read buffer that is used again: small ones share memory that is never written twice, large ones a slab. */

import type { Slab, SlabPool } from '../../slab-pool.ts'

const SHARED_BYTES = 64 * 1024
/** What is larger has a slab of its own. */
const LARGEST_SHARED_BYTES = SHARED_BYTES / 4

/** Bytes that hold anything, and the slab that they lie in, held by whoever took them. */
export interface Room {
  readonly bytes: Buffer
  readonly slab: Slab | undefined
}

export class Arena {
  private readonly pool: SlabPool
  private shared = Buffer.alloc(0)
  private used = 0

  constructor(pool: SlabPool) {
    this.pool = pool
  }

  take(size: number): Room {
    if (size > LARGEST_SHARED_BYTES) {
      const slab = this.pool.take(size)
      return { bytes: slab.bytes.subarray(0, size), slab }
    }
    if (this.used + size > this.shared.length) {
      this.shared = Buffer.allocUnsafeSlow(SHARED_BYTES)
      this.used = 0
    }
    const bytes = this.shared.subarray(this.used, this.used + size)
    this.used += size
    return { bytes, slab: undefined }
  }
}
