/** The partitions that this broker leads: records into them, records out of them, and where in them something lies. */

import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import type { StorageEngine } from '../../storage/engine.ts'
import type { ProduceContext } from '../../protocol/records/validate.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Partition } from '../cluster/topic.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Cancellation } from '../handler.ts'
import { Appender, type Write, type WriteResult } from './append.ts'
import { DelayedFetch } from './delayed-fetch.ts'
import { type FetchPart, type FetchTerms, type Reading, readOnce } from './fetch.ts'
import type { LeaderHint } from './leader-hint.ts'
import { findOffset, type OffsetAnswer, type OffsetQuestion } from './list-offsets.ts'

export interface PartitionsOptions {
  engine: StorageEngine
  cluster: Cluster
  config: BrokerConfig
  clock: Clock
  log: Logger
}

export class Partitions {
  private readonly engine: StorageEngine
  private readonly cluster: Cluster
  private readonly clock: Clock
  private readonly appender: Appender

  constructor({ engine, cluster, clock, log }: PartitionsOptions) {
    this.engine = engine
    this.cluster = cluster
    this.clock = clock
    this.appender = new Appender({ engine, cluster, log })
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
    parts: readonly FetchPart[],
    terms: FetchTerms,
    cancellation: Cancellation,
  ): Reading | Promise<Reading> {
    const seen = readOnce(this.engine, parts, terms)
    return seen instanceof Promise
      ? seen.then((reading) => this.answerOrPark(reading, parts, terms, cancellation))
      : this.answerOrPark(seen, parts, terms, cancellation)
  }

  findOffset(question: OffsetQuestion): Promise<OffsetAnswer> {
    return findOffset(this.engine, question)
  }

  leaderOf(partition: Partition): LeaderHint {
    const leaderEpoch = this.cluster.leaderEpoch(partition) ?? -1
    return { leaderId: this.cluster.nodeId, leaderEpoch }
  }

  private answerOrPark(
    seen: Reading,
    parts: readonly FetchPart[],
    terms: FetchTerms,
    cancellation: Cancellation,
  ): Reading | Promise<Reading> {
    const enough = seen.final || seen.size >= terms.minBytes
    if (enough || terms.maxWaitMs <= 0 || parts.length === 0) return seen
    seen.release()
    const { engine, clock } = this
    return new DelayedFetch({ engine, clock, parts, terms, cancellation, seen }).answer
  }
}
