/**
 * A fetch session (KIP-227): the partitions that a client asks for again and again, and what it was last told of each.
 *
 * A partition of which there is nothing to be told is quiet: it is not read before its log, its topic or the client's wish
 * has moved. Logs are watched for as long as the session lasts, so that a poll costs what has changed and not what is there.
 */

import type { ErrorName } from '../../protocol/errors.ts'
import type { StorageEngine } from '../../storage/engine.ts'
import type { Partition, Topic } from '../cluster/topic.ts'
import type { FetchedPart, FetchPart } from './fetch.ts'

const LAST_EPOCH = 2 ** 31 - 1

/** A topic by its name, or by its id where the name is empty. */
export interface TopicKey {
  topic: string
  topicId: string
}

export interface AskedPartition {
  partition: number
  fetchOffset: bigint | number
  partitionMaxBytes: number
  currentLeaderEpoch: number
  lastFetchedEpoch: number
}

export interface AskedTopic extends TopicKey {
  partitions: readonly AskedPartition[]
}

export interface ForgottenTopic extends TopicKey {
  partitions: readonly number[]
}

/** What a topic is now, or why the client may not read it. */
export type FindTopic = (key: TopicKey) => Topic | ErrorName

class SessionTopic implements TopicKey {
  /** Empty as long as nobody knows which topic has the id. */
  topic: string
  readonly topicId: string
  found: Topic | ErrorName | undefined
  readonly parts = new Map<number, SessionPart>()

  constructor({ topic, topicId }: TopicKey) {
    this.topic = topic
    this.topicId = topicId
  }
}

/** One that can be read. */
export type BoundPart = SessionPart & { partition: Partition }

class SessionPart {
  readonly topic: SessionTopic
  readonly index: number
  partition: Partition | undefined
  /** Why there is nothing to be read. */
  refusal: ErrorName = 'UNKNOWN_TOPIC_OR_PARTITION'
  offset = 0
  maxBytes = 0
  currentLeaderEpoch = -1
  lastFetchedEpoch = -1
  /** Parts are read in the order of their turns. */
  turn: number
  /** Its log may have moved since it was last read. */
  isHinted = false
  unwatch: (() => void) | undefined
  /** What the client knows. */
  private highWatermark = -1
  private logStartOffset = -1

  constructor(topic: SessionTopic, index: number, turn: number) {
    this.topic = topic
    this.index = index
    this.turn = turn
  }

  ask(asked: AskedPartition): void {
    this.offset = Number(asked.fetchOffset)
    this.maxBytes = asked.partitionMaxBytes
    this.currentLeaderEpoch = asked.currentLeaderEpoch
    this.lastFetchedEpoch = asked.lastFetchedEpoch
  }

  /** Notes what the client is told; false when it need not be told. An error is told each time. */
  tell(answer: FetchedPart): boolean {
    const { errorCode, highWatermark, logStartOffset, records, divergingEpoch } = answer
    const isNews =
      records.length > 0 ||
      errorCode !== 'NONE' ||
      divergingEpoch !== undefined ||
      highWatermark !== this.highWatermark ||
      logStartOffset !== this.logStartOffset
    // With an error both are -1: when it is over, that is news.
    this.highWatermark = highWatermark
    this.logStartOffset = logStartOffset
    return isNews
  }
}

export class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  /** What the next request has to say. */
  epoch = 1
  private readonly engine: StorageEngine
  private readonly topics = new Map<string, SessionTopic>()
  /** Those that are read at the next poll; the others that are bound are quiet. */
  private readonly active = new Set<SessionPart>()
  private readonly refused = new Set<SessionPart>()
  private readonly listeners = new Set<(part: FetchPart) => void>()
  private count = 0
  private turns = 0
  private committedOnly = false
  private isClosed = false

  constructor(engine: StorageEngine, id: number, usesTopicIds: boolean) {
    this.engine = engine
    this.id = id
    this.usesTopicIds = usesTopicIds
  }

  get size(): number {
    return this.count
  }

  /** Whether it has no partition that could be read. */
  get isUnreadable(): boolean {
    return this.count === this.refused.size
  }

  nextEpoch(): void {
    this.epoch = this.epoch === LAST_EPOCH ? 1 : this.epoch + 1
  }

  /** Takes what a request wants of partitions, and drops those that it wants no more of. */
  update(asked: readonly AskedTopic[], forgotten: readonly ForgottenTopic[]): void {
    for (const { topic, topicId, partitions } of asked) {
      if (partitions.length === 0) continue
      const known = this.topicOf({ topic, topicId })
      for (const partition of partitions) this.ask(known, partition)
    }
    for (const topic of forgotten) {
      for (const index of topic.partitions) this.forget(topic, index)
    }
  }

  /** Learns what has become of its topics since the poll before. */
  refresh(find: FindTopic, committedOnly: boolean): void {
    for (const topic of this.topics.values()) {
      const found = find(topic)
      if (found === topic.found) continue
      topic.found = found
      if (typeof found !== 'string') topic.topic = found.name
      for (const part of topic.parts.values()) this.bind(part)
    }
    if (committedOnly === this.committedOnly) return
    this.committedOnly = committedOnly
    for (const topic of this.topics.values()) {
      for (const part of topic.parts.values()) if (part.partition) this.active.add(part)
    }
  }

  /** What is to be read, in the order of turns. */
  beginRead(): BoundPart[] {
    const parts: BoundPart[] = []
    let isSorted = true
    for (const part of this.active) {
      if (!isBound(part)) continue
      part.isHinted = false
      part.unwatch ??= this.engine.watch(part.partition.log, () => this.hint(part))
      isSorted &&= parts.length === 0 || parts.at(-1)!.turn < part.turn
      parts.push(part)
    }
    if (!isSorted) parts.sort((a, b) => a.turn - b.turn)
    return parts
  }

  refusedParts(): readonly SessionPart[] {
    return [...this.refused].toSorted((a, b) => a.turn - b.turn)
  }

  /** Notes what was read of a part and is told now; false when it need not be told. */
  answer(part: SessionPart, answer: FetchedPart): boolean {
    const isNews = part.tell(answer)
    // Who was served stands behind who was not, so that nobody starves where limits are low.
    if (answer.records.length > 0) part.turn = this.turns++
    const end = this.committedOnly ? answer.lastStableOffset : answer.highWatermark
    const isQuiet =
      answer.records.length === 0 &&
      answer.errorCode === 'NONE' &&
      answer.divergingEpoch === undefined &&
      part.offset >= end
    if (isQuiet && !part.isHinted && part.unwatch) this.active.delete(part)
    return isNews
  }

  /** What a full fetch was answered for one of its partitions: the session begins with that, in the order of answers. */
  introduce(key: TopicKey, answer: FetchedPart): void {
    const part = this.topics.get(this.nameOf(key))?.parts.get(answer.partitionIndex)
    if (!part) return
    part.turn = this.turns++
    part.tell(answer)
  }

  /** Calls for each part whose log may have moved. Returns how to stop. */
  listen(listener: (part: FetchPart) => void): () => void {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      if (this.isClosed && this.listeners.size === 0) this.unwatchAll()
    }
  }

  /** A fetch that is parked in it goes on to its end. */
  close(): void {
    this.isClosed = true
    if (this.listeners.size === 0) this.unwatchAll()
  }

  private nameOf({ topic, topicId }: TopicKey): string {
    return this.usesTopicIds ? topicId : topic
  }

  private topicOf(key: TopicKey): SessionTopic {
    const name = this.nameOf(key)
    let topic = this.topics.get(name)
    if (!topic) {
      topic = new SessionTopic(key)
      this.topics.set(name, topic)
    }
    return topic
  }

  private ask(topic: SessionTopic, asked: AskedPartition): void {
    let part = topic.parts.get(asked.partition)
    if (!part) {
      part = new SessionPart(topic, asked.partition, this.turns++)
      topic.parts.set(asked.partition, part)
      this.count++
      this.bind(part)
    }
    part.ask(asked)
    if (part.partition) this.active.add(part)
  }

  private forget(key: TopicKey, index: number): void {
    const name = this.nameOf(key)
    const topic = this.topics.get(name)
    const part = topic?.parts.get(index)
    if (!topic || !part) return
    part.unwatch?.()
    part.unwatch = undefined
    this.active.delete(part)
    this.refused.delete(part)
    this.count--
    topic.parts.delete(index)
    if (topic.parts.size === 0) this.topics.delete(name)
  }

  private bind(part: SessionPart): void {
    const { found } = part.topic
    const isFound = found !== undefined && typeof found !== 'string'
    const partition = isFound ? found.partitions[part.index] : undefined
    if (part.partition?.log !== partition?.log) {
      part.unwatch?.()
      part.unwatch = undefined
    }
    part.partition = partition
    part.refusal = typeof found === 'string' ? found : 'UNKNOWN_TOPIC_OR_PARTITION'
    const [to, from] = partition ? [this.active, this.refused] : [this.refused, this.active]
    to.add(part)
    from.delete(part)
  }

  private hint(part: SessionPart): void {
    // Nobody polls: what the next poll has to read is known, and more hints would only cost who writes.
    if (part.isHinted && this.listeners.size === 0) {
      part.unwatch?.()
      part.unwatch = undefined
      return
    }
    part.isHinted = true
    if (!isBound(part)) return
    this.active.add(part)
    for (const listener of this.listeners) listener(part)
  }

  private unwatchAll(): void {
    for (const { parts } of this.topics.values()) {
      for (const part of parts.values()) {
        part.unwatch?.()
        part.unwatch = undefined
      }
    }
  }
}

function isBound(part: SessionPart): part is BoundPart {
  return part.partition !== undefined
}
