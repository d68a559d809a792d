import { describe, expect, it } from 'vitest'
import { SlabPool } from '../src/slab-pool.ts'

describe('SlabPool', () => {
  it('gives a slab again when its last holder has released it', () => {
    const pool = new SlabPool()
    const slab = pool.take(100_000)
    expect(slab.bytes.length).toBeGreaterThanOrEqual(100_000)
    slab.retain()
    slab.release()
    expect(pool.take(100_000)).not.toBe(slab)
    slab.release()
    expect(pool.take(100_000)).toBe(slab)
  })

  it('wastes at most an eighth of what is asked for', () => {
    const pool = new SlabPool()
    for (let size = 16 * 1024; size < 4_000_000; size += 9973) {
      const { length } = pool.take(size).bytes
      expect(length).toBeGreaterThanOrEqual(size)
      expect(length).toBeLessThanOrEqual(Math.ceil(size * 1.125) + 1)
    }
  })

  it('knows the slab of bytes that lie in it, and none of others', () => {
    const pool = new SlabPool()
    const slab = pool.take(50_000)
    expect(pool.of(slab.bytes.subarray(7, 99))).toBe(slab)
    expect(pool.of(Buffer.alloc(50_000))).toBeUndefined()
  })

  it('keeps no more than it is told to', () => {
    const pool = new SlabPool(100_000)
    const first = pool.take(60_000)
    const second = pool.take(60_000)
    first.release()
    second.release()
    expect(pool.take(60_000)).toBe(first)
    expect(pool.take(60_000)).not.toBe(second)
  })

  it('refuses a release too many', () => {
    const slab = new SlabPool().take(1)
    slab.release()
    expect(() => slab.release()).toThrow(/more often/)
  })
})
