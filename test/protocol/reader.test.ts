import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { Reader } from '../../src/protocol/reader.ts'

const over = (hex: string): Reader => new Reader(Buffer.from(hex, 'hex'))

describe('Reader', () => {
  it('reads numbers, highest byte first', () => {
    const reader = over(`80${'8000'}8000${'80000000'}ffffffff${'8000000000000000'}3ff8000000000000`)
    expect(reader.int8()).toBe(-128)
    expect(reader.int16()).toBe(-32768)
    expect(reader.uint16()).toBe(32768)
    expect(reader.int32()).toBe(-2147483648)
    expect(reader.uint32()).toBe(4294967295)
    expect(reader.int64()).toBe(-(2n ** 63n))
    expect(reader.float64()).toBe(1.5)
    expect(reader.remaining).toBe(0)
  })

  it('reads any byte but 0 as true', () => {
    const reader = over('000102ff')
    expect([reader.bool(), reader.bool(), reader.bool(), reader.bool()]).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  it.each([
    ['00', 0],
    ['7f', 127],
    ['8001', 128],
    ['ffffffff0f', 4294967295],
    ['80808000', 0],
  ])('reads the uvarint %s as %i', (hex, value) => {
    expect(over(hex).uvarint()).toBe(value)
  })

  it.each(['ffffffff1f', '808080808000', 'ffffffffff01', '80', ''])(
    'refuses the uvarint "%s"',
    (hex) => {
      expect(() => over(hex).uvarint()).toThrow(ProtocolViolation)
    },
  )

  it('reads strings of both forms, and tells null from empty', () => {
    expect(over('0003c3a961').string()).toBe('éa')
    expect(over('04c3a961').compactString()).toBe('éa')
    expect(over('0000').string()).toBe('')
    expect(over('01').compactString()).toBe('')
    expect(over('ffff').nullableString()).toBeNull()
    expect(over('00').nullableCompactString()).toBeNull()
  })

  it('refuses null, negative and overlong strings', () => {
    expect(() => over('ffff').string()).toThrow('null string')
    expect(() => over('00').compactString()).toThrow('null string')
    expect(() => over('fffe').nullableString()).toThrow(ProtocolViolation)
    expect(() => over('000361').string()).toThrow(ProtocolViolation)
    const long = Buffer.concat([Buffer.from('818002', 'hex'), Buffer.alloc(40_000)])
    expect(() => new Reader(long).compactString()).toThrow('claims 32768 bytes')
  })

  it('gives bytes as slices', () => {
    const buffer = Buffer.from('00000002abcd', 'hex')
    const slice = new Reader(buffer).bytes()
    buffer[4] = 0
    expect(slice.toString('hex')).toBe('00cd')
  })

  it('never looks past its end', () => {
    const buffer = Buffer.from('0102030405', 'hex')
    const reader = new Reader(buffer, 1, 3)
    expect(reader.remaining).toBe(2)
    expect(() => reader.int32()).toThrow('4 bytes are wanted at byte 1, and 2 are left.')
    expect(reader.int16()).toBe(0x0203)
    expect(() => reader.int8()).toThrow(ProtocolViolation)
    expect(() => new Reader(buffer, 4, 6)).toThrow(RangeError)
  })

  it('reads a uuid as text', () => {
    expect(over('e4f7fe2b6e4889436a0c49a0b2f82b41').uuid()).toBe('5Pf-K25IiUNqDEmgsvgrQQ')
  })

  it('knows whether a struct is there', () => {
    expect(over('01').presence()).toBe(true)
    expect(over('ff').presence()).toBe(false)
    expect(() => over('00').presence()).toThrow(ProtocolViolation)
    expect(over('01').taggedPresence()).toBe(true)
    expect(over('00').taggedPresence()).toBe(false)
    expect(() => over('02').taggedPresence()).toThrow(ProtocolViolation)
  })

  it('skips tags, and refuses those that are longer than the frame', () => {
    const reader = over('0200026162 6301ff 2a'.replaceAll(' ', ''))
    reader.skipTags()
    expect(reader.int8()).toBe(42)
    expect(() => over('010003616200').skipTags()).not.toThrow()
    expect(() => over('0100036162').skipTags()).toThrow(ProtocolViolation)
    expect(() => over('05').skipTags()).toThrow('5 tagged fields')
  })
})
