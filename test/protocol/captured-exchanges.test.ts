import { deepStrictEqual } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { codecOf } from '../../src/protocol/compile.ts'
import { requestFrame, responseFrame } from '../../src/protocol/frame.ts'
import { layoutOf } from '../../src/protocol/layout.ts'
import type { Reader } from '../../src/protocol/reader.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { BatchView, hasRightChecksum } from '../../src/protocol/records/batch-view.ts'
import { buildBatch } from '../../src/protocol/records/batch-builder.ts'
import { iterateRecords } from '../../src/protocol/records/record-iterator.ts'
import { report } from '../report.ts'
import {
  apiOf,
  type CapturedBatch,
  capturedBatches,
  capturedExchanges,
  type Exchange,
  openRequest,
  openResponse,
} from './captured-exchanges.ts'
import { expected, type Struct } from './stated-values.ts'

/** The same value with zeros for records: what is stated of them is their size. */
function withBlankRecords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBlankRecords)
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  const fields = Object.entries(value).map(([name, part]) => {
    if (name === 'records' && Buffer.isBuffer(part)) return [name, Buffer.alloc(part.length)]
    return [name, withBlankRecords(part)]
  })
  return Object.fromEntries(fields) as unknown
}

function decoded(message: Message, version: number, body: Reader, stated: Struct): Struct {
  const value = codecOf(message, version).decode(body) as Struct
  expect(body.remaining).toBe(0)
  deepStrictEqual(withBlankRecords(value), expected(layoutOf(message, version), stated))
  return value
}

const exchanges = capturedExchanges()
const titled = exchanges.map(
  (exchange) =>
    [`${exchange.client} ${apiOf(exchange).name} v${exchange.version}`, exchange] as const,
)

describe('captured exchanges', () => {
  it.each(titled)('%s', (_title, exchange: Exchange) => {
    const api = apiOf(exchange)
    const { version } = exchange
    const { header, body } = openRequest(exchange)
    expect(header).toMatchObject({ apiKey: api.key, apiVersion: version })
    const request = decoded(api.request, version, body, exchange.requestValue!)
    const asked = requestFrame(api, version, header, request)
    expect(Buffer.concat(asked).toString('hex')).toBe(exchange.request)

    if (exchange.response === null) return
    const { correlationId, body: answer } = openResponse(exchange)
    expect(correlationId).toBe(header.correlationId)
    const response = decoded(api.response, version, answer, exchange.responseValue!)
    const answered = responseFrame(api, version, correlationId, response)
    expect(Buffer.concat(answered).toString('hex')).toBe(exchange.response)
  })

  it('are of four clients and many APIs', () => {
    expect([...new Set(exchanges.map(({ client }) => client))].toSorted()).toEqual([
      'franz-go',
      'java',
      'kafkajs',
      'kcat',
    ])
    const keys = new Set(exchanges.map(({ api }) => api))
    const answered = exchanges.filter(({ response }) => response !== null)
    expect(keys.size).toBeGreaterThanOrEqual(32)
    expect(answered.length).toBeGreaterThanOrEqual(90)
    report(
      `captured from real clients: ${exchanges.length} exchanges of ${keys.size} APIs, both ways`,
    )
  })
})

describe('captured batches', () => {
  const batches = capturedBatches()

  it.each(batches.map((batch) => [`${batch.client} ${batch.compression}`, batch] as const))(
    '%s',
    (_title, { compression, hex, records }: CapturedBatch) => {
      const bytes = Buffer.from(hex, 'hex')
      const batch = new BatchView(bytes)
      expect(batch.sizeInBytes).toBe(bytes.length)
      expect(hasRightChecksum(bytes)).toBe(true)
      expect(batch.compression).toBe(compression)
      const seen = [...iterateRecords(batch)]
      expect(seen.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
      const texts = seen.map(({ timestamp, key, value, headers }, index) => ({
        ...(records[index]!.timestamp === undefined ? {} : { timestamp }),
        key: key?.toString() ?? null,
        value: value?.toString() ?? null,
        headers: headers.map((header) => [header.key, header.value?.toString()]),
      }))
      expect(texts).toEqual(records)
      if (compression !== 'none') return
      // Compressed bytes are one of many valid forms; plain ones have a single form.
      const { producerId, producerEpoch, baseSequence, partitionLeaderEpoch: leaderEpoch } = batch
      const rebuilt = buildBatch(seen, { producerId, producerEpoch, baseSequence, leaderEpoch })
      expect(rebuilt.bytes.toString('hex')).toBe(hex)
    },
  )

  it('are of every codec', () => {
    const codecs = new Set(batches.map(({ compression }) => compression))
    expect([...codecs].toSorted()).toEqual(['gzip', 'lz4', 'none', 'snappy', 'zstd'])
  })
})
