import { describe, expect, it } from 'vitest'
import { Reader } from '../../src/protocol/reader.ts'
import { Writer } from '../../src/protocol/writer.ts'

function hexOf(write: (writer: Writer) => void): string {
  const writer = new Writer()
  write(writer)
  const length = writer.length
  const whole = Buffer.concat(writer.finish())
  expect(whole.length).toBe(length)
  return whole.toString('hex')
}

describe('Writer', () => {
  it('writes int64 alike from numbers and bigints', () => {
    for (const value of [
      0,
      1,
      -1,
      4294967295,
      4294967296,
      -4294967296,
      -4294967297,
      2 ** 53 - 1,
      -(2 ** 53) + 1,
    ]) {
      expect(hexOf((w) => w.int64(value))).toBe(hexOf((w) => w.int64(BigInt(value))))
    }
    expect(hexOf((w) => w.int64(-(2n ** 63n)))).toBe('8000000000000000')
  })

  it.each<[string, (writer: Writer) => void]>([
    ['int8', (w) => w.int8(128)],
    ['int16', (w) => w.int16(-32769)],
    ['uint16', (w) => w.uint16(-1)],
    ['int32', (w) => w.int32(2 ** 31)],
    ['uint32', (w) => w.uint32(2 ** 32)],
    ['uvarint', (w) => w.uvarint(-1)],
    ['int64', (w) => w.int64(2 ** 53)],
    ['int64', (w) => w.int64(2n ** 63n)],
    ['int64', (w) => w.int64(0.5)],
    ['uuid', (w) => w.uuid('short')],
    ['uuid', (w) => w.uuid('!!!!!!!!!!!!!!!!!!!!!!')],
    ['string', (w) => w.string('x'.repeat(32_768))],
    ['string', (w) => w.compactString('é'.repeat(16_384))],
  ])('refuses what is no %s', (_type, write) => {
    expect(() => hexOf(write)).toThrow(TypeError)
  })

  it.each([
    '',
    'a',
    'é',
    'a'.repeat(24),
    'a'.repeat(25),
    `${'a'.repeat(23)}é`,
    '😀'.repeat(40),
    '\ud800',
  ])('writes the string "%s" in both forms', (text) => {
    const utf8 = Buffer.from(text)
    const length = utf8.length.toString(16).padStart(4, '0')
    expect(hexOf((w) => w.string(text))).toBe(length + utf8.toString('hex'))
    const reader = new Reader(
      Buffer.from(
        hexOf((w) => w.compactString(text)),
        'hex',
      ),
    )
    expect(reader.compactString()).toBe(utf8.toString())
    expect(reader.remaining).toBe(0)
  })

  it('borrows large records, copies small ones, and keeps their order', () => {
    const writer = new Writer()
    const small = Buffer.alloc(61, 1)
    const large = Buffer.alloc(2048, 2)
    const larger = Buffer.alloc(100_000, 3)
    writer.int8(7)
    writer.records([small, large, larger])
    writer.compactRecords(large)
    writer.int8(8)
    expect(writer.length).toBe(1 + 4 + 61 + 2048 + 100_000 + 2 + 2048 + 1)
    const pieces = writer.finish()
    expect(pieces.map(({ length }) => length)).toEqual([66, 2048, 100_000, 2, 2048, 1])
    expect(pieces[1]).toBe(large)
    expect(pieces[2]).toBe(larger)
    expect(pieces[4]).toBe(large)
    expect(pieces[0]!.readInt32BE(1)).toBe(61 + 2048 + 100_000)
    expect(pieces[3]!.toString('hex')).toBe('8110')
  })

  it('writes null records of both forms', () => {
    expect(hexOf((w) => w.nullableRecords(null))).toBe('ffffffff')
    expect(hexOf((w) => w.nullableCompactRecords(null))).toBe('00')
    expect(hexOf((w) => w.records([]))).toBe('00000000')
  })

  it('fills in the size of a frame, borrowed pieces included', () => {
    const writer = new Writer()
    writer.openFrame()
    writer.int32(1)
    writer.records(Buffer.alloc(5000))
    const pieces = writer.finish(true)
    expect(pieces[0]!.readInt32BE(0)).toBe(4 + 4 + 5000)
    expect(() => {
      const late = new Writer()
      late.int8(1)
      late.openFrame()
    }).toThrow(TypeError)
  })

  it.each([0, 1, 127, 128, 129, 16_383, 16_384, 70_000])(
    'puts the size before a tagged field of %i bytes',
    (size) => {
      const content = Buffer.from(Array.from({ length: size }, (_, index) => index & 0xff))
      const writer = new Writer()
      writer.int8(5)
      const opened = writer.openTag(3)
      writer.raw(content)
      writer.closeTag(opened)
      writer.int8(6)
      const reader = new Reader(Buffer.concat(writer.finish()))
      expect([reader.int8(), reader.uvarint()]).toEqual([5, 3])
      const end = reader.tagEnd()
      expect(end - reader.position).toBe(size)
      expect(reader.buffer.subarray(reader.position, end).equals(content)).toBe(true)
      reader.position = end
      expect(reader.int8()).toBe(6)
    },
  )

  it('grows beyond a slab', () => {
    const writer = new Writer()
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) & 0xff))
    for (let at = 0; at < content.length; at += 1000) writer.raw(content.subarray(at, at + 1000))
    expect(Buffer.concat(writer.finish()).equals(content)).toBe(true)
  })

  it('never writes to what it has handed out', () => {
    const given: [Buffer, string][] = []
    for (let round = 0; round < 5000; round++) {
      const writer = new Writer()
      const other = new Writer()
      writer.string(`round ${round}`)
      other.int32(round)
      if (round % 3 === 0)
        given.push([other.copy(), Buffer.from([0, 0, round >> 8, round & 0xff]).toString('hex')])
      const [piece] = writer.finish()
      given.push([piece!, piece!.toString('hex')])
    }
    for (const [piece, hex] of given) expect(piece.toString('hex')).toBe(hex)
  })

  it('copies into memory of its own', () => {
    const writer = new Writer()
    writer.int32(1)
    writer.records(Buffer.alloc(3000, 9))
    const copy = writer.copy()
    expect(copy.length).toBe(3008)
    expect(copy.buffer.byteLength).toBe(3008)
    expect(copy.subarray(8).equals(Buffer.alloc(3000, 9))).toBe(true)
  })
})
