/** A data folder with something of everything in it, on a memory disk, as a clean stop leaves it; and what the checker finds in one. */

import { ManualClock } from '../../../src/clock.ts'
import { buildBatch, type BatchOptions } from '../../../src/protocol/records/batch-builder.ts'
import { seededRandom } from '../../../src/random.ts'
import { defaultLogConfig, type LogConfig, logId } from '../../../src/storage/engine.ts'
import { type FileEngine, openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { type VerifyOptions, verifyFolder } from '../../../src/storage/verify/folder-check.ts'
import type { Violation } from '../../../src/storage/verify/violation.ts'

export const DIRECTORY = '/data'
/** What a golden folder is made with: nothing in it may change by chance. */
const SEED = 41
const START_MS = 1_700_000_000_000
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

const config: LogConfig = { ...defaultLogConfig, segmentBytes: 1500, indexIntervalBytes: 200 }
const topics = [
  { topic: 'orders', topicId: 'orders000000000000000A', partitions: 2 },
  { topic: 'codecs', topicId: 'codecs000000000000000A', partitions: 1 },
]

export interface SoundFolder {
  disk: MemoryDisk
  clock: ManualClock
}

/** Two topics: idempotent producers over several segments, a log that starts later, every codec, keys, headers, tombstones. */
export async function makeSoundFolder(
  codecs: readonly (typeof CODECS)[number][] = CODECS,
): Promise<SoundFolder> {
  const clock = new ManualClock(START_MS)
  const disk = new MemoryDisk({ clock })
  const first = await openOn(disk, clock)
  const orders = logId(topics[0]!.topicId, 0)
  for (let i = 0; i < 30; i++)
    await append(first, clock, orders, i, {
      producerId: i % 3,
      producerEpoch: 0,
      baseSequence: Math.floor(i / 3) * 2,
    })
  for (let i = 0; i < 30; i++) await append(first, clock, logId(topics[0]!.topicId, 1), i)
  await first.truncateBefore(logId(topics[0]!.topicId, 1), 30)
  await first.close()
  const second = await openOn(disk, clock)
  for (const [i, compression] of codecs.entries()) {
    await append(second, clock, logId(topics[1]!.topicId, 0), i, { compression })
  }
  await second.close()
  return { disk, clock }
}

async function openOn(disk: MemoryDisk, clock: ManualClock): Promise<FileEngine> {
  const options = { clusterId: 'golden0000000000000000', nodeId: 1 }
  const engine = await openFileEngine({
    disk,
    directory: DIRECTORY,
    clock,
    random: seededRandom(SEED),
    options,
  })
  await engine.create(
    topics.flatMap(({ topic, topicId, partitions }) =>
      Array.from({ length: partitions }, (_, partitionIndex) => ({
        topic,
        topicId,
        partitionIndex,
        config,
      })),
    ),
  )
  return engine
}

async function append(
  engine: FileEngine,
  clock: ManualClock,
  log: ReturnType<typeof logId>,
  n: number,
  options: BatchOptions = {},
): Promise<void> {
  await clock.advance(1000)
  const value = Buffer.from(`value ${n} `.repeat(10))
  const batch = buildBatch(
    [
      {
        key: Buffer.from(`key ${n}`),
        value,
        timestamp: clock.now(),
        headers: [{ key: 'n', value: Buffer.from(`${n}`) }],
      },
      { key: Buffer.from(`key ${n}`), value: null, timestamp: clock.now() - 5 },
    ],
    options,
  )
  const [outcome] = await engine.append([{ log, batch }])
  if (outcome?.kind !== 'appended') throw new Error(`Not appended: ${JSON.stringify(outcome)}`)
}

export const knownTopics: VerifyOptions['topics'] = new Map(
  topics.map(({ topic, topicId, partitions }) => [topicId, { name: topic, partitions }]),
)

export async function violationsIn(
  { disk, clock }: SoundFolder,
  options: Partial<VerifyOptions> = {},
): Promise<Violation[]> {
  const found: Violation[] = []
  await verifyFolder(disk, DIRECTORY, {
    now: clock.now(),
    topics: knownTopics!,
    onViolation: (violation) => found.push(violation),
    ...options,
  })
  return found
}
