/** The partitions that this broker leads: records into them, records out of them, and where in them something lies. */

import type { Logger } from '../../logger.ts'
import type { Clock } from '../../clock.ts'
import type { Random } from '../../random.ts'
import type { ProducerEntry, StorageEngine, StorePlace } from '../../storage/engine.ts'
import type { ProduceContext } from '../../protocol/records/validate.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Partition } from '../cluster/topic.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Cancellation } from '../cancellation.ts'
import type { MemoryBudget } from '../memory.ts'
import { Appender, type Write, type WriteResult } from './append.ts'
import { DelayedFetch } from './delayed-fetch.ts'
import { type EpochAnswer, type EpochQuestion, findEpochEnd } from './epoch-end.ts'
import type { FetchPart, FetchTerms, Reading } from './fetch.ts'
import { FetchReader } from './fetch-reader.ts'
import { FetchSessions } from './fetch-sessions.ts'
import type { FetchSource } from './fetch-source.ts'
import type { LeaderHint } from './leader-hint.ts'
import {
  findOffset,
  findOldOffsets,
  type OffsetAnswer,
  type OffsetQuestion,
  type OldOffsetQuestion,
} from './list-offsets.ts'
import { OldFetches, type OldFetchTerms } from './old-fetch.ts'
import { bytesOf, readable } from './readable.ts'
import { deleteRecords, type RecordDeletion } from './record-deletion.ts'

export interface PartitionsOptions {
  engine: StorageEngine
  cluster: Cluster
  config: BrokerConfig
  /** Shared with the connections, whose replies it counts. */
  budget: MemoryBudget
  clock: Clock
  random: Random
  log: Logger
}

export class Partitions {
  readonly sessions: FetchSessions
  private readonly engine: StorageEngine
  private readonly cluster: Cluster
  private readonly clock: Clock
  private readonly appender: Appender
  private readonly reader: FetchReader
  private readonly oldFetches: OldFetches

  constructor({ engine, cluster, config, budget, clock, random, log }: PartitionsOptions) {
    this.engine = engine
    this.cluster = cluster
    this.clock = clock
    this.appender = new Appender({ engine, cluster, clock, log })
    const batchBytes = (): number => config.get('message.max.bytes')
    this.reader = new FetchReader({ engine, budget, batchBytes })
    const fetch = this.fetch.bind(this)
    this.oldFetches = new OldFetches({ fetch, budget, clock })
    const slots = config.get('max.incremental.fetch.session.cache.slots')
    this.sessions = new FetchSessions({ engine, clock, random, slots })
  }

  /** Validates and appends; resolves with a result for each write, in their order, when all hold. Batches for one partition keep the order of these calls. */
  append(writes: readonly Write[], context: ProduceContext): Promise<WriteResult[]> {
    return this.appender.append(writes, context)
  }

  /**
   * Reads now, or as soon as there are `minBytes`, an error, or `maxWaitMs` are over. Without records when cancelled.
   * The reading is the caller's to release.
   */
  fetch(
    source: FetchSource,
    terms: FetchTerms,
    cancellation: Cancellation,
  ): Reading | Promise<Reading> {
    const parts = source.parts()
    const seen = this.reader.read(parts, terms, cancellation)
    return seen instanceof Promise
      ? seen.then((reading) => this.answerOrPark(reading, source, parts, terms, cancellation))
      : this.answerOrPark(seen, source, parts, terms, cancellation)
  }

  /** The same for clients that know no record batches: the records are message sets. */
  fetchMessages(
    parts: readonly FetchPart[],
    terms: OldFetchTerms,
    cancellation: Cancellation,
  ): Promise<Reading> {
    return this.oldFetches.fetch(parts, terms, cancellation)
  }

  findOffset(question: OffsetQuestion): Promise<OffsetAnswer> {
    return findOffset(this.engine, question)
  }

  /** Undefined where there is no such log. */
  findOldOffsets(question: OldOffsetQuestion): number[] | undefined {
    return findOldOffsets(this.engine, question)
  }

  epochEnd(question: EpochQuestion): EpochAnswer {
    return findEpochEnd(this.engine, question)
  }

  /** Who has written to the partition lately; undefined when its log is not to be had. */
  producers(partition: Partition): ProducerEntry[] | undefined {
    const isThere = this.engine.offsets(partition.log) !== undefined
    return isThere ? this.engine.producers(partition.log) : undefined
  }

  deleteRecords(partition: Partition, offset: number): Promise<RecordDeletion> {
    const { cleanupPolicy } = this.cluster.logConfig(partition.topic)
    return deleteRecords(this.engine, partition, offset, cleanupPolicy)
  }

  /** Bytes that the partition's log takes; undefined when it is not to be had. */
  size(partition: Partition): number | undefined {
    const isThere = this.engine.offsets(partition.log) !== undefined
    return isThere ? this.engine.size(partition.log) : undefined
  }

  /** Where the logs of all partitions are. */
  place(): Promise<StorePlace> {
    return this.engine.place()
  }

  leaderOf(partition: Partition): LeaderHint {
    const leaderEpoch = this.cluster.leaderEpoch(partition) ?? -1
    return { leaderId: this.cluster.nodeId, leaderEpoch }
  }

  private answerOrPark(
    seen: Reading,
    source: FetchSource,
    parts: readonly FetchPart[],
    terms: FetchTerms,
    cancellation: Cancellation,
  ): Reading | Promise<Reading> {
    const enough = seen.final || seen.size >= terms.minBytes
    if (enough || terms.maxWaitMs <= 0 || source.isEmpty) return seen
    const found = parts.map(({ offset, maxBytes }, i) => {
      const { records, highWatermark, lastStableOffset } = seen.parts[i]!
      const end = terms.committedOnly ? lastStableOffset : highWatermark
      return readable(records, offset, end, maxBytes)
    })
    if (bytesOf(found) >= terms.minBytes) return seen
    seen.release()
    const { engine, reader, clock } = this
    const options = { engine, reader, clock, source, terms, cancellation, parts, seen: found }
    return new DelayedFetch(options).answer
  }
}
