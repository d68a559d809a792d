/** Logs with transactions in them, written by the storage engine: what real clients read there, and what Kafka's dump tool says of the files. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { buildBatch } from '../src/protocol/records/batch-builder.ts'
import type { BatchView } from '../src/protocol/records/batch-view.ts'
import { buildMarker } from '../src/protocol/records/control-records.ts'
import { logId, type StorageEngine } from '../src/storage/engine.ts'
import { openFileEngine } from '../src/storage/file/file-engine.ts'
import { NodeDisk } from '../src/storage/file/node-disk.ts'
import { BrokerProcess } from './harness/broker-process.ts'
import { consume, kafkajs } from './harness/kafkajs-client.ts'
import { dumpOf } from './harness/log-dump.ts'
import { hasOracles, installed, kafkaTool, kcat } from './harness/programs.ts'

const TOPIC = 'in-transactions'
const ROUNDS = 30
const SEGMENT_BYTES = 2000
const NOW = 1_700_000_000_000

type End = 'COMMIT' | 'ABORT'

/** Writes into the log as a broker does whose coordinators tell it what to append. */
class Writer {
  private readonly sequences = new Map<number, number>()
  private readonly engine: StorageEngine
  private readonly topicId: string

  constructor(engine: StorageEngine, topicId: string) {
    this.engine = engine
    this.topicId = topicId
  }

  plain(value: string): Promise<void> {
    return this.append(buildBatch([record(value)]))
  }

  part(producerId: number, value: string): Promise<void> {
    const baseSequence = this.sequences.get(producerId) ?? 0
    this.sequences.set(producerId, baseSequence + 1)
    const identity = { producerId, producerEpoch: 0, baseSequence, transactional: true }
    return this.append(buildBatch([record(value)], identity))
  }

  end(producerId: number, type: End): Promise<void> {
    const identity = { producerId, producerEpoch: 0, coordinatorEpoch: 3, timestamp: NOW }
    return this.append(buildMarker({ type, ...identity }))
  }

  private async append(batch: BatchView): Promise<void> {
    const [outcome] = await this.engine.append([{ log: logId(this.topicId, 0), batch }])
    expect(outcome).toMatchObject({ kind: 'appended' })
  }
}

function record(value: string) {
  return { key: null, value: Buffer.from(value), timestamp: NOW }
}

/** Transactions that cross: the one that began first is aborted last, as consumers that look at first offsets must be told in that order. */
async function writeRound(writer: Writer, round: number, committed: string[]): Promise<void> {
  await writer.part(1, `aborted ${round} long`)
  await writer.part(2, `aborted ${round} short`)
  await writer.plain(`plain ${round}`)
  await writer.part(3, `committed ${round}`)
  await writer.end(2, 'ABORT')
  await writer.part(1, `aborted ${round} long, again`)
  await writer.end(3, 'COMMIT')
  await writer.end(1, 'ABORT')
  committed.push(`plain ${round}`, `committed ${round}`)
}

describe('a log with aborted, committed and open transactions', () => {
  let broker: BrokerProcess
  const committed: string[] = []

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    const admin = kafkajs(broker.bootstrap).admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }] })
    await admin.disconnect()
    await write(async (writer) => {
      for (let round = 0; round < ROUNDS; round++) await writeRound(writer, round, committed)
      await writer.part(4, 'open')
      await writer.plain('behind what is open')
    })
  })
  afterAll(() => broker?.dispose())

  /** In the broker's place, while it is stopped. */
  async function write(work: (writer: Writer) => Promise<void>): Promise<void> {
    await broker.stop()
    const clock = systemClock
    const disk = new NodeDisk(clock)
    const engine = await openFileEngine({ disk, directory: broker.data!, clock })
    const spec = (await engine.list()).find(({ topic }) => topic === TOPIC)!
    const config = { ...spec.config, segmentBytes: SEGMENT_BYTES, retentionMs: -1 }
    await engine.create([{ ...spec, config }])
    await work(new Writer(engine, spec.topicId))
    await engine.close()
    await broker.start()
  }

  function filesOf(kind: string): string[] {
    const folder = join(broker.data!, `${TOPIC}-0`)
    const names = readdirSync(folder).filter((name) => name.endsWith(`.${kind}`))
    return names.sort().map((name) => join(folder, name))
  }

  async function read(isolation: string): Promise<string[]> {
    const from = ['-C', '-t', TOPIC, '-p', '0', '-o', 'beginning', '-e', '-q']
    const output = await kcat(broker.bootstrap, [
      ...from,
      ...['-X', `isolation.level=${isolation}`, '-f', '%s\n'],
    ])
    return output.trim().split('\n')
  }

  it.skipIf(!installed('kcat'))('kcat reads what is committed, and on request all', async () => {
    expect(await read('read_committed')).toEqual(committed)
    const all = await read('read_uncommitted')
    expect(all).toHaveLength(ROUNDS * 5 + 2)
    expect(all.slice(-2)).toEqual(['open', 'behind what is open'])
  })

  it('kafkajs reads what is committed', async () => {
    const messages = await consume(kafkajs(broker.bootstrap), 'readers', [TOPIC], committed.length)
    expect(messages.map(({ value }) => value)).toEqual(committed)
  })

  it.skipIf(!hasOracles())(
    "Kafka's console consumer reads what is committed",
    {
      timeout: 120_000,
    },
    async () => {
      const outcome = await kafkaTool(
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
        [
          ...['--bootstrap-server', broker.bootstrap, '--topic', TOPIC, '--from-beginning'],
          ...['--isolation-level', 'read_committed', '--timeout-ms', '8000'],
        ],
        { timeoutMs: 60_000 },
      )
      expect(outcome.stdout.trim().split('\n')).toEqual(committed)
    },
  )

  it.skipIf(!hasOracles())(
    "Kafka's dump tool reads the lists of aborted transactions, the markers and the producers",
    {
      timeout: 120_000,
    },
    async () => {
      const dump = async (kind: string): Promise<string> => {
        const printed = await dumpOf(filesOf(kind))
        expect(printed).not.toMatch(/mismatch|invalid|corrupt/i)
        return printed
      }
      expect(filesOf('txnindex').length).toBeGreaterThan(3)
      const lists = await dump('txnindex')
      const entries = [
        ...lists.matchAll(
          /producerId: (\d+) firstOffset: (\d+) lastOffset: (\d+) lastStableOffset: (\d+)/g,
        ),
      ]
      expect(entries.map((entry) => entry.slice(1).map(Number))).toEqual(
        Array.from({ length: ROUNDS }, (_, round) => 8 * round).flatMap((at) => [
          [2, at + 1, at + 4, at],
          [1, at, at + 7, at + 8],
        ]),
      )
      const records = await dump('log')
      expect(records.match(/endTxnMarker: COMMIT coordinatorEpoch: 3/g)).toHaveLength(ROUNDS)
      expect(records.match(/endTxnMarker: ABORT coordinatorEpoch: 3/g)).toHaveLength(2 * ROUNDS)
      const producers = await dump('snapshot')
      expect(producers).toMatch(
        new RegExp(`producerId: 4 .*currentTxnFirstOffset: OptionalLong\\[${8 * ROUNDS}\\]`),
      )
      expect(producers).toMatch(
        /producerId: 1 .*coordinatorEpoch: 3 currentTxnFirstOffset: OptionalLong.empty/,
      )
    },
  )

  it.skipIf(!installed('kcat'))('what was open is read when it is committed', async () => {
    await write(async (writer) => {
      await writer.end(4, 'COMMIT')
      await writer.plain('last')
    })
    const after = ['open', 'behind what is open', 'last']
    expect(await read('read_committed')).toEqual([...committed, ...after])
  })
})
