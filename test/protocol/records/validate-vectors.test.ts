import { describe, expect, it } from 'vitest'
import { errorCodeOf } from '../../../src/protocol/errors.ts'
import {
  BatchView,
  batchesIn,
  setOffsetAndEpoch,
} from '../../../src/protocol/records/batch-view.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import {
  type ProduceRules,
  type ValidatedBatch,
  validateProduced,
} from '../../../src/protocol/records/validate.ts'
import { report } from '../../report.ts'
import {
  type AppendVector,
  hasVectors,
  type InvalidVector,
  type ProducedVector,
  vectors,
} from './vectors.ts'

const now = 1700000555555
const rules: ProduceRules = {
  topic: 't',
  maxMessageBytes: 1_048_588,
  maxInflatedRecordBytes: 2_147_483_639,
  segmentBytes: 1_073_741_824,
  compacted: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  compression: 'producer',
}

async function validated(...given: Parameters<typeof validateProduced>): Promise<ValidatedBatch> {
  const one = validateProduced(...given)
  return typeof one === 'function' ? one(() => Promise.resolve()) : one
}

/** Kafka stores wrong offset deltas of an uncompressed batch as sent; here they are INVALID_RECORD. */
const refusedHere = ['offset-delta-gap', 'offset-delta-repeated', 'offset-delta-negative']

describe.skipIf(!hasVectors)('what a Kafka 4.4 broker answered', () => {
  const batches = new Map(vectors<InvalidVector>('invalid').map((vector) => [vector.name, vector]))
  const answers = vectors<ProducedVector>('invalid-produced').filter(
    // Kafka never answers null records.
    ({ name }) => name !== 'null-records',
  )

  it('is judged whole', () => {
    expect(answers).toHaveLength(75)
    report(
      `golden answers: ${answers.length} faulty batches judged as a Kafka broker did, ${refusedHere.length} of them more strictly`,
    )
  })

  it.each(answers)('$name', async (answer) => {
    const result = await validated(
      Buffer.from(batches.get(answer.name)!.hex, 'hex'),
      0,
      { ...rules, compacted: answer.name === 'null-key-compacted' },
      { version: answer.produceVersion, transactional: false, now },
    )
    const expected = refusedHere.includes(answer.name) ? 87 : answer.errorCode
    expect(result.error === undefined ? 0 : errorCodeOf(result.error)).toBe(expected)
    if (result.error === undefined) return
    expect(result.message !== null).toBe(answer.errorMessage)
    expect(result.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual(answer.recordErrors)
  })

  it('to zstd below version 7', async () => {
    const [vector] = vectors<AppendVector>('append').filter(({ name }) => name === 'keep-zstd')
    const context = { version: 6, transactional: false, now }
    const result = await validated(Buffer.from(vector!.hex, 'hex'), 0, rules, context)
    expect(result).toMatchObject({ error: 'UNSUPPORTED_COMPRESSION_TYPE' })
  })
})

describe.skipIf(!hasVectors)('what a Kafka 4.4 leader stored', () => {
  const all = vectors<AppendVector>('append')
  const refused = ['base-offset-given', 'offset-delta-gap', 'offset-delta-gap-recompressed']
  const claimed = all.filter(({ name }) => name === 'log-append-time-from-client')
  const compared = all.filter(
    (vector) => !claimed.includes(vector) && !refused.includes(vector.name),
  )
  it.each(compared)('$name', async (vector) => {
    const { batch } = await validated(
      Buffer.from(vector.hex, 'hex'),
      0,
      { ...rules, timestampType: vector.topicTimestampType, compression: vector.topicCompression },
      { version: 12, transactional: true, now: Number(vector.now) },
    )
    const { bytes } = batch!
    const stored = Buffer.from(bytes)
    setOffsetAndEpoch(stored, 0, Number(vector.nextOffset), vector.leaderEpoch)
    if (!vector.name.startsWith('recompress-')) {
      expect(stored.toString('hex')).toBe(vector.stored)
      return
    }
    // Compressed bytes are one of many valid forms.
    const expected = new BatchView(Buffer.from(vector.stored, 'hex'))
    expect([...iterateRecords(new BatchView(stored))]).toEqual([...iterateRecords(expected)])
    expect(stored.subarray(21, 61)).toEqual(expected.bytes.subarray(21, 61))
  })

  it.each(claimed)('$name, but for the maximum timestamp', async ({ hex, stored }) => {
    // Kafka clears the bit and keeps the timestamp that came with it, which no record has.
    const context = { version: 12, transactional: false, now }
    const { batch } = await validated(Buffer.from(hex, 'hex'), 0, rules, context)
    expect(batch!.attributes).toBe(new BatchView(Buffer.from(stored, 'hex')).attributes)
    const timestamps = [...iterateRecords(batch!)].map(({ timestamp }) => timestamp)
    expect(batch!.maxTimestamp).toBe(Math.max(...timestamps))
  })

  it.each(all.filter(({ name }) => refused.includes(name)))(
    '$name is refused here',
    async ({ hex, topicCompression }) => {
      const context = { version: 12, transactional: false, now }
      const given = { ...rules, compression: topicCompression }
      const result = await validated(Buffer.from(hex, 'hex'), 0, given, context)
      expect(result).toMatchObject({ error: 'INVALID_RECORD' })
    },
  )

  it('opens again', () => {
    report(`golden appends: ${compared.length} batches stored as a Kafka leader stored them`)
    for (const { stored } of compared) {
      for (const batch of batchesIn(Buffer.from(stored, 'hex'))) {
        expect([...iterateRecords(batch)]).not.toEqual([])
      }
    }
  })
})
