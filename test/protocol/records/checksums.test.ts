/** All implementations of both checksums against each other, and against one that goes bit by bit. */

import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32, javascriptCrc32, nativeCrc32 } from '../../../src/protocol/records/crc32.ts'
import {
  crc32c,
  crc32cImplementation,
  javascriptCrc32c,
  nativeCrc32c,
} from '../../../src/protocol/records/crc32c.ts'
import type { Checksum } from '../../../src/protocol/records/native-checksum.ts'

/** As the polynomial says it, lowest bit first. */
function bitwise(polynomial: number): Checksum {
  return (bytes, seed = 0) => {
    let rest = ~seed
    for (const byte of bytes) {
      rest ^= byte
      for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ ((rest & 1) === 0 ? 0 : polynomial)
    }
    return ~rest >>> 0
  }
}

interface Kind {
  name: string
  chosen: Checksum
  /** By name; null where the package is not there. */
  all: Record<string, Checksum | null>
  /** Of the digits 1 to 9, of 32 zeros and of 32 bytes of ones. */
  published: [number, number, number]
}

const kinds: Kind[] = [
  {
    name: 'CRC-32C',
    chosen: crc32c,
    all: { bitwise: bitwise(0x82f63b78), javascript: javascriptCrc32c, native: nativeCrc32c() },
    published: [0xe3069283, 0x8a9136aa, 0x62a8ab43],
  },
  {
    name: 'CRC-32',
    chosen: crc32,
    all: {
      bitwise: bitwise(0xedb88320),
      javascript: javascriptCrc32,
      native: nativeCrc32(),
      // Node's takes no bytes after a seed for no seed either.
      zlib: (bytes, seed = 0) => (bytes.length === 0 ? seed : zlibCrc32(bytes, seed)),
    },
    published: [0xcbf43926, 0x190a55ad, 0xff6cab0b],
  },
]

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = length + 1
  for (let index = 0; index < length; index++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    bytes[index] = state >>> 16
  }
  return bytes
}

/** Around every size at which another implementation is chosen, or another loop within one. */
const lengths = [
  ...[0, 1, 2, 3, 7, 8, 9, 15, 31, 63, 64, 65, 127, 128, 179, 180, 181, 219, 220, 221],
  ...[1000, 4096, 16_385, 100_003],
]

describe.each(kinds)('$name', ({ chosen, all, published }) => {
  const implementations = Object.entries(all).filter((entry): entry is [string, Checksum] => {
    return entry[1] !== null
  })

  it('has the published check values', () => {
    const inputs = [Buffer.from('123456789'), Buffer.alloc(32), Buffer.alloc(32, 0xff)]
    for (const [, checksum] of [...implementations, ['chosen', chosen] as const]) {
      expect(inputs.map((bytes) => checksum(bytes))).toEqual(published)
      expect(checksum(Buffer.alloc(0))).toBe(0)
    }
  })

  it.each(lengths)('is the same by all implementations, of %i bytes and any seed', (length) => {
    const bytes = pattern(length)
    for (const seed of [0, 1, 0x7fffffff, 0xe3069283, 0xffffffff]) {
      const expected = chosen(bytes, seed)
      for (const [name, checksum] of implementations) {
        expect([name, seed, checksum(bytes, seed)]).toEqual([name, seed, expected])
      }
    }
  })

  it('is the same by all implementations, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat({ max: 0xffffffff }), (bytes, seed) => {
        const expected = chosen(bytes, seed)
        for (const [, checksum] of implementations) expect(checksum(bytes, seed)).toBe(expected)
      }),
    )
  })

  it.each(lengths)('goes on from a seed, wherever %i bytes are cut', (length) => {
    const bytes = pattern(length)
    const whole = chosen(bytes)
    for (const cut of [0, length >> 1, length]) {
      expect(chosen(bytes.subarray(cut), chosen(bytes.subarray(0, cut)))).toBe(whole)
    }
  })
})

it('the broker says which implementation of CRC-32C is in use', () => {
  expect(crc32cImplementation()).toBe(nativeCrc32c() ? 'native' : 'javascript')
})
