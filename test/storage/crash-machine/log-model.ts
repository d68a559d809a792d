/** What one log must hold: everything that was sent, in order, of which a crash may take the end, but not below a mark. */

import {
  defaultLogConfig,
  type LogConfig,
  type LogId,
  logId,
  type LogSpec,
} from '../../../src/storage/engine.ts'

/** Producers of a log that write at the same time. */
export const PRODUCERS = 3

const KEYS = 7
const FIRST_TRANSACTIONAL = 1_000_000

export interface Sent {
  value: string
  baseOffset: number
  count: number
  producerId: number
  baseSequence: number
}

export class LogModel {
  readonly topic: string
  readonly lazy: boolean
  readonly config: LogConfig
  topicId: string
  batches: Sent[] = []
  /** Of the first batch; another after a power cut that took all. */
  firstOffset = 0
  /** Producers of before that have ids below it. */
  firstProducerId = 0
  /** What was answered. */
  logStartOffset = 0
  /** What was asked for and may have come about. */
  askedStartOffset = 0
  acknowledgedEnd = 0
  durableEnd = 0
  /** The topic of the same name that was to be deleted, until that was answered. */
  deletedTopicId: string | undefined

  constructor(topic: string, topicId: string, config: Partial<LogConfig>, lazy = false) {
    this.topic = topic
    this.topicId = topicId
    this.config = { ...defaultLogConfig, ...config }
    this.lazy = lazy
  }

  get id(): LogId {
    return logId(this.topicId, 0)
  }

  get spec(): LogSpec {
    const { topic, topicId, config, lazy } = this
    return { topic, topicId, partitionIndex: 0, config, lazy }
  }

  get end(): number {
    const last = this.batches.at(-1)
    return last ? last.baseOffset + last.count : this.firstOffset
  }

  get isCompacted(): boolean {
    return this.config.cleanupPolicy.compact
  }

  /** The key of the record at an offset: few, so that most records of a compacted log are replaced. */
  keyAt(offset: number): string | null {
    return this.isCompacted ? `key ${offset % KEYS}` : null
  }

  /** A producer whose batches are transactional. */
  get transactionalProducer(): number {
    return FIRST_TRANSACTIONAL + this.firstProducerId
  }

  /** A marker goes in, which has no sequence. */
  sendMarker(value: string): Sent {
    const sent = { value, baseOffset: this.end, count: 1, producerId: -1, baseSequence: -1 }
    this.batches.push(sent)
    return sent
  }

  /** The next batch of a producer goes in, in the model at once. */
  send(value: string, count: number, producerId: number): Sent {
    const last = this.batches.findLast((batch) => batch.producerId === producerId)
    const baseSequence = last ? last.baseSequence + last.count : 0
    const sent = { value, baseOffset: this.end, count, producerId, baseSequence }
    this.batches.push(sent)
    return sent
  }

  acknowledged(end: number): void {
    this.acknowledgedEnd = Math.max(this.acknowledgedEnd, end)
    // Fewer than `flush.messages` of what is acknowledged is not synced.
    this.durable(Math.max(0, end - this.config.flushMessages + 1))
  }

  durable(end: number): void {
    this.durableEnd = Math.max(this.durableEnd, end)
  }

  /** A topic of the same name follows this one, with nothing in it. */
  recreate(topicId: string): void {
    this.deletedTopicId = this.topicId
    this.topicId = topicId
    this.batches = []
    this.firstOffset = 0
    this.firstProducerId = 0
    this.logStartOffset = 0
    this.askedStartOffset = 0
    this.acknowledgedEnd = 0
    this.durableEnd = 0
  }

  /** What is in the log from its start to `end`. */
  within(end: number): Sent[] {
    return this.batches.filter(
      ({ baseOffset, count }) =>
        baseOffset + count <= end && baseOffset + count > this.logStartOffset,
    )
  }

  /** The start that was found after a crash is the one that counts. */
  startedAt(logStartOffset: number): void {
    // A power cut may take the first of several segments that were not synced.
    if (logStartOffset > Math.max(this.durableEnd, this.askedStartOffset)) {
      this.batches = this.batches.filter(({ baseOffset }) => baseOffset >= logStartOffset)
      this.firstProducerId += PRODUCERS
    }
    this.logStartOffset = logStartOffset
    this.askedStartOffset = logStartOffset
  }

  /** The end that was found after a crash is the one that counts. */
  cutTo(end: number): void {
    // A log that was truncated to where it now ends may have lost everything before, and its producers, or not: nobody can tell.
    if (end === this.logStartOffset && end > this.durableEnd) {
      this.batches = []
      this.firstOffset = end
      this.firstProducerId += PRODUCERS
    }
    this.batches = this.batches.filter((batch) => batch.baseOffset < end)
    this.acknowledgedEnd = end
    this.durableEnd = Math.min(this.durableEnd, end)
  }
}
