/** Properties of the conversions between message sets and record batches, and what hostile bytes come to. */

import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildBatch, type RecordInput } from '../../../src/protocol/records/batch-builder.ts'
import { batchesOver } from '../../../src/protocol/records/batches-over.ts'
import { codecOf, type Compression, deflate } from '../../../src/protocol/records/compression.ts'
import {
  type DownConversionTerms,
  downConvert,
  type DownConverted,
} from '../../../src/protocol/records/down-conversion.ts'
import { GrowingBytes } from '../../../src/protocol/records/growing-bytes.ts'
import { writeMessage } from '../../../src/protocol/records/message.ts'
import {
  buildMessageSet,
  iterateMessages,
  type MessageRecord,
  messagesIn,
} from '../../../src/protocol/records/message-set.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import {
  type ProduceRules,
  type ValidatedBatch,
  validateProduced,
} from '../../../src/protocol/records/validate.ts'
import { noise } from './codec-inputs.ts'

const rules: ProduceRules = {
  topic: 't',
  maxMessageBytes: 1_048_588,
  maxInflatedRecordBytes: 2_147_483_639,
  segmentBytes: 1_073_741_824,
  compacted: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
  compression: 'producer',
}

/** Counts the turns that others had. */
function pausing(): { pause: () => Promise<void>; count: number } {
  const turns = { pause: () => Promise.resolve(void turns.count++), count: 0 }
  return turns
}

async function produced(
  set: Buffer,
  changes: Partial<ProduceRules> = {},
  { pause } = pausing(),
): Promise<ValidatedBatch> {
  const context = { version: 2, transactional: false, now: 1 }
  const one = validateProduced(set, 0, { ...rules, ...changes }, context)
  return typeof one === 'function' ? one(pause) : one
}

function converted(
  buffers: readonly Buffer[],
  terms: Partial<DownConversionTerms> = {},
  { pause } = pausing(),
): Promise<DownConverted> {
  const all = { magic: 1, firstOffset: 0, maxBytes: 1e9, tooLarge: 'whole', ...terms } as const
  return downConvert(buffers, all, pause)
}

const codecs = ['none', 'gzip', 'snappy', 'lz4'] as const
const field = fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)))
const time = fc.oneof(fc.constant(-1), fc.nat({ max: 2 ** 31 - 1 }))
const record: fc.Arbitrary<RecordInput & { offset: number }> = fc.record({
  key: field,
  value: field,
  timestamp: time,
  offset: fc.constant(0),
})
const records = fc
  .array(record, { minLength: 1, maxLength: 40 })
  .map((all) => all.map((one, offset) => ({ ...one, offset })))
const codec = fc.constantFrom(...codecs)
const magic = fc.constantFrom(0 as const, 1 as const)

const shown = ({ offset, timestamp, key, value }: MessageRecord): unknown[] => [
  ...[offset, timestamp, key?.toString('hex') ?? null, value?.toString('hex') ?? null],
]

describe('conversions', () => {
  it('keep offsets, keys, values and timestamps, up and down again', async () => {
    await fc.assert(
      fc.asyncProperty(records, codec, magic, async (all, compression, version) => {
        const set = buildMessageSet(all, { magic: version, compression })
        const { batch } = await produced(set)
        const expected = version === 1 ? all : all.map((one) => ({ ...one, timestamp: -1 }))
        expect([...iterateRecords(batch!)].map(shown)).toEqual(expected.map(shown))
        const { messages, nextOffset } = await converted([batch!.bytes], { magic: version })
        expect(nextOffset).toBe(all.length)
        expect([...iterateMessages(Buffer.concat(messages))].map(shown)).toEqual(
          expected.map(shown),
        )
      }),
    )
  })

  it('keep what can be kept of batches, wherever buffers end and a fetch begins', async () => {
    const batches = fc.array(fc.tuple(records, codec), { minLength: 1, maxLength: 4 })
    const cuts = fc.array(fc.nat({ max: 4000 }), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        batches,
        cuts,
        fc.nat({ max: 60 }),
        magic,
        async (all, at, first, version) => {
          let baseOffset = 0
          const made = all.map(([one, compression]) => {
            const shifted = one.map((r) => ({ ...r, offset: r.offset + baseOffset }))
            const headers = [{ key: 'h', value: null }]
            const batch = buildBatch(
              shifted.map((r) => ({ ...r, headers })),
              { baseOffset, compression },
            )
            baseOffset += one.length
            return { batch, shifted }
          })
          const log = Buffer.concat(made.map(({ batch }) => batch.bytes))
          const { messages } = await converted(split(log, at), {
            firstOffset: first,
            magic: version,
          })
          const found = [...iterateMessages(Buffer.concat(messages))]
          const wanted = made
            .flatMap(({ shifted }) => shifted)
            .filter(({ offset }) => offset >= first)
            .map((one) => (version === 1 ? one : { ...one, timestamp: -1 }))
          expect(found.filter(({ offset }) => offset >= first).map(shown)).toEqual(
            wanted.map(shown),
          )
        },
      ),
    )
  })

  it('come to their end in fetches of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        codec,
        fc.integer({ min: 1, max: 2000 }),
        async (all, one, most) => {
          const batch = buildBatch(all, { compression: one })
          const seen: MessageRecord[] = []
          for (let firstOffset = 0; firstOffset < all.length; ) {
            const { messages, size } = await converted([batch.bytes], {
              firstOffset,
              maxBytes: most,
            })
            const set = Buffer.concat(messages)
            expect(size).toBe(set.length)
            const fresh = [...iterateMessages(set)].filter(({ offset }) => offset >= firstOffset)
            if (size > most) expect([...messagesIn(set)]).toHaveLength(1)
            seen.push(...fresh)
            firstOffset = fresh.at(-1)!.offset + 1
          }
          expect(seen.map(shown)).toEqual(all.map(shown))
        },
      ),
    )
  })

  it('end when what they may cost is used up, and take one step all the same', async () => {
    const zeros = Array.from({ length: 8 }, () => ({ key: null, value: Buffer.alloc(1024 * 1024) }))
    const log = buildBatch(
      zeros.map((one) => ({ ...one, timestamp: 1 })),
      { compression: 'gzip' },
    )
    const offsetsFor = async (left: number, firstOffset = 0): Promise<number[]> => {
      const { messages } = await converted([log.bytes, log.bytes], {
        effort: { left },
        firstOffset,
      })
      return [...iterateMessages(Buffer.concat(messages))].map(({ offset }) => offset)
    }
    expect(await offsetsFor(2.5 * 1024 * 1024)).toEqual([0, 1, 2])
    expect(await offsetsFor(1, 6)).toEqual([6])
    expect(await offsetsFor(0, 7)).toEqual([7])
    expect(await offsetsFor(1e9)).toHaveLength(16)
  })

  it('end as soon as nobody wants them any more', async () => {
    const values = Array.from({ length: 40 }, () => Buffer.alloc(100_000))
    for (const compression of codecs) {
      const records = values.map((value) => ({ key: null, value, timestamp: 1 }))
      const { bytes } = buildBatch(records, { compression })
      const turns = pausing()
      const whole = await converted([bytes, bytes], {}, turns)
      expect(whole.size, compression).toBeGreaterThan(0)
      const few = pausing()
      const isWanted = (): boolean => few.count === 0
      const { nextOffset } = await converted([bytes, bytes], { isWanted }, few)
      expect(nextOffset, compression).toBeLessThan(40)
      expect(few.count, compression).toBeLessThan(turns.count / 4)
    }
  })

  it('let others have their turn', async () => {
    const all = Array.from({ length: 20_000 }, (_, offset) => ({
      ...{ offset, timestamp: offset, key: null, value: Buffer.from(String(offset)) },
    }))
    const most = { maxMessageBytes: 1e8 }
    for (const compression of codecs) {
      const up = pausing()
      const { batch } = await produced(buildMessageSet(all, { magic: 1, compression }), most, up)
      expect(up.count).toBeGreaterThan(2)
      const down = pausing()
      const { messages } = await converted([batch!.bytes], {}, down)
      expect(down.count).toBeGreaterThan(2)
      expect([...iterateMessages(Buffer.concat(messages))]).toHaveLength(all.length)
    }
  })
})

/** Bytes in several buffers, none of which ends inside a header, as a reading has them. */
function split(log: Buffer, at: readonly number[]): Buffer[] {
  const starts: number[] = []
  let position = 0
  for (const { sizeInBytes } of batchesOver([log])) {
    starts.push(position)
    position += sizeInBytes
  }
  const isInside = (cut: number): boolean => starts.some((start) => cut > start && cut < start + 61)
  const cuts = [...new Set(at)].filter((cut) => cut > 0 && cut < log.length && !isInside(cut))
  const bounds = [0, ...cuts.toSorted((one, other) => one - other), log.length]
  return bounds.slice(1).map((end, i) => log.subarray(bounds[i], end))
}

describe('hostile message sets', () => {
  const all: MessageRecord[] = Array.from({ length: 5 }, (_, offset) => ({
    ...{ offset, timestamp: 5, key: Buffer.from('k'), value: Buffer.from(`value ${offset}`) },
  }))

  /** A wrapper around any bytes, with right sizes and checksum. */
  function around(content: Buffer | null, compression: Compression, version: 0 | 1 = 1): Buffer {
    const out = new GrowingBytes()
    const attributes = codecOf(compression)
    writeMessage(out, version, { offset: 0, timestamp: 5, attributes, key: null, value: content })
    return out.take()
  }

  it.each(codecs)(
    'with any byte changed, or cut anywhere, are refused or read: %s',
    async (one) => {
      for (const version of [0, 1] as const) {
        const set = buildMessageSet(all, { magic: version, compression: one })
        // Those of one set are all as large.
        const size = [...messagesIn(set)][0]!.bytes.length
        for (let at = 0; at < set.length; at++) {
          const damaged = Buffer.from(set)
          damaged[at]! ^= 1 + (at % 255)
          const { batch, error } = await produced(damaged)
          expect((batch === undefined) !== (error === undefined)).toBe(true)
          // Offsets are given anew, and alone lie outside of the checksum.
          if (batch) expect(at % size).toBeLessThan(8)
          if (at > 0 && at % size === 0) continue
          expect(await produced(set.subarray(0, at))).toMatchObject({ error: 'INVALID_RECORD' })
        }
      }
    },
  )

  it.each(codecs.slice(1))(
    'with right checksums around any content are refused: %s',
    async (one) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
          for (const content of [Buffer.from(bytes), deflate(one, Buffer.from(bytes))]) {
            const { error } = await produced(around(content, one))
            expect(error).toMatch(/^(INVALID_RECORD|CORRUPT_MESSAGE|UNKNOWN_SERVER_ERROR)$/)
          }
        }),
      )
    },
  )

  it('that lie in one another are refused', async () => {
    let set = buildMessageSet(all, { magic: 1, compression: 'gzip' })
    for (let depth = 0; depth < 3; depth++) {
      set = around(deflate('gzip', set), 'gzip')
      expect(await produced(set)).toMatchObject({ error: 'INVALID_RECORD' })
    }
    const other = around(deflate('gzip', buildMessageSet(all, { magic: 0 })), 'gzip')
    expect(await produced(other)).toMatchObject({ error: 'INVALID_RECORD' })
    const batch = around(deflate('gzip', buildBatch(all).bytes), 'gzip')
    expect(await produced(batch)).toMatchObject({ error: 'INVALID_RECORD' })
    expect(await produced(around(null, 'gzip'))).toMatchObject({ error: 'INVALID_RECORD' })
    expect(await produced(around(deflate('gzip', Buffer.alloc(0)), 'gzip'))).toMatchObject({
      error: 'INVALID_RECORD',
    })
    const cut = deflate('gzip', buildMessageSet(all, { magic: 1 }).subarray(0, -1))
    expect(await produced(around(cut, 'gzip'))).toMatchObject({ error: 'INVALID_RECORD' })
  })

  it('that are bombs are refused before they take memory', async () => {
    const zeros = Buffer.alloc(16 * 1024 * 1024)
    const member = deflateRawSync(zeros)
    const header = Buffer.from('1f8b08000000000000ff', 'hex')
    const trailer = Buffer.alloc(8)
    trailer.writeUInt32LE(zeros.length, 4)
    const bomb = Buffer.concat([header, member, trailer])
    const wide = { maxMessageBytes: 1e9 }
    expect(await produced(around(bomb, 'gzip'), wide)).toMatchObject({
      error: expect.stringMatching(/CORRUPT_MESSAGE|UNKNOWN_SERVER_ERROR/),
    })
    // More than any request can bring, in one message that claims it.
    const claim = Buffer.alloc(12)
    claim.writeInt32BE(0x7fff_fff0, 8)
    const large = Buffer.concat([claim, Buffer.alloc(101 * 1024 * 1024)])
    const set = around(deflate('snappy', large), 'snappy')
    expect(await produced(set, wide)).toMatchObject({ error: 'MESSAGE_TOO_LARGE' })
  })

  it('of a large message are joined once', async () => {
    const value = noise(3_000_000)
    const message = { offset: 0, timestamp: 5, key: null, value }
    for (const one of codecs) {
      const set = buildMessageSet([message], { magic: 1, compression: one })
      const { batch } = await produced(set, { maxMessageBytes: 1e7 })
      const [only] = [...iterateRecords(batch!)]
      expect(only!.value!.equals(value)).toBe(true)
      const { messages } = await converted([batch!.bytes])
      const [found] = [...iterateMessages(Buffer.concat(messages))]
      expect(found!.value!.equals(value)).toBe(true)
    }
  })

  it('are not made of batches that are broken', async () => {
    const batch = buildBatch(all, { compression: 'gzip' }).bytes
    const broken = Buffer.from(batch)
    broken.fill(0xff, 70)
    expect(await converted([broken])).toMatchObject({ size: 0, error: 'UNKNOWN_SERVER_ERROR' })
    const few = Buffer.from(buildBatch(all).bytes)
    few.writeInt32BE(9, 57)
    expect(await converted([few])).toMatchObject({ size: 0, error: 'INVALID_RECORD' })
    const good = buildBatch(all).bytes
    const { error, nextOffset, size } = await converted([good, broken])
    expect({ error, nextOffset }).toEqual({ error: undefined, nextOffset: 5 })
    expect(size).toBeGreaterThan(0)
  })
})
