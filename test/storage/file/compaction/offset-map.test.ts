import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../src/random.ts'
import { KeyedHash } from '../../../../src/storage/file/compaction/keyed-hash.ts'
import { OffsetMap } from '../../../../src/storage/file/compaction/offset-map.ts'

const random = seededRandom(3)
const secret = random.bytes(16)

function mapOf(bytes: number, loadFactor = 0.9): OffsetMap {
  return new OffsetMap(bytes, loadFactor, secret)
}

describe('the offset map', () => {
  it('agrees with a Map over keys of every length, through all its growth', () => {
    const map = mapOf(4 * 1024 * 1024)
    const model = new Map<string, number>()
    for (let i = 0; i < 60_000; i++) {
      const key = random.bytes(random.below(40)).subarray(0, 1 + random.below(30))
      const offset = i * 1_000_000_007
      if (!map.put(key, offset)) throw new Error('There is room.')
      model.set(key.toString('hex'), offset)
    }
    expect(map.size).toBe(model.size)
    const wrong = [...model].filter(([key, offset]) => map.get(Buffer.from(key, 'hex')) !== offset)
    expect(wrong).toEqual([])
    expect(map.get(Buffer.from('this was never put in, by any chance'))).toBe(-1)
    expect(map.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
  })

  it('takes memory as it needs it', () => {
    const map = mapOf(128 * 1024 * 1024)
    expect(map.bytes).toBe(0)
    for (let i = 0; i < 10_000; i++) map.put(Buffer.from(`${i}`), i)
    expect(map.bytes).toBeLessThan(2 * 1024 * 1024)
    expect(map.limit).toBeGreaterThan(5_000_000)
  })

  it('is full at its load factor, and knows all that it took', () => {
    const map = mapOf(24 * 1000)
    let taken = 0
    while (map.put(Buffer.from(`key ${taken}`), taken)) taken++
    expect(taken).toBe(900)
    for (let i = 0; i < taken; i++) expect(map.get(Buffer.from(`key ${i}`))).toBe(i)
    expect(map.get(Buffer.from(`key ${taken}`))).toBe(-1)
    // A key that it has still gets its next offset.
    expect(map.put(Buffer.from('key 5'), 2 ** 40)).toBe(true)
    expect(map.get(Buffer.from('key 5'))).toBe(2 ** 40)
  })
})

describe('the keyed hash', () => {
  it('differs with each bit of the key, its length and the secret', () => {
    const hash = new KeyedHash(secret)
    const seen = new Set<string>()
    const hashes = (key: Buffer, by = hash): void => void seen.add(by.hash(key).join())
    const key = Buffer.from('a key that is longer than a few words')
    hashes(key)
    hashes(key, new KeyedHash(random.bytes(16)))
    let count = 2
    for (let bit = 0; bit < key.length * 8; bit++) {
      const other = Buffer.from(key)
      other[bit >> 3]! ^= 1 << (bit & 7)
      hashes(other)
      count++
    }
    for (let length = 0; length < key.length; length++) {
      hashes(key.subarray(0, length))
      hashes(Buffer.concat([key.subarray(0, length), Buffer.alloc(key.length)]))
      count += 2
    }
    expect(seen.size).toBe(count)
  })
})
