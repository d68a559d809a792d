/** A broker over a data folder that Kafka wrote, on a memory disk that a test can crash. */

import { ManualClock } from '../../../src/clock.ts'
import type { Logger } from '../../../src/logger.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import { seededRandom } from '../../../src/random.ts'
import { openFileEngine } from '../../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { filesOf, type Pack, unpackToMemory } from '../../fixtures/kafka-folder/unpack.ts'
import { BrokerFixture } from '../fixture.ts'

/** A day after the folder was packed: nothing in it is old. */
const NOW = Date.parse('2026-11-26T00:00:00Z')

export class KafkaFolder {
  readonly clock = new ManualClock(NOW)
  /** What was logged at info and above. */
  readonly lines: string[] = []
  disk = new MemoryDisk({ clock: this.clock })
  private starts = 0

  static async of(files: ReadonlyMap<string, Buffer>): Promise<KafkaFolder> {
    const folder = new KafkaFolder()
    await unpackToMemory(folder.disk, '/data', files)
    return folder
  }

  static unpack(pack: Pack): Promise<KafkaFolder> {
    return KafkaFolder.of(filesOf(pack))
  }

  async start(values: ConstructorParameters<typeof BrokerFixture>[0]['values'] = {}) {
    const { clock, disk } = this
    const seed = ++this.starts
    const add = (_context: object, text: string): void => void this.lines.push(text)
    const lines = { info: add, warn: add, error: add }
    const random = seededRandom(seed)
    const engine = await openFileEngine({ disk, directory: '/data', clock, random, log: lines })
    const { directoryId } = engine
    const fixture = new BrokerFixture({
      ...{ engine, clock, seed },
      log: { ...lines, debug() {} } as unknown as Logger,
      values: { 'odradek.ignore.kept.security': true, ...values },
      kafkaMetadata: () => {
        const found = engine.kafkaMetadata()
        return found && { ...found, directoryId }
      },
    })
    try {
      return await fixture.open()
    } catch (error) {
      await engine.close().catch(() => undefined)
      throw error
    }
  }

  async stop(broker: BrokerFixture): Promise<void> {
    await broker.close()
    await broker.engine.close()
  }
}

/** The values of a partition's records, aborted ones left out. */
export async function valuesOf(
  { cluster, engine }: BrokerFixture,
  topic: string,
  partition = 0,
): Promise<string[]> {
  const { log } = cluster.topic(topic)!.partitions[partition]!
  const values: string[] = []
  for (let offset = engine.offsets(log)!.logStartOffset; ; ) {
    const want = { log, offset, maxBytes: 1 << 20, committedOnly: true }
    const result = await engine.read([want], { maxBytes: 1 << 20, firstWhole: true })
    const [read] = result.reads
    if (read!.error) throw new Error(read!.error)
    if (read!.size === 0) return values
    const aborted = [...read!.abortedTransactions]
    for (const batch of batchesIn(Buffer.concat(read!.buffers))) {
      offset = batch.nextOffset
      const isAborted = aborted.some(
        ({ producerId, firstOffset }) =>
          batch.isTransactional &&
          producerId === batch.producerId &&
          batch.baseOffset >= firstOffset,
      )
      if (batch.isControl && isAborted) aborted.shift()
      if (batch.isControl || isAborted) continue
      for (const record of iterateRecords(batch)) {
        if (record.offset >= read!.logStartOffset) values.push(String(record.value))
      }
    }
    result.release()
  }
}
