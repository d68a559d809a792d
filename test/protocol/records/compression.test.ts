import { deflateRawSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Compression,
  codecOf,
  compressionOf,
  deflate,
  deflateLater,
  deflatesQuickly,
  inflate,
  inflatePieces,
  inflateQuickly,
  inflateWhileQuick,
} from '../../../src/protocol/records/compression.ts'
import type { InvalidRecord } from '../../../src/protocol/records/invalid-record.ts'

const text = Buffer.from('a spool of thread, '.repeat(50))
const noPause = (): Promise<void> => Promise.resolve()
const refused = (error: string): unknown =>
  expect.objectContaining({ name: 'InvalidRecord', error })

/** Members, blocks or frames of one byte each. */
function inManyParts(codec: 'gzip' | 'snappy' | 'lz4' | 'zstd', count: number): Buffer {
  const part = deflate(codec, Buffer.from('a'))
  const [head, end] = { gzip: [0, 0], zstd: [0, 0], snappy: [16, 0], lz4: [7, 4] }[codec] as [
    number,
    number,
  ]
  const repeated = Array<Buffer>(count).fill(part.subarray(head, part.length - end))
  return Buffer.concat([part.subarray(0, head), ...repeated, part.subarray(part.length - end)])
}

/** All that comes in pieces. */
async function gathered(bytes: Buffer, limit?: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of inflatePieces('gzip', bytes, noPause, limit)) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('codecs', () => {
  it('have the numbers of the attributes', () => {
    const all: Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    expect(all.map(codecOf)).toEqual([0, 1, 2, 3, 4])
    expect([0, 1, 2, 3, 4].map(compressionOf)).toEqual(all)
    expect(compressionOf(0xf9)).toBe('gzip')
    for (const codec of [5, 6, 7]) {
      expect(() => compressionOf(codec)).toThrow(refused('UNKNOWN_SERVER_ERROR'))
    }
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('open what they close: %s', async (codec) => {
    const large = Buffer.alloc(3_000_000, 'thread')
    for (const bytes of [text, large]) {
      const compressed = deflate(codec, bytes)
      expect(inflate(codec, compressed).equals(bytes)).toBe(true)
      expect(inflateQuickly(codec, compressed)).toEqual(bytes === text ? text : undefined)
      const pieces: Buffer[] = []
      for await (const piece of inflatePieces(codec, compressed, noPause)) pieces.push(piece)
      expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
      expect(await deflateLater(codec, bytes, undefined, noPause)).toEqual(compressed)
    }
    expect(() => inflate(codec, deflate(codec, large), 2_999_999)).toThrow(
      refused('MESSAGE_TOO_LARGE'),
    )
    expect(() => inflate(codec, text)).toThrow(refused('UNKNOWN_SERVER_ERROR'))
  })

  it.each(['snappy', 'lz4'] as const)(
    'that work here let others have their turn: %s',
    async (codec) => {
      let pauses = 0
      const pause = (): Promise<void> => {
        pauses++
        return Promise.resolve()
      }
      const compressed = deflate(codec, Buffer.alloc(3_000_000))
      for await (const piece of inflatePieces(codec, compressed, pause)) {
        expect(piece.length).toBeLessThanOrEqual(64 * 1024)
      }
      expect(pauses).toBe(5)
    },
  )

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'count the parts that hold next to nothing, too: %s',
    async (codec) => {
      let pauses = 0
      const pause = (): Promise<void> => {
        pauses++
        return Promise.resolve()
      }
      const bytes = inManyParts(codec, 1000)
      expect(inflateQuickly(codec, bytes)).toBeUndefined()
      expect(inflateWhileQuick(codec, bytes)).toBeUndefined()
      const pieces: Buffer[] = []
      for await (const piece of inflatePieces(codec, bytes, pause)) pieces.push(piece)
      expect(Buffer.concat(pieces).toString()).toBe('a'.repeat(1000))
      expect(pauses).toBe(7)
      expect(inflateQuickly(codec, inManyParts(codec, 100))?.toString()).toBe('a'.repeat(100))
    },
  )

  it('compress as hard as they are told', () => {
    const bytes = Buffer.from(
      Array.from({ length: 5000 }, (_, i) => `{"id":${i},"at":${(i * i) % 1009}}`).join(' '),
    )
    const sizeAt = (codec: 'gzip' | 'zstd', level: number): number =>
      deflate(codec, bytes, { [codec]: level }).length
    expect(sizeAt('gzip', 9)).toBeLessThan(sizeAt('gzip', 1))
    expect(sizeAt('zstd', 19)).toBeLessThan(sizeAt('zstd', -20))
    expect(deflate('gzip', bytes)).toHaveLength(sizeAt('gzip', 6))
    expect(deflate('zstd', bytes)).toHaveLength(sizeAt('zstd', 3))
  })
})

describe('gzip', () => {
  it('opens what it closes', async () => {
    const big = Buffer.alloc(3_000_000, 'thread')
    for (const bytes of [Buffer.alloc(0), text, big]) {
      expect(inflate('gzip', deflate('gzip', bytes)).equals(bytes)).toBe(true)
      const compressed = await deflateLater('gzip', bytes, undefined, noPause)
      expect((await gathered(compressed)).equals(bytes)).toBe(true)
    }
  })

  it('is opened and closed at once when that is quick', () => {
    expect(inflateQuickly('gzip', gzipSync(text))).toEqual(text)
    expect(inflateQuickly('gzip', gzipSync(Buffer.alloc(600_000)))).toBeUndefined()
    expect(deflatesQuickly('gzip', text.length)).toBe(true)
    expect(deflatesQuickly('gzip', 70_000)).toBe(false)
  })

  it('comes in pieces that are small, and asks for one only when the last is taken', async () => {
    const large = Buffer.alloc(8_000_000, 'thread')
    let most = 0
    let size = 0
    for await (const piece of inflatePieces('gzip', gzipSync(large), noPause)) {
      most = Math.max(most, piece.length)
      size += piece.length
    }
    expect(size).toBe(large.length)
    expect(most).toBeLessThanOrEqual(64 * 1024)
  })

  it.each([
    ['zeros', Buffer.alloc(5)],
    ['text', Buffer.from('garbage that is no gzip')],
    ['the beginning of a gzip', gzipSync(text).subarray(0, 6)],
  ])('accepts %s after the stream, as Kafka does', async (_name, garbage) => {
    const bytes = Buffer.concat([gzipSync(text), garbage])
    expect(inflate('gzip', bytes)).toEqual(text)
    expect(await gathered(bytes)).toEqual(text)
  })

  it('reads the streams that follow one another', async () => {
    const bytes = Buffer.concat([gzipSync('one '), gzipSync('two '), gzipSync('three')])
    expect(inflate('gzip', bytes).toString()).toBe('one two three')
    expect((await gathered(bytes)).toString()).toBe('one two three')
  })

  it('skips the optional fields of a header', () => {
    const [head, , trailer] = [gzipSync(text).subarray(0, 10), null, gzipSync(text).subarray(-8)]
    const withAll = Buffer.from(head)
    withAll[3] = 0x1e
    const fields = Buffer.from('\u0003\0abc' + 'name\0' + 'comment\0' + 'cc', 'latin1')
    const bytes = Buffer.concat([withAll, fields, deflateRawSync(text), trailer])
    expect(inflate('gzip', bytes)).toEqual(text)
  })

  it('refuses what is none, is cut off or changed, with the error that Kafka has for them', async () => {
    const good = gzipSync(text)
    const wrongChecksum = Buffer.from(good)
    wrongChecksum[good.length - 8]! ^= 1
    const wrongSize = Buffer.from(good)
    wrongSize[good.length - 4]! ^= 1
    const broken = Buffer.from(good)
    broken.fill(0xff, 12, 20)
    for (const bytes of [text, Buffer.alloc(0), wrongChecksum, wrongSize, broken]) {
      expect(() => inflate('gzip', bytes)).toThrow(refused('UNKNOWN_SERVER_ERROR'))
      await expect(gathered(bytes)).rejects.toThrow(refused('UNKNOWN_SERVER_ERROR'))
    }
    for (let length = 0; length < good.length; length++) {
      const cut = good.subarray(0, length)
      expect(() => inflate('gzip', cut)).toThrow(refused('UNKNOWN_SERVER_ERROR'))
      await expect(gathered(cut)).rejects.toThrow(refused('UNKNOWN_SERVER_ERROR'))
    }
    const large = gzipSync(Buffer.alloc(1_000_000)).fill(0xff, 100, 200)
    await expect(gathered(large)).rejects.toThrow(refused('UNKNOWN_SERVER_ERROR'))
  })

  it('gives a bomb no memory', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const limit = 1024 * 1024
    expect(bomb.length).toBeLessThan(70_000)
    expect(() => inflate('gzip', bomb, limit)).toThrow(refused('MESSAGE_TOO_LARGE'))
    await expect(gathered(bomb, limit)).rejects.toThrow(refused('MESSAGE_TOO_LARGE'))
    // One that says it is small takes the other way all the same.
    const liar = Buffer.from(bomb)
    liar.writeUInt32LE(10, liar.length - 4)
    expect(inflateQuickly('gzip', liar)).toBeUndefined()
    const many = Buffer.concat([gzipSync(Buffer.alloc(900)), gzipSync(Buffer.alloc(900))])
    expect(() => inflate('gzip', many, 1000)).toThrow(refused('MESSAGE_TOO_LARGE'))
    await expect(gathered(many, 1000)).rejects.toThrow(refused('MESSAGE_TOO_LARGE'))
    expect(inflate('gzip', many, 1800)).toHaveLength(1800)
    expect(await gathered(many, 1800)).toHaveLength(1800)
  })

  it('gives any bytes an outcome', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.nat(80), async (noise, at) => {
        const bytes = Buffer.concat([gzipSync(text), gzipSync(text)])
        bytes.set(noise.subarray(0, bytes.length - at), at)
        try {
          const plain = inflate('gzip', bytes)
          expect(await gathered(bytes)).toEqual(plain)
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidRecord' })
          await expect(gathered(bytes)).rejects.toThrow(refused((error as InvalidRecord).error))
        }
      }),
    )
  })
})
