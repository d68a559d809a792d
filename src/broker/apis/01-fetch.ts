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
import { type LeaderHint, leaderEndpoints, wantsLeaderHint } from '../partitions/leader-hint.ts'

type Request = RequestOf<typeof Fetch>
type RequestTopic = Request['topics'][number]
type RequestPartition = RequestTopic['partitions'][number]

/** A reply that lends buffers until it is sent. */
type Response = ResponseOf<typeof Fetch> & { release?: () => void }

interface TopicReply {
  topic: string
  topicId: string
  partitions: (FetchedPart & { currentLeader?: LeaderHint })[]
}

const READ_COMMITTED = 1
const TOPIC_IDS_SINCE = 13
const LEADER_HINTS_SINCE = 16

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
      partitions: partitions.map(({ partition }) => refusedPart(partition, errorCode)),
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
    committedOnly: request.isolationLevel === READ_COMMITTED,
  }
}

/** Which partitions are to be read, and where in the reply each answer goes. */
class FetchPlan {
  readonly parts: FetchPart[] = []
  private readonly places: { reply: TopicReply; at: number }[] = []
  /** Partitions named so far: the last word on one counts, in the place of the first. */
  private readonly named = new Map<Partition, number>()
  private readonly topics: TopicReply[] = []
  private readonly context: Context

  constructor(request: Request, context: Context) {
    this.context = context
    for (const topic of request.topics) this.addTopic(topic)
  }

  reply({ parts, release }: Reading): Response {
    let hinted = false
    for (const [i, part] of parts.entries()) {
      const { reply, at } = this.places[i]!
      reply.partitions[at] = part
      if (wantsLeaderHint(part.errorCode) && this.context.apiVersion >= LEADER_HINTS_SINCE) {
        const currentLeader = this.context.partitions.leaderOf(this.parts[i]!.partition)
        reply.partitions[at] = { ...part, currentLeader }
        hinted = true
      }
    }
    const nodeEndpoints = hinted ? leaderEndpoints(this.context) : []
    return { errorCode: 'NONE', sessionId: 0, responses: this.topics, nodeEndpoints, release }
  }

  private addTopic(asked: RequestTopic): void {
    const reply: TopicReply = { topic: asked.topic, topicId: asked.topicId, partitions: [] }
    const found = this.find(asked)
    for (const partition of asked.partitions) this.addPartition(reply, found, partition)
    if (reply.partitions.length > 0) this.topics.push(reply)
  }

  private find({ topic: name, topicId }: RequestTopic): Topic | ErrorName {
    const { apiVersion, cluster, authorized } = this.context
    const byId = apiVersion >= TOPIC_IDS_SINCE
    const topic = byId ? cluster.topicById(topicId) : cluster.topic(name)
    if (byId && !topic) return 'UNKNOWN_TOPIC_ID'
    if (!authorized('READ', 'TOPIC', topic?.name ?? name)) return 'TOPIC_AUTHORIZATION_FAILED'
    return topic ?? 'UNKNOWN_TOPIC_OR_PARTITION'
  }

  private addPartition(reply: TopicReply, found: Topic | ErrorName, asked: RequestPartition): void {
    if (typeof found === 'string') {
      reply.partitions.push(refusedPart(asked.partition, found))
      return
    }
    const partition = found.partitions[asked.partition]
    if (!partition) {
      reply.partitions.push(refusedPart(asked.partition, 'UNKNOWN_TOPIC_OR_PARTITION'))
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
    this.places.push({ reply, at: reply.partitions.length })
    this.parts.push(part)
    // Stands in until the partition is read.
    reply.partitions.push(refusedPart(partition.index, 'UNKNOWN_SERVER_ERROR'))
  }
}
