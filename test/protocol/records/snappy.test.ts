import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compressToSnappy,
  javascriptSnappy,
  nativeSnappy,
  snappyBlocks,
} from '../../../src/protocol/records/snappy.ts'
import { BROKEN, damageAll, inputs, noise, TOO_LARGE } from './codec-inputs.ts'

const native = nativeSnappy()
const codecs = [
  ['javascript', javascriptSnappy] as const,
  ...(native ? [['native', native] as const] : []),
]
const LIMIT = 1024 * 1024
const framed = Buffer.from('82534e41505059000000000100000001', 'hex')

function frame(...blocks: Buffer[]): Buffer {
  return Buffer.concat([
    framed,
    ...blocks.flatMap((block) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(block.length)
      return [length, block]
    }),
  ])
}

describe.each(codecs)('snappy, %s', (_name, codec) => {
  const open = (bytes: Buffer, limit = LIMIT): Buffer =>
    Buffer.concat([...snappyBlocks(bytes, limit, codec)])

  it.each(inputs)('is read again from the framing and from a raw block: %s', (_input, bytes) => {
    for (const [, other] of codecs) {
      const compressed = compressToSnappy(bytes, other)
      expect(compressed.subarray(0, 16)).toEqual(framed)
      expect(open(compressed).equals(bytes)).toBe(true)
      expect(open(other.compress(bytes)).equals(bytes)).toBe(true)
    }
  })

  it('is written in blocks of 32 kB, as Kafka does', () => {
    const sizes = [...snappyBlocks(compressToSnappy(Buffer.alloc(70_000), codec), LIMIT, codec)]
    expect(sizes.map(({ length }) => length)).toEqual([32_768, 32_768, 4464])
  })

  it('opens copies of every form', () => {
    // "abcd", then copies with offsets of one, two and four bytes, and one that reaches over itself.
    const block = Buffer.from('140c61626364' + '0104' + '0e0400' + '0f04000000' + '0e0100', 'hex')
    expect(open(block).toString()).toBe('abcdabcdabcdabcddddd')
  })

  it('opens streams that follow one another', () => {
    const two = Buffer.concat([
      compressToSnappy(Buffer.from('one '), codec),
      compressToSnappy(Buffer.from('two'), codec),
    ])
    expect(open(two).toString()).toBe('one two')
  })

  it('comes to nothing but InvalidRecord when it is damaged', () => {
    const text = Buffer.from('a spool of thread, a spool of thread, a spool of wool')
    damageAll(codec.compress(text), open)
    const whole = compressToSnappy(text, codec)
    for (let at = 16; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 0x81
      try {
        open(damaged)
      } catch (error) {
        expect(error).toMatchObject({ name: 'InvalidRecord' })
      }
      if (at > 16) expect(() => open(whole.subarray(0, at))).toThrow(BROKEN)
    }
  })

  it('gives any bytes an outcome', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, inFrame) => {
        const block = Buffer.from(bytes)
        try {
          open(inFrame ? frame(block) : block)
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidRecord' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('does not walk backwards at a length beyond 2^31', () => {
    expect(() => open(Buffer.from('05fcf0ffffff61626364', 'hex'))).toThrow(BROKEN)
  })

  it('takes no memory for what a block claims and cannot hold', () => {
    const claim = Buffer.from('ffffffff0f0061', 'hex')
    expect(() => open(claim, 2 ** 33)).toThrow(BROKEN)
    expect(() => open(frame(claim), 2 ** 33)).toThrow(BROKEN)
  })

  it('gives a bomb no memory', () => {
    const bomb = compressToSnappy(Buffer.alloc(20 * LIMIT), codec)
    expect(() => open(bomb)).toThrow(TOO_LARGE)
    expect(() => open(codec.compress(Buffer.alloc(2 * LIMIT)))).toThrow(TOO_LARGE)
    expect(open(compressToSnappy(noise(LIMIT), codec))).toHaveLength(LIMIT)
  })
})
