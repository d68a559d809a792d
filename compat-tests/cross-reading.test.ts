/**
 * Every client reads what every other wrote, in every codec: as it came, and in topics whose compression.type is another codec
 * than the producer's, so that what is read is what the broker wrote.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { kafkajs } from './harness/kafkajs-client.ts'
import {
  type Codec,
  CODECS,
  type RecordClient,
  recordClients,
  type Shape,
} from './harness/record-clients.ts'
import { storedCodecs } from './harness/stored-codecs.ts'

/** Text that no codec makes much smaller, the same in each run. */
function noise(length: number): string {
  let state = 1
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return String.fromCharCode(33 + ((state >>> 16) % 90))
  }).join('')
}

const RECORDS: Shape[] = [
  ...Array.from(
    { length: 40 },
    (_, i): Shape => ({ key: `spool-${i}`, value: `a spool of thread, ${i} yards`, headers: [] }),
  ),
  { key: null, value: 'no key', headers: [] },
  { key: 'empty', value: '', headers: [] },
  { key: 'ключ', value: 'значение 🧵', headers: [] },
  { key: 'compressible', value: 'x'.repeat(300_000), headers: [] },
  { key: 'large', value: noise(300_000), headers: [] },
  { key: 'gone', value: null, headers: [] },
  {
    key: 'headed',
    value: 'with headers',
    headers: [
      ['trace', 'abc'],
      ['trace', 'def'],
      ['empty', ''],
    ],
  },
  { key: 'headed and gone', value: null, headers: [['reason', 'ключ']] },
]

interface Written {
  topic: string
  writer: RecordClient
  /** What the producer sent. */
  codec: Codec
  /** What the topic's compression.type is; undefined for the producer's. */
  stored?: Codec
}

const after = (codec: Codec, codecs: readonly Codec[]): Codec =>
  codecs[(codecs.indexOf(codec) + 1) % codecs.length]!

const asTheyCame = recordClients.flatMap((writer) =>
  CODECS.map((codec): Written => ({ topic: `${writer.name}-${codec}`, writer, codec })),
)

const recompressed = recordClients.flatMap((writer) =>
  CODECS.map((stored): Written => {
    const others = writer.codecs.filter((codec) => codec !== stored)
    const codec = others[CODECS.indexOf(stored) % others.length] ?? after(stored, CODECS)
    return { topic: `${writer.name}-${codec}-kept-in-${stored}`, writer, codec, stored }
  }),
)

const all = [...asTheyCame, ...recompressed]
const canWrite = ({ writer, codec }: Written): boolean => writer.codecs.includes(codec)
const written = all.filter(canWrite)

describe('cross-reading', () => {
  let broker: BrokerProcess

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    const admin = kafkajs(broker.bootstrap).admin()
    await admin.connect()
    await admin.createTopics({
      topics: written.map(({ topic, stored }) => {
        const value = stored === 'none' ? 'uncompressed' : (stored ?? 'producer')
        return { topic, numPartitions: 1, configEntries: [{ name: 'compression.type', value }] }
      }),
    })
    await admin.disconnect()
  })
  afterAll(() => broker?.dispose())

  for (const client of recordClients) {
    it.skipIf(client.codecs.length === 0)(`${client.name} writes`, async () => {
      const own = written.filter(({ writer }) => writer === client)
      const batches = own.map(({ topic, codec }) => ({ topic, codec, records: RECORDS }))
      await client.write(broker.bootstrap, batches)
    })
  }

  describe.each(all)('$topic', (one) => {
    it.skipIf(!canWrite(one))('is stored as it should be', () => {
      const codecs = storedCodecs(broker, one.topic)
      if (one.stored) expect(codecs).toEqual(new Set([one.stored]))
      else expect(codecs).toContain(one.codec)
    })
  })

  describe.each(recordClients)('$name reads', (reader) => {
    const readable = written.filter(
      ({ codec, stored }) =>
        reader.codecs.includes(stored ?? codec) &&
        !(reader.isRefusedZstdTopics && stored === 'zstd'),
    )
    let seen: Record<string, Shape[]>

    beforeAll(async () => {
      if (readable.length > 0) {
        seen = await reader.read(
          broker.bootstrap,
          readable.map(({ topic }) => topic),
        )
      }
    })

    for (const one of all) {
      it.skipIf(!readable.includes(one))(one.topic, () => {
        expect(seen[one.topic]).toEqual(RECORDS)
      })
    }
  })
})
