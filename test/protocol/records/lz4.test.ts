import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BlockCodec } from '../../../src/protocol/records/block-codec.ts'
import { compressToLz4, lz4Blocks } from '../../../src/protocol/records/lz4.ts'
import { nativeLz4, wasmLz4 } from '../../../src/protocol/records/lz4-block.ts'
import { xxhash32 } from '../../../src/protocol/records/xxhash32.ts'
import { BROKEN, damageAll, inputs, noise, TOO_LARGE } from './codec-inputs.ts'

const native = nativeLz4()
const codecs = [
  ['always there', wasmLz4] as const,
  ...(native ? [['native', native] as const] : []),
]
const LIMIT = 1024 * 1024
const text = Buffer.from('a spool of thread, a spool of thread, a spool of thread')
/** What the program lz4 makes of it: with 4 MB blocks, content size and all checksums. */
const full = Buffer.from(
  '04224d187c403700000000000000451e000000ff04612073706f6f6c206f66207468726561642c2013000c50687265616441fc5f160000000088af9a7a',
  'hex',
)

describe('XXH32', () => {
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j', (input, checksum) => {
    expect(xxhash32(Buffer.from(input))).toBe(checksum)
  })
})

describe.each(codecs)('lz4, %s', (_name, codec) => {
  const open = (bytes: Buffer, limit = LIMIT): Buffer =>
    Buffer.concat([...lz4Blocks(bytes, limit, codec)])

  it.each(inputs)('is read again: %s', (_input, bytes) => {
    for (const [, other] of codecs) {
      expect(open(compressToLz4(bytes, other)).equals(bytes)).toBe(true)
    }
  })

  it("is written as Kafka's frames: independent blocks of 64 kB, plain where they do not compress", () => {
    const frame = compressToLz4(Buffer.concat([noise(65_536), Buffer.alloc(10)]), codec)
    expect(frame.subarray(0, 11).toString('hex')).toBe('04224d18604082' + '00000180')
    expect(frame.subarray(11, 65_547).equals(noise(65_536))).toBe(true)
    expect(frame.subarray(-4)).toEqual(Buffer.alloc(4))
    const header = xxhash32(frame.subarray(4, 6))
    expect(frame[6]).toBe((header >>> 8) & 0xff)
  })

  it('is read with content size and checksums, whatever follows', () => {
    expect(open(full)).toEqual(text)
    expect(open(Buffer.concat([full, Buffer.from('more')]))).toEqual(text)
  })

  it('is refused with linked blocks, which Java does not read', () => {
    const linked = compressToLz4(text, codec)
    linked[4] = 0x40
    linked[6] = (xxhash32(linked.subarray(4, 6)) >>> 8) & 0xff
    expect(() => open(linked)).toThrow('lean on one another')
  })

  it('opens matches that reach over themselves, and lengths of many bytes', () => {
    // "ab", a match of 4 + 15 + 255 + 6 at the distance 2, and five letters to end with.
    const block = Buffer.from('2f61620200ff06' + '506364656667', 'hex')
    expect(codec.uncompress(block, 1000).toString()).toBe('ab'.repeat(141) + 'cdefg')
    expect(() => codec.uncompress(block, 280)).toThrow()
  })

  it('comes to nothing but InvalidRecord when it is damaged', () => {
    damageAll(compressToLz4(text, codec), open)
    damageAll(full.subarray(0, -4), open)
    const damaged = Buffer.from(full)
    damaged[30]! ^= 1
    expect(() => open(damaged)).toThrow('wrong checksum')
  })

  it('gives any block an outcome', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(bytes.length)
        const header = Buffer.from('04224d18604082', 'hex')
        try {
          open(Buffer.concat([header, length, bytes, Buffer.alloc(4)]))
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidRecord' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('gives a bomb no memory', () => {
    expect(() => open(compressToLz4(Buffer.alloc(20 * LIMIT), codec))).toThrow(TOO_LARGE)
    expect(open(compressToLz4(noise(LIMIT), codec))).toHaveLength(LIMIT)
  })
})

it('gives small blocks in a frame of large ones no more memory than they can fill', () => {
  const asked: number[] = []
  const codec: BlockCodec = {
    compress: (block) => block,
    uncompress(block, size) {
      asked.push(size)
      return block
    },
  }
  const plain = [...lz4Blocks(full, LIMIT, codec)]
  expect(plain).toHaveLength(1)
  expect(asked).toEqual([30 * 255])
  expect(() => [...lz4Blocks(full.subarray(0, 20), LIMIT, codec)]).toThrow(BROKEN)
})
