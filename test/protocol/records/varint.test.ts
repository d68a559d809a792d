import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidRecord } from '../../../src/protocol/records/invalid-record.ts'
import { VarintReader, varintSize, writeVarint } from '../../../src/protocol/records/varint.ts'

function encode(value: number): Buffer {
  const bytes = Buffer.alloc(10)
  return bytes.subarray(0, writeVarint(bytes, 0, value))
}

function read(hex: string): VarintReader {
  return new VarintReader(Buffer.from(hex, 'hex'))
}

describe('varints', () => {
  it.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [63, '7e'],
    [-64, '7f'],
    [64, '8001'],
    [8191, 'fe7f'],
    [8192, '808001'],
    [2147483647, 'feffffff0f'],
    [-2147483648, 'ffffffff0f'],
    [100_000_000_000, '80a0b787e905'],
    [Number.MAX_SAFE_INTEGER, 'feffffffffffff1f'],
    [Number.MIN_SAFE_INTEGER, 'fdffffffffffff1f'],
  ])('writes and reads %i as %s', (value, hex) => {
    expect(encode(value).toString('hex')).toBe(hex)
    expect(varintSize(value)).toBe(hex.length / 2)
    expect(read(hex).varlong()).toBe(value)
    if (value === (value | 0)) expect(read(hex).varint()).toBe(value)
  })

  it('reads what it writes, for every int32 and every safe integer', () => {
    fc.assert(
      fc.property(fc.integer(), fc.maxSafeInteger(), (int, long) => {
        const reader = new VarintReader(Buffer.concat([encode(int), encode(long), encode(int)]))
        expect(reader.varint()).toBe(int)
        expect(reader.varlong()).toBe(long)
        expect(reader.varlong()).toBe(int)
        expect(reader.position).toBe(reader.end)
        expect(varintSize(long)).toBe(encode(long).length)
      }),
    )
  })

  it('reads the extremes of int64 as the nearest doubles', () => {
    expect(read('feffffffffffffffff01').varlong()).toBe(2 ** 63)
    expect(read('ffffffffffffffffff01').varlong()).toBe(-(2 ** 63))
  })

  it('reads padded forms as Kafka does', () => {
    expect(read('8c00').varint()).toBe(6)
    expect(read('8c808000').varint()).toBe(6)
    expect(read('8c80808000').varlong()).toBe(6)
  })

  it('drops the bits beyond int32 and int64', () => {
    expect(read('feffffff7f').varint()).toBe(2147483647)
    expect(read('feffffffffffffffff7f').varlong()).toBe(2 ** 63)
  })

  it('refuses more than five or ten bytes with the error that Kafka has for them', () => {
    const refusal = expect.objectContaining({
      name: 'InvalidRecord',
      error: 'UNKNOWN_SERVER_ERROR',
    })
    expect(() => read('808080808001').varint()).toThrow(refusal)
    expect(() => read('8080808080808080808001').varlong()).toThrow(refusal)
  })

  it('does not read past its end', () => {
    const bytes = Buffer.from('8080808001', 'hex')
    for (let end = 0; end < bytes.length; end++) {
      expect(() => new VarintReader(bytes, 0, end).varint()).toThrow(InvalidRecord)
      expect(() => new VarintReader(bytes, 0, end).varlong()).toThrow(InvalidRecord)
    }
    expect(new VarintReader(bytes, 0, 5).varint()).toBe(2 ** 27)
  })
})
