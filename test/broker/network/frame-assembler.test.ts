/** Frames out of bytes: however they are cut, and never on the strength of a claimed length. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena } from '../../../src/broker/network/arena.ts'
import { type Slab, SlabPool } from '../../../src/slab-pool.ts'
import { FrameAssembler } from '../../../src/broker/network/frame-assembler.ts'
import { ProtocolViolation } from '../../../src/protocol/errors.ts'

const LIMIT = 10_000_000

function framed(content: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + content.length)
  frame.writeInt32BE(content.length)
  frame.set(content, 4)
  return frame
}

function claim(size: number): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(size)
  return prefix
}

function collect(limit = LIMIT) {
  const frames: Buffer[] = []
  const sink = {
    isFull: false,
    frame(frame: Buffer, slab: Slab | undefined): void {
      slab?.retain()
      frames.push(frame)
    },
  }
  const assembler = new FrameAssembler(limit, new Arena(new SlabPool()), sink)
  return { frames, sink, assembler }
}

/** As the sockets' common read buffer does: every read lands at its start, over what was there. */
function feedLent(assembler: FrameAssembler, bytes: Buffer, sizes: readonly number[]): void {
  const common = Buffer.alloc(65_536)
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const place = assembler.place()
    const wanted = Math.min(sizes[turn % sizes.length]!, bytes.length - at)
    if (place) {
      const size = bytes.copy(place, 0, at, at + wanted)
      assembler.placed(size)
      at += size
    } else {
      const size = bytes.copy(common, 0, at, at + wanted)
      assembler.take(common, size, true)
      common.fill(0xee)
      at += size
    }
  }
}

describe('FrameAssembler', () => {
  it('gives the same frames for any sizes of frames and reads', () => {
    const size = fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 9000 }),
      fc.integer({ min: 0, max: 300_000 }),
    )
    const reads = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 65_536 })), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(fc.array(size, { maxLength: 12 }), reads, (sizes, cuts) => {
        const contents = sizes.map((length, index) => Buffer.alloc(length, index + 1))
        const { frames, assembler } = collect()
        const faster = cuts.every((cut) => cut === 1) ? [...cuts, 1000] : cuts
        feedLent(assembler, Buffer.concat(contents.map(framed)), faster)
        expect(frames.map(({ length }) => length)).toEqual(sizes)
        expect(frames.every((frame, index) => frame.equals(contents[index]!))).toBe(true)
        expect(assembler.partialBytes).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('delivers what is whole before a length that may not be', () => {
    const { frames, assembler } = collect(1000)
    const bytes = Buffer.concat([framed(Buffer.from('fine')), claim(1001)])
    expect(() => assembler.take(bytes, bytes.length, true)).toThrow(ProtocolViolation)
    expect(frames.map(String)).toEqual(['fine'])
  })

  it.each([
    ['negative', -1],
    ['too large', 1001],
    ['as large as can be', 0x7fffffff],
  ])('refuses a length that is %s, also when it comes byte by byte', (_name, size) => {
    const { assembler } = collect(1000)
    expect(() => assembler.take(claim(size), 4, true)).toThrow(ProtocolViolation)
    const other = collect(1000).assembler
    for (const byte of claim(size).subarray(0, 3)) other.take(Buffer.of(byte), 1, true)
    expect(() => other.take(claim(size).subarray(3), 1, true)).toThrow(ProtocolViolation)
  })

  it('makes no buffer for bytes that have not come', () => {
    const before = process.memoryUsage().arrayBuffers
    const arena = new Arena(new SlabPool())
    const all = Array.from({ length: 500 }, () => {
      const assembler = new FrameAssembler(100_000_000, arena, { isFull: false, frame: () => {} })
      assembler.take(claim(100_000_000), 4, true)
      assembler.take(Buffer.alloc(100), 100, true)
      return assembler
    })
    expect(all.every(({ partialBytes }) => partialBytes === 104)).toBe(true)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500 * 16 * 1024)
  })

  it('keeps whole frames as bytes while the sink is full, and their order with what follows', () => {
    const { frames, sink, assembler } = collect()
    const bytes = Buffer.concat(['a', 'b', 'c', 'd'].map((text) => framed(Buffer.from(text))))
    sink.isFull = true
    assembler.take(bytes, bytes.length - 1, true)
    expect([frames.length, assembler.hasBacklog, assembler.partialBytes]).toEqual([0, true, 4])
    assembler.goOn()
    expect(assembler.hasBacklog).toBe(true)
    sink.isFull = false
    assembler.goOn()
    expect(assembler.hasBacklog).toBe(false)
    assembler.take(bytes.subarray(-1), 1, true)
    expect(frames.map(String)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('numbers the frames that do not come whole', () => {
    const { assembler } = collect()
    const bytes = Buffer.concat([framed(Buffer.alloc(10)), framed(Buffer.alloc(10))])
    assembler.take(bytes, 20, true)
    const first = assembler.partialNumber
    expect(assembler.partialBytes).toBe(6)
    assembler.take(bytes.subarray(20), 8, true)
    expect(assembler.partialBytes).toBe(0)
    assembler.take(bytes, 2, true)
    expect(assembler.partialNumber).not.toBe(first)
  })
})

describe('frames in slabs', () => {
  const frameOf = (size: number, fill: string): Buffer => {
    const frame = Buffer.alloc(4 + size, fill)
    frame.writeInt32BE(size)
    return frame
  }

  it('are used again once nobody holds them, and not before', () => {
    const held: { frame: Buffer; slab: Slab }[] = []
    const assembler = new FrameAssembler(1_000_000, new Arena(new SlabPool()), {
      isFull: false,
      frame(frame, slab) {
        slab?.retain()
        if (slab) held.push({ frame, slab })
      },
    })
    const take = (bytes: Buffer): void => assembler.take(bytes, bytes.length, true)
    take(frameOf(40_000, 'a'))
    take(frameOf(40_000, 'b'))
    expect(held.map(({ frame }) => String.fromCharCode(frame[0]!, frame.at(-1)!))).toEqual([
      'aa',
      'bb',
    ])
    const [first, second] = held as [{ frame: Buffer; slab: Slab }, { frame: Buffer; slab: Slab }]
    first.slab.release()
    take(frameOf(40_000, 'c'))
    expect(held[2]!.slab).toBe(first.slab)
    expect(second.frame.every((byte) => byte === 0x62)).toBe(true)
  })

  it('of one read are released together, when the last of them is', () => {
    const slabs: Slab[] = []
    const pool = new SlabPool()
    const assembler = new FrameAssembler(1_000_000, new Arena(pool), {
      isFull: false,
      frame(_frame, slab) {
        slab!.retain()
        slabs.push(slab!)
      },
    })
    const both = Buffer.concat([frameOf(20_000, 'a'), frameOf(20_000, 'b')])
    assembler.take(both, both.length, true)
    expect(slabs[0]).toBe(slabs[1])
    slabs[0]!.release()
    expect(pool.take(both.length)).not.toBe(slabs[0])
    slabs[1]!.release()
    expect(pool.take(both.length)).toBe(slabs[0])
  })
})

describe('Arena', () => {
  it('gives small parts of common slabs, never the same bytes twice, and large ones their own', () => {
    const arena = new Arena(new SlabPool())
    const parts = Array.from({ length: 100 }, (_, index) => arena.take(1000).bytes.fill(index))
    expect(parts.every((part, index) => part.every((byte) => byte === index))).toBe(true)
    expect(new Set(parts.map(({ buffer }) => buffer)).size).toBe(2)
    const large = arena.take(100_000)
    expect(large.bytes.length).toBe(100_000)
    expect(large.slab?.bytes.buffer).toBe(large.bytes.buffer)
  })
})
