/** The same log cleaned by Kafka's own cleaner and by ours, and ours read by Kafka's dump tool. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { type BatchOptions, buildBatch } from '../src/protocol/records/batch-builder.ts'
import { batchesIn, type BatchView } from '../src/protocol/records/batch-view.ts'
import type { Compression } from '../src/protocol/records/compression.ts'
import { buildMarker } from '../src/protocol/records/control-records.ts'
import { iterateRecords } from '../src/protocol/records/record-iterator.ts'
import { seededRandom } from '../src/random.ts'
import { type Compaction, defaultLogConfig, logId, type LogSpec } from '../src/storage/engine.ts'
import { type FileEngine, openFileEngine } from '../src/storage/file/file-engine.ts'
import { NodeDisk } from '../src/storage/file/node-disk.ts'
import { freePort } from './harness/broker-process.ts'
import { kafkajs, until } from './harness/kafkajs-client.ts'
import { dumpOf } from './harness/log-dump.ts'
import { hasOracles, oracles, run } from './harness/programs.ts'

const TOPIC_ID = 'parity00000000000000AA'
const ID = logId(TOPIC_ID, 0)
const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CHECKPOINT = 'cleaner-offset-checkpoint'

function specOf(segmentBytes: number): LogSpec {
  const cleanupPolicy = { delete: false, compact: true }
  const config = { ...defaultLogConfig, segmentBytes, cleanupPolicy, indexIntervalBytes: 200 }
  return { topic: 'parity', topicId: TOPIC_ID, partitionIndex: 0, config }
}

/** Keyed records of all codecs, tombstones, producers with sequences, and transactions of both ends. */
async function fill(engine: FileEngine): Promise<void> {
  const random = seededRandom(17)
  const now = Date.now()
  const sequences = new Map<number, number>()
  const put = async (count: number, options: BatchOptions = {}): Promise<void> => {
    const records = Array.from({ length: count }, () => ({
      key: Buffer.from(`key ${random.below(25)}`),
      value: random.below(6) === 0 ? null : Buffer.from(`${random.below(1e9)}`.padEnd(40)),
      timestamp: now - random.below(1000),
    }))
    const { producerId = -1 } = options
    const baseSequence = producerId < 0 ? -1 : (sequences.get(producerId) ?? 0)
    if (producerId >= 0) sequences.set(producerId, baseSequence + count)
    const producerEpoch = producerId < 0 ? -1 : 0
    const batch = buildBatch(records, { ...options, producerEpoch, baseSequence })
    const [outcome] = await engine.append([{ log: ID, batch }])
    expect(outcome).toMatchObject({ kind: 'appended' })
  }
  const end = async (producerId: number): Promise<void> => {
    const type = random.below(2) === 0 ? 'ABORT' : 'COMMIT'
    const batch = buildMarker({
      type,
      producerId,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      timestamp: now,
    })
    await engine.append([{ log: ID, batch }])
  }
  for (let i = 0; i < 120; i++) {
    const compression = CODECS[random.below(CODECS.length)]!
    const dice = random.below(5)
    if (dice < 2) await put(1 + random.below(5), { compression })
    else if (dice < 3) await put(1 + random.below(3), { compression, producerId: random.below(3) })
    const transactional = { compression, producerId: 10 + random.below(3), transactional: true }
    if (dice < 3) continue
    await put(1 + random.below(3), transactional)
    await end(transactional.producerId)
  }
}

/** What a batch says, but for when its tombstones may go: that is told by whether it says so. */
function described(batch: BatchView): object {
  const { baseOffset, lastOffset, recordCount, compression, producerId, producerEpoch } = batch
  const { baseSequence, isTransactional, isControl, hasDeleteHorizon } = batch
  const records = [...iterateRecords(batch)].map(({ offset, timestamp, key, value }) => [
    offset,
    timestamp,
    key?.toString('hex'),
    value?.toString('hex'),
  ])
  const header = { baseOffset, lastOffset, recordCount, producerId, producerEpoch, baseSequence }
  // A batch without records has nothing to compress.
  const codec = recordCount === 0 ? 'none' : compression
  return { ...header, codec, isTransactional, isControl, hasDeleteHorizon, records }
}

function storedBatches(folder: string, before: number): object[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) => [...batchesIn(readFileSync(join(folder, name)))])
    .filter(({ baseOffset }) => baseOffset < before)
    .map(described)
}

describe.skipIf(!hasOracles())("our cleaner beside Kafka's", () => {
  let home: string
  let ours: string
  let done: Compaction | undefined
  let before: Buffer[]
  let names: string[]

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'odradek-parity-'))
    const directory = join(home, 'ours')
    ours = join(directory, 'parity-0')
    const open = { disk: new NodeDisk(systemClock), directory, clock: systemClock }
    let engine = await openFileEngine(open)
    await engine.create([specOf(2000)])
    await fill(engine)
    await engine.close()
    cpSync(ours, join(home, 'before'), { recursive: true })
    names = readdirSync(ours).filter((name) => name.endsWith('.log'))
    before = names.map((name) => readFileSync(join(ours, name)))
    engine = await openFileEngine(open)
    // What a topic of Kafka's cannot be below.
    await engine.create([specOf(1_048_576)])
    done = await engine.compact(ID, Date.now())
    await engine.close()
  })
  afterAll(() => rmSync(home, { recursive: true }))

  it('cleans the same, batch by batch', { timeout: 120_000 }, async () => {
    expect(before.length).toBeGreaterThan(5)
    const theirs = await cleanedByKafka(join(home, 'kafka'), join(home, 'before'), names)
    const end = done!.cleanedTo
    expect(theirs.cleanedTo).toBe(end)
    expect(storedBatches(ours, end)).toEqual(storedBatches(theirs.folder, end))
    expect(done!.recordsAfter).toBeLessThan(done!.recordsBefore)
  })

  it("Kafka's dump tool reads it without complaint", { timeout: 120_000 }, async () => {
    const files = readdirSync(ours).filter((name) => /\.(log|index|timeindex|txnindex)$/.test(name))
    const dump = await dumpOf(files.map((name) => join(ours, name)))
    expect(dump).not.toMatch(/Mismatches|Non-consecutive|Found timestamp mismatch|invalid/i)
    expect(dump).toContain('deleteHorizonMs: OptionalLong[')
  })
})

/** Puts these segments under a topic of a Kafka's, and lets it clean them. */
async function cleanedByKafka(
  dir: string,
  segments: string,
  names: readonly string[],
): Promise<{ folder: string; cleanedTo: number }> {
  const port = await freePort()
  const kafka = (command: string, ...args: string[]) =>
    run(resolve(oracles, 'peers/kafka'), [command, '-d', dir, ...args], { timeoutMs: 60_000 })
  const start = async (...args: string[]): Promise<void> => {
    const options = ['log.cleaner.backoff.ms=200', 'log.initial.task.delay.ms=100']
    const flags = options.flatMap((option) => ['-o', option])
    const started = await kafka('start', '-p', String(port), ...flags, ...args)
    expect(started.code, started.stderr).toBe(0)
  }
  await start()
  try {
    const admin = kafkajs(`127.0.0.1:${port}`).admin()
    await admin.connect()
    const configs = { 'cleanup.policy': 'compact', 'segment.bytes': '1048576' }
    const configEntries = Object.entries({ ...configs, 'min.cleanable.dirty.ratio': '0' })
    await admin.createTopics({
      topics: [
        {
          topic: 'parity',
          numPartitions: 1,
          configEntries: configEntries.map(([name, value]) => ({ name, value })),
        },
      ],
    })
    await admin.disconnect()
    await kafka('stop')
    // Kafka is to look at all that it finds.
    unlinkSync(join(dir, 'data/.kafka_cleanshutdown'))
    const folder = join(dir, 'data/parity-0')
    for (const name of readdirSync(folder)) {
      if (/\.(log|index|timeindex|snapshot)$/.test(name)) unlinkSync(join(folder, name))
    }
    for (const name of names) cpSync(join(segments, name), join(folder, name))
    await start('-k')
    let cleanedTo: number | undefined
    await until('Kafka has cleaned the log', () => {
      const lines = readFileSync(join(dir, 'data', CHECKPOINT), 'utf8').split('\n')
      const offset = lines.find((line) => line.startsWith('parity 0 '))?.split(' ')[2]
      cleanedTo = offset === undefined ? undefined : Number(offset)
      return (cleanedTo ?? 0) > 0
    })
    return { folder, cleanedTo: cleanedTo! }
  } finally {
    await kafka('stop')
  }
}
