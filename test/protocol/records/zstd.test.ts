import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zstdFrames } from '../../../src/protocol/records/zstd.ts'
import { coreZstd, wasmZstd } from '../../../src/protocol/records/zstd-codec.ts'
import { BROKEN, damageAll, inputs, noise, TOO_LARGE } from './codec-inputs.ts'

const core = coreZstd()
const codecs = [['WebAssembly', wasmZstd] as const, ...(core ? [['core', core] as const] : [])]
const LIMIT = 1024 * 1024
const text = Buffer.from('a spool of thread, a spool of thread, a spool of thread')
/** What the program zstd makes of it: from a pipe, with a checksum and no size; and from a file, with a size and no checksum. */
const unsized = Buffer.from(
  '28b52ffd0458cd000098612073706f6f6c206f66207468726561642c2001001b39c3a6197739',
  'hex',
)
const sized = Buffer.from(
  '28b52ffd2037cd000098612073706f6f6c206f66207468726561642c2001001b39c3',
  'hex',
)
const skipped = Buffer.from('502a4d1803000000616263', 'hex')

/** A frame of blocks that each repeat a byte 128 kB long, and that says no size. */
function bombOf(blocks: number): Buffer {
  const header = Buffer.from('28b52ffd0058', 'hex')
  const block = Buffer.from('02001000', 'hex')
  const last = Buffer.from('03001000', 'hex')
  return Buffer.concat([header, ...Array<Buffer>(blocks - 1).fill(block), last])
}

describe.each(codecs)('zstd, %s', (_name, codec) => {
  const open = (bytes: Buffer, limit = LIMIT): Buffer =>
    Buffer.concat([...zstdFrames(bytes, limit, codec)])

  it.each(inputs)('is read again: %s', (_input, bytes) => {
    for (const level of [-5, 3, 19]) {
      for (const [, other] of codecs) {
        expect(open(other.compress(bytes, level)).equals(bytes)).toBe(true)
      }
    }
  })

  it('is smaller at a higher level', () => {
    const bytes = inputs.at(-1)![1]
    expect(codec.compress(bytes, 19).length).toBeLessThan(codec.compress(bytes, -5).length)
  })

  it('is read with and without content size and checksum, and frame after frame', () => {
    expect(open(unsized)).toEqual(text)
    expect(open(sized)).toEqual(text)
    const many = Buffer.concat([skipped, unsized, skipped, sized])
    expect(open(many)).toEqual(Buffer.concat([text, text]))
  })

  it('is refused where anything else follows', () => {
    expect(() => open(Buffer.concat([sized, Buffer.from('something')]))).toThrow(BROKEN)
    expect(() => open(Buffer.concat([sized, Buffer.from('s')]))).toThrow(BROKEN)
  })

  it('comes to nothing but InvalidRecord when it is damaged', () => {
    damageAll(unsized, open)
    damageAll(sized, open)
    const damaged = Buffer.from(unsized)
    damaged[20]! ^= 1
    expect(() => open(damaged)).toThrow(BROKEN)
  })

  it('gives any block an outcome', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const frame = Buffer.concat([Buffer.from('28b52ffd0058000000', 'hex'), bytes])
        frame.writeUIntLE((bytes.length << 3) | 5, 6, 3)
        try {
          open(frame)
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidRecord' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('gives a bomb no memory', () => {
    expect(open(bombOf(8))).toHaveLength(LIMIT)
    expect(() => open(bombOf(9))).toThrow(TOO_LARGE)
    expect(() => open(bombOf(100_000))).toThrow(TOO_LARGE)
    expect(() => open(codec.compress(Buffer.alloc(20 * LIMIT), 3))).toThrow(TOO_LARGE)
    expect(open(codec.compress(noise(LIMIT), 3))).toHaveLength(LIMIT)
    const liar = Buffer.from('28b52ffdc0580000000000000040' + '010000', 'hex')
    expect(() => open(liar, 2 ** 33)).toThrow(BROKEN)
  })

  it('goes on after a large batch', () => {
    const large = Buffer.alloc(40 * LIMIT, 'thread')
    const compressed = codec.compress(large, 3)
    expect(open(compressed, 41 * LIMIT).equals(large)).toBe(true)
    expect(open(sized)).toEqual(text)
  })
})
