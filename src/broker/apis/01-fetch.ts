/** Record batches of partitions, from given offsets on, waiting for new ones where the client says so; for old clients they are messages. */

import type { ErrorName } from '../../protocol/errors.ts'
import { Fetch } from '../../protocol/messages/01-fetch.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import type { Partition, Topic } from '../cluster/topic.ts'
import { type Context, handler } from '../handler.ts'
import {
  type FetchedPart,
  type FetchPart,
  type FetchTerms,
  type Reading,
  refusedPart,
} from '../partitions/fetch.ts'
import { FetchPolling } from '../partitions/fetch-polling.ts'
import type { FetchSession, TopicKey } from '../partitions/fetch-session.ts'
import { NamedParts } from '../partitions/fetch-source.ts'
import { isCommittedOnly } from '../partitions/isolation-level.ts'
import { type LeaderHint, leaderEndpoints, wantsLeaderHint } from '../partitions/leader-hint.ts'

type Request = RequestOf<typeof Fetch>
type RequestTopic = Request['topics'][number]
type RequestPartition = RequestTopic['partitions'][number]

/** A reply that lends buffers until it is sent. */
type Response = ResponseOf<typeof Fetch> & { release?: () => void }

type PartitionReply = FetchedPart & { currentLeader?: LeaderHint }

interface TopicReply {
  topic: string
  topicId: string
  partitions: PartitionReply[]
}

const TOPIC_IDS_SINCE = 13
const LEADER_HINTS_SINCE = 16
/** The first version whose clients know record batches (KIP-98); those of the two before know messages of magic 1 (KIP-32), those of the last one before take a first message beyond the limits (KIP-74). */
const BATCHES_SINCE = 4
const MAGIC_1_SINCE = 2
const WHOLE_FIRST_SINCE = 3
/** The first version whose clients know zstd (KIP-110). */
const ZSTD_SINCE = 10

export const fetch = handler<typeof Fetch>({
  api: Fetch,
  versions: '0-18',

  handle(request, context) {
    const { sessions } = context.partitions
    const { sessionId, sessionEpoch } = request
    if (isFullFetch(request)) {
      if (sessionId !== 0) sessions.close(sessionId)
      return fetchAll(request, context)
    }
    const session = sessions.find(sessionId)
    if (!session) return refusal('FETCH_SESSION_ID_NOT_FOUND')
    if (sessionEpoch !== session.epoch) return refusal('INVALID_FETCH_SESSION_EPOCH')
    if (session.usesTopicIds !== usesTopicIds(context)) {
      return refusal('FETCH_SESSION_TOPIC_ID_ERROR')
    }
    return fetchIncrement(session, request, context)
  },

  fail: (request, errorCode) => ({
    errorCode,
    sessionId: 0,
    responses: request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => unreadPart(partition, errorCode)),
    })),
  }),

  sent(response: Response) {
    response.release?.()
  },
})

/** KIP-227: session epoch 0 asks for everything and would like a session, -1 for everything without one. */
function isFullFetch({ sessionEpoch }: Request): boolean {
  return sessionEpoch === 0 || sessionEpoch === -1
}

function usesTopicIds({ apiVersion }: Context): boolean {
  return apiVersion >= TOPIC_IDS_SINCE
}

function refusal(errorCode: ErrorName, sessionId = 0): Response {
  return { errorCode, sessionId, responses: [] }
}

function fetchAll(request: Request, context: Context): Response | Promise<Response> {
  const plan = new FetchPlan(request, context)
  const terms = termsOf(request, context)
  if (context.apiVersion < BATCHES_SINCE) return fetchMessages(plan, terms, context)
  const source = new NamedParts(plan.parts)
  const reading = context.partitions.fetch(source, terms, context.cancellation)
  return reading instanceof Promise ? reading.then((it) => plan.reply(it)) : plan.reply(reading)
}

async function fetchMessages(
  plan: FetchPlan,
  terms: FetchTerms,
  { apiVersion, cancellation, partitions }: Context,
): Promise<Response> {
  const magic = apiVersion < MAGIC_1_SINCE ? 0 : 1
  const limitsFirst = apiVersion < WHOLE_FIRST_SINCE
  const old = { ...terms, magic, limitsFirst } as const
  return plan.reply(await partitions.fetchMessages(plan.parts, old, cancellation))
}

function fetchIncrement(
  session: FetchSession,
  request: Request,
  context: Context,
): Response | Promise<Response> {
  const { partitions, cancellation } = context
  const terms = termsOf(request, context)
  session.update(request.topics, request.forgottenTopicsData)
  if (session.size === 0) {
    partitions.sessions.close(session.id)
    return fetchAll(request, context)
  }
  partitions.sessions.touch(session)
  session.nextEpoch()
  session.refresh(topicFinder(context), terms.committedOnly)
  const polling = new FetchPolling(session)
  const reading = partitions.fetch(polling, terms, cancellation)
  return reading instanceof Promise
    ? reading.then((it) => replyIncrement(polling, it, context))
    : replyIncrement(polling, reading, context)
}

/** Leaves out what the client knows. */
function replyIncrement(
  { session, isOvertaken, looked }: FetchPolling,
  { parts, release }: Reading,
  context: Context,
): Response {
  if (isOvertaken) {
    release()
    return refusal('INVALID_FETCH_SESSION_EPOCH', session.id)
  }
  const replies = new TopicReplies(context)
  for (const [i, answer] of parts.entries()) {
    const part = looked[i]!
    if (session.answer(part, answer)) replies.add(part.topic, answer, part.partition)
  }
  for (const part of session.refusedParts()) {
    const answer = unreadPart(part.index, part.refusal)
    session.answer(part, answer)
    replies.add(part.topic, answer)
  }
  return replies.response(session.id, release)
}

function termsOf(request: Request, { config }: Context): FetchTerms {
  const maxBytes = Math.min(request.maxBytes, config.get('fetch.max.bytes'))
  return {
    maxWaitMs: Math.min(request.maxWaitMs, config.get('odradek.fetch.max.wait.ms')),
    minBytes: Math.min(request.minBytes, maxBytes),
    maxBytes,
    committedOnly: isCommittedOnly(request.isolationLevel),
  }
}

/** What a topic is now, or why it cannot be read. A session knows the name as well as the id of one that is gone. */
function topicFinder(context: Context): (key: TopicKey) => Topic | ErrorName {
  const { cluster, authorized } = context
  const byId = usesTopicIds(context)
  return ({ topic: name, topicId }) => {
    const topic = byId ? cluster.topicById(topicId) : cluster.topic(name)
    const known = topic?.name ?? name
    if (byId && known === '') return 'UNKNOWN_TOPIC_ID'
    if (!authorized('READ', 'TOPIC', known)) return 'TOPIC_AUTHORIZATION_FAILED'
    if (topic) return isReadable(topic, context) ? topic : 'UNSUPPORTED_COMPRESSION_TYPE'
    return byId && cluster.topic(name) ? 'INCONSISTENT_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
  }
}

/** Like Kafka, we ask the topic's config and not the batches: zstd that came as its producers sent it goes to any client (KIP-110). */
function isReadable(topic: Topic, { apiVersion, cluster }: Context): boolean {
  if (apiVersion >= ZSTD_SINCE) return true
  return cluster.topicConfig(topic).get('compression.type') !== 'zstd'
}

/** Which partitions are to be read, and which cannot be. */
class FetchPlan {
  readonly parts: FetchPart[] = []
  /** Of each part the topic as it was asked for. */
  private readonly topics: RequestTopic[] = []
  private readonly refused: { topic: RequestTopic; part: FetchedPart }[] = []
  /** Partitions named so far: the last word on one counts, in the place of the first. */
  private readonly named = new Map<Partition, number>()
  private readonly request: Request
  private readonly context: Context

  constructor(request: Request, context: Context) {
    this.request = request
    this.context = context
    const find = topicFinder(context)
    for (const topic of request.topics) {
      const found = find(topic)
      for (const partition of topic.partitions) this.add(topic, found, partition)
    }
  }

  /** What was read first, then what was refused, as in Kafka. */
  reply({ parts, release }: Reading): Response {
    const session = this.request.sessionEpoch === 0 ? this.createSession() : undefined
    const replies = new TopicReplies(this.context)
    for (const [i, part] of parts.entries()) {
      replies.add(this.topics[i]!, part, this.parts[i]!.partition)
      session?.introduce(this.topics[i]!, part)
    }
    for (const { topic, part } of this.refused) {
      replies.add(topic, part)
      session?.introduce(topic, part)
    }
    return replies.response(session?.id ?? 0, release)
  }

  /** None for a client that is gone. */
  private createSession(): FetchSession | undefined {
    const { context, request } = this
    if (context.cancellation.cancelled) return undefined
    const session = context.partitions.sessions.create({
      isPrivileged: request.replicaId >= 0 || request.replicaState.replicaId >= 0,
      usesTopicIds: usesTopicIds(context),
      size: this.parts.length + this.refused.length,
    })
    session?.update(request.topics, [])
    session?.refresh(topicFinder(context), isCommittedOnly(request.isolationLevel))
    return session
  }

  private add(topic: RequestTopic, found: Topic | ErrorName, asked: RequestPartition): void {
    const isFound = typeof found !== 'string'
    const partition = isFound ? found.partitions[asked.partition] : undefined
    if (!partition) {
      const error = isFound ? 'UNKNOWN_TOPIC_OR_PARTITION' : found
      this.refused.push({ topic, part: unreadPart(asked.partition, error) })
      return
    }
    const part: FetchPart = {
      partition,
      offset: Number(asked.fetchOffset),
      maxBytes: asked.partitionMaxBytes,
      currentLeaderEpoch: asked.currentLeaderEpoch,
      lastFetchedEpoch: asked.lastFetchedEpoch,
    }
    const before = this.named.get(partition)
    if (before !== undefined) {
      this.parts[before] = part
      return
    }
    this.named.set(partition, this.parts.length)
    this.topics.push(topic)
    this.parts.push(part)
  }
}

/** Refused without a look at any log: then Kafka lists no aborted transactions, where it else has no list. */
function unreadPart(partitionIndex: number, errorCode: ErrorName): FetchedPart {
  return { ...refusedPart(partitionIndex, errorCode), abortedTransactions: [] }
}

/** The answer as it grows; a topic stands there as often as another comes between its partitions. */
class TopicReplies {
  private readonly topics: TopicReply[] = []
  private readonly context: Context
  private isHinted = false

  constructor(context: Context) {
    this.context = context
  }

  add({ topic, topicId }: TopicKey, answer: FetchedPart, partition?: Partition): void {
    const part = partition && this.wantsHint(answer) ? this.withLeader(answer, partition) : answer
    const last = this.topics.at(-1)
    if (last && last.topic === topic && last.topicId === topicId) last.partitions.push(part)
    else this.topics.push({ topic, topicId, partitions: [part] })
  }

  response(sessionId: number, release: () => void): Response {
    const nodeEndpoints = this.isHinted ? leaderEndpoints(this.context) : []
    return { errorCode: 'NONE', sessionId, responses: this.topics, nodeEndpoints, release }
  }

  private wantsHint({ errorCode }: FetchedPart): boolean {
    return this.context.apiVersion >= LEADER_HINTS_SINCE && wantsLeaderHint(errorCode)
  }

  private withLeader(answer: FetchedPart, partition: Partition): PartitionReply {
    this.isHinted = true
    return { ...answer, currentLeader: this.context.partitions.leaderOf(partition) }
  }
}
