import { describe, expect, it } from 'vitest'
import {
  crc32c,
  crc32cImplementation,
  javascriptCrc32c,
  nativeCrc32c,
} from '../../../src/protocol/records/crc32c.ts'

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = length + 1
  for (let index = 0; index < length; index++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    bytes[index] = state >>> 16
  }
  return bytes
}

const lengths = [0, 1, 2, 3, 7, 8, 9, 15, 31, 63, 64, 219, 220, 221, 1000, 4096, 16_385, 100_003]

describe('CRC-32C', () => {
  it('has the published check values', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.alloc(0))).toBe(0)
  })

  it.each(lengths)('goes on from a seed, wherever %i bytes are cut', (length) => {
    const bytes = pattern(length)
    const whole = crc32c(bytes)
    for (const cut of [0, length >> 1, length]) {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(whole)
    }
  })

  const native = nativeCrc32c()
  describe.skipIf(!native)('native', () => {
    it.each(lengths)('agrees with JavaScript on %i bytes', (length) => {
      const bytes = pattern(length)
      for (const seed of [0, 1, 0xe3069283]) {
        expect(native!(bytes, seed)).toBe(javascriptCrc32c(bytes, seed))
        expect(crc32c(bytes, seed)).toBe(javascriptCrc32c(bytes, seed))
      }
    })
  })

  it('says which implementation is in use', () => {
    expect(crc32cImplementation()).toBe(native ? 'native' : 'javascript')
  })
})
