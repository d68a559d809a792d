import { describe, expect, it } from 'vitest'
import {
  coordinatorPartition,
  javaStringHash,
} from '../../../src/broker/groups/coordinator-partition.ts'

describe('the partition of a group', () => {
  it('follows from Java’s hash of its id', () => {
    expect(javaStringHash('')).toBe(0)
    expect(javaStringHash('hello')).toBe(99_162_322)
    expect(coordinatorPartition('hello', 50)).toBe(22)
  })

  it('is one of the partitions for every hash, the least one too', () => {
    expect(javaStringHash('polygenelubricants')).toBe(-2_147_483_648)
    expect(coordinatorPartition('polygenelubricants', 50)).toBe(0)
    expect(coordinatorPartition('Ünïcode-日本', 50)).toBeGreaterThanOrEqual(0)
  })
})
