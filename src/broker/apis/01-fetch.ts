/** Record batches of partitions, from given offsets on, waiting for new ones where the client says so. */

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
/** The first version whose clients know zstd (KIP-110). */
const ZSTD_SINCE = 10

export const fetch = handler<typeof Fetch>({
  api: Fetch,
  versions: '4-18',

  handle(request, context) {
    // KIP-227: we keep no sessions yet, so that an increment to one is always to one that we do not know.
    if (!isFullFetch(request)) {
      return { errorCode: 'FETCH_SESSION_ID_NOT_FOUND', sessionId: 0, responses: [] }
    }
    const plan = new FetchPlan(request, context)
    const terms = termsOf(request, context)
    const reading = context.partitions.fetch(plan.parts, terms, context.cancellation)
    return reading instanceof Promise ? reading.then((it) => plan.reply(it)) : plan.reply(reading)
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

/** Session epoch 0 asks for everything and would like a session, -1 for everything without one. */
function isFullFetch({ sessionEpoch }: Request): boolean {
  return sessionEpoch === 0 || sessionEpoch === -1
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

/** Which partitions are to be read, and which cannot be. */
class FetchPlan {
  readonly parts: FetchPart[] = []
  /** Of each part the topic as it was asked for. */
  private readonly topics: RequestTopic[] = []
  private readonly refused: { topic: RequestTopic; part: FetchedPart }[] = []
  /** Partitions named so far: the last word on one counts, in the place of the first. */
  private readonly named = new Map<Partition, number>()
  private readonly context: Context

  constructor(request: Request, context: Context) {
    this.context = context
    for (const topic of request.topics) {
      const found = this.find(topic)
      for (const partition of topic.partitions) this.add(topic, found, partition)
    }
  }

  /** What was read first, then what was refused, as in Kafka; a topic stands there as often as another comes between its partitions. */
  reply({ parts, release }: Reading): Response {
    const responses: TopicReply[] = []
    let hinted = false
    for (const [i, read] of parts.entries()) {
      const part = this.isReadable(i)
        ? read
        : refusedPart(read.partitionIndex, 'UNSUPPORTED_COMPRESSION_TYPE')
      const isHinted = this.hints && wantsLeaderHint(part.errorCode)
      hinted ||= isHinted
      addTo(responses, this.topics[i]!, isHinted ? this.withLeader(part, i) : part)
    }
    for (const { topic, part } of this.refused) addTo(responses, topic, part)
    const nodeEndpoints = hinted ? leaderEndpoints(this.context) : []
    return { errorCode: 'NONE', sessionId: 0, responses, nodeEndpoints, release }
  }

  /** Like Kafka, we ask the topic's config and not the batches: zstd that came as its producers sent it goes to any client. */
  private isReadable(i: number): boolean {
    const { apiVersion, cluster } = this.context
    if (apiVersion >= ZSTD_SINCE) return true
    const { topic } = this.parts[i]!.partition
    return cluster.topicConfig(topic).get('compression.type') !== 'zstd'
  }

  private get hints(): boolean {
    return this.context.apiVersion >= LEADER_HINTS_SINCE
  }

  private withLeader(part: FetchedPart, i: number): PartitionReply {
    return { ...part, currentLeader: this.context.partitions.leaderOf(this.parts[i]!.partition) }
  }

  private find({ topic: name, topicId }: RequestTopic): Topic | ErrorName {
    const { apiVersion, cluster, authorized } = this.context
    const byId = apiVersion >= TOPIC_IDS_SINCE
    const topic = byId ? cluster.topicById(topicId) : cluster.topic(name)
    if (byId && !topic) return 'UNKNOWN_TOPIC_ID'
    if (!authorized('READ', 'TOPIC', topic?.name ?? name)) return 'TOPIC_AUTHORIZATION_FAILED'
    return topic ?? 'UNKNOWN_TOPIC_OR_PARTITION'
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

function addTo(
  replies: TopicReply[],
  { topic, topicId }: RequestTopic,
  partition: PartitionReply,
): void {
  const last = replies.at(-1)
  if (last && last.topic === topic && last.topicId === topicId) last.partitions.push(partition)
  else replies.push({ topic, topicId, partitions: [partition] })
}
