/** A seeded life of a compacted log, transactions and all, and what must be readable of it whatever has been cleaned. */

import { expect } from 'vitest'
import { buildMarker } from '../../../../src/protocol/records/control-records.ts'
import type { Compression } from '../../../../src/protocol/records/compression.ts'
import type { Random } from '../../../../src/random.ts'
import type { StorageEngine } from '../../../../src/storage/engine.ts'
import { LOG } from '../../store.ts'
import { batchesOf, committedOf, type Found, keyed, type Pair } from './keyed-log.ts'

const CODECS: readonly Compression[] = ['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd']
const KEYS = 12
const PRODUCERS = 3

export class Workload {
  /** All that was ever appended. */
  readonly records: Found[] = []
  private readonly random: Random
  private readonly sequences = new Map<number, number>()
  /** First offsets of the transactions that are open, by producer, and the offsets of their records. */
  private readonly open = new Map<number, number[]>()
  private readonly aborted = new Set<number>()
  private count = 0
  private start = 0

  constructor(random: Random) {
    this.random = random
  }

  /** Appends some batches of some records. */
  async append(engine: StorageEngine, batches: number, now: number): Promise<void> {
    for (let i = 0; i < batches; i++) await this.appendOne(engine, now)
  }

  /** Reads all: what there is, is what was appended; and of every key the last value is there. */
  async check(engine: StorageEngine): Promise<Found[]> {
    const { lastStableOffset } = engine.offsets(LOG)!
    const found = await committedOf(engine, this.random.below(2) === 0 ? 1 << 20 : 300)
    const byOffset = new Map(this.records.map((record) => [record.offset, record]))
    let before = -1
    const read = new Map<string | null, Found>()
    for (const record of found) {
      // Of the first batch all is read, also what lies before the log's start.
      expect(record.offset).toBeGreaterThan(before)
      expect(record).toEqual(byOffset.get(record.offset))
      expect(this.aborted.has(record.offset)).toBe(false)
      before = record.offset
      read.set(record.key, record)
    }
    for (const [key, last] of this.lastOf(lastStableOffset)) {
      if (last.value !== null) expect(read.get(key)).toEqual(last)
      else expect(read.get(key)?.value ?? null, `key ${key} has a tombstone`).toBe(null)
    }
    return found
  }

  /** Below `cleanedTo` no key has two records, and none has no key. */
  assertClean(found: readonly Found[], cleanedTo: number): void {
    const keys = found.filter(({ offset }) => offset < cleanedTo).map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).not.toContain(null)
  }

  /** A producer's last batch, sent again, is known. */
  async checkProducers(engine: StorageEngine): Promise<void> {
    for (const [producerId, next] of this.sequences) {
      if (producerId >= PRODUCERS) continue
      const last = (await batchesOf(engine)).findLast((batch) => batch.producerId === producerId)
      expect(last?.lastSequence).toBe(next - 1)
      const repeat = keyed([['again', 'x']], {
        producerId,
        producerEpoch: 0,
        baseSequence: next + 5,
      })
      expect(await engine.append([{ log: LOG, batch: repeat }])).toMatchObject([
        { kind: 'rejected', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' },
      ])
    }
  }

  /** What lies before is no longer the log's. */
  beginAt(logStartOffset: number): void {
    this.start = logStartOffset
  }

  private async appendOne(engine: StorageEngine, now: number): Promise<void> {
    const { random } = this
    const pairs = Array.from({ length: 1 + random.below(4) }, (): Pair => this.pair())
    const dice = random.below(8)
    if (dice === 0) return this.endOne(engine)
    // Of three kinds: none, idempotent, and those of transactions.
    const producerId = dice < 4 ? -1 : random.below(PRODUCERS) + (dice === 7 ? PRODUCERS : 0)
    const transactional = producerId >= PRODUCERS
    const baseSequence = producerId < 0 ? -1 : (this.sequences.get(producerId) ?? 0)
    const batch = keyed(pairs, {
      timestamp: now - random.below(50),
      compression: CODECS[random.below(CODECS.length)]!,
      ...(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence, transactional }),
    })
    const [outcome] = await engine.append([{ log: LOG, batch }])
    if (outcome?.kind !== 'appended') throw new Error(JSON.stringify(outcome))
    if (producerId >= 0) this.sequences.set(producerId, baseSequence + pairs.length)
    pairs.forEach(([key, value], i) => {
      const timestamp = batch.baseTimestamp + i
      const offset = outcome.baseOffset + i
      this.records.push({ offset, timestamp, key, value })
      if (!transactional) return
      const offsets = this.open.get(producerId) ?? []
      this.open.set(producerId, [...offsets, offset])
    })
  }

  private async endOne(engine: StorageEngine): Promise<void> {
    const [producerId, offsets] = [...this.open][0] ?? []
    if (producerId === undefined) return
    const type = this.random.below(2) === 0 ? 'ABORT' : 'COMMIT'
    const producer = { producerId, producerEpoch: 0, coordinatorEpoch: 0 }
    const batch = buildMarker({ type, ...producer, timestamp: 1 })
    const [outcome] = await engine.append([{ log: LOG, batch }])
    if (outcome?.kind !== 'appended') throw new Error(JSON.stringify(outcome))
    this.open.delete(producerId)
    if (type === 'ABORT') for (const offset of offsets!) this.aborted.add(offset)
  }

  private pair(): Pair {
    const { random } = this
    const dice = random.below(20)
    if (dice === 0) return [null, 'no key']
    const name = `key-${random.below(KEYS)}`
    const key = random.below(3) === 0 ? name.padEnd(40, '+') : name
    if (dice < 5) return [key, null]
    return [key, `${this.count++}`.padEnd(random.below(60), '.')]
  }

  private lastOf(endOffset: number): Map<string | null, Found> {
    const last = new Map<string | null, Found>()
    for (const record of this.records) {
      if (record.key === null || record.offset >= endOffset) continue
      if (this.aborted.has(record.offset)) continue
      if (record.offset >= this.start) last.set(record.key, record)
    }
    return last
  }
}
