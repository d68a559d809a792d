/** Record batches into partitions, one for each, answered by the offsets that they were given. */

import type { ErrorName } from '../../protocol/errors.ts'
import { Produce } from '../../protocol/messages/00-produce.ts'
import {
  ATTRIBUTES,
  HEADER_SIZE,
  MAGIC,
  MAGIC_OFFSET,
  TRANSACTIONAL_FLAG,
} from '../../protocol/records/batch-view.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import type { Partition, Topic } from '../cluster/topic.ts'
import { CLOSE, type Context, handler, type Reply } from '../handler.ts'
import { refusedWrite, type Write, type WriteResult } from '../partitions/append.ts'
import { type LeaderHint, leaderEndpoints, wantsLeaderHint } from '../partitions/leader-hint.ts'

type Request = RequestOf<typeof Produce>
type RequestTopic = Request['topicData'][number]
type RequestPartition = RequestTopic['partitionData'][number]

interface TopicReply {
  name: string
  topicId: string
  partitionResponses: (WriteResult & { currentLeader?: LeaderHint })[]
}

interface Refusal {
  error: ErrorName
  message?: string
}

const NO_ACK = 0
const KNOWN_ACKS = [-1, NO_ACK, 1]
const LEADER_HINTS_SINCE = 10
const TOPIC_IDS_SINCE = 13

export const produce = handler<typeof Produce>({
  api: Produce,
  versions: '0-13',
  pipelined: true,
  repliesTo: ({ acks }) => acks !== NO_ACK,

  handle(request, context) {
    const plan = new ProducePlan(request, context)
    if (plan.writes.length === 0) return plan.reply([])
    const terms = { version: context.apiVersion, transactional: false, now: context.clock.now() }
    return context.partitions.append(plan.writes, terms).then((results) => plan.reply(results))
  },

  fail: ({ topicData }, errorCode, message) => ({
    responses: topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) =>
        refusedWrite(index, errorCode, message ?? undefined),
      ),
    })),
  }),
})

/** What is to be written, and where in the reply each result goes. */
class ProducePlan {
  readonly writes: Write[] = []
  private readonly places: { results: TopicReply['partitionResponses']; at: number }[] = []
  private readonly topics: TopicReply[] = []
  private refused = false
  private readonly acks: number
  private readonly context: Context

  constructor(request: Request, context: Context) {
    this.acks = request.acks
    this.context = context
    const refusal = refuseTransaction(request)
    for (const topic of request.topicData) {
      const found = refusal ?? this.find(topic)
      const partitionResponses: TopicReply['partitionResponses'] = []
      this.topics.push({ name: topic.name, topicId: topic.topicId, partitionResponses })
      for (const asked of topic.partitionData) this.add(asked, found, partitionResponses)
    }
  }

  reply(results: readonly WriteResult[]): Reply<typeof Produce> {
    let hinted = false
    for (const [i, result] of results.entries()) {
      const place = this.places[i]!
      place.results[place.at] = result
      if (result.errorCode === 'NONE') continue
      this.refused = true
      if (wantsLeaderHint(result.errorCode) && this.context.apiVersion >= LEADER_HINTS_SINCE) {
        const currentLeader = this.context.partitions.leaderOf(this.writes[i]!.partition)
        place.results[place.at] = { ...result, currentLeader }
        hinted = true
      }
    }
    // Whoever wants no answer learns of an error by losing the connection: its client then looks for the leader again.
    if (this.acks === NO_ACK) return this.refused ? CLOSE : undefined
    return { responses: this.topics, nodeEndpoints: hinted ? leaderEndpoints(this.context) : [] }
  }

  private find({ name, topicId }: RequestTopic): Topic | Refusal {
    const { apiVersion, cluster, authorized } = this.context
    const byId = apiVersion >= TOPIC_IDS_SINCE
    const topic = byId ? cluster.topicById(topicId) : cluster.topic(name)
    if (byId && !topic) return { error: 'UNKNOWN_TOPIC_ID' }
    if (!authorized('WRITE', 'TOPIC', topic?.name ?? name)) {
      return { error: 'TOPIC_AUTHORIZATION_FAILED' }
    }
    return topic ?? { error: 'UNKNOWN_TOPIC_OR_PARTITION' }
  }

  private add(
    { index, records }: RequestPartition,
    found: Topic | Refusal,
    results: TopicReply['partitionResponses'],
  ): void {
    const partition = 'error' in found ? undefined : found.partitions[index]
    const refusal = 'error' in found ? found : this.refuse(partition)
    if (refusal || !partition) {
      this.refused = true
      results.push(refusedWrite(index, refusal!.error, refusal!.message))
      return
    }
    this.places.push({ results, at: results.length })
    this.writes.push({ partition, records })
    results.push(PENDING)
  }

  private refuse(partition: Partition | undefined): Refusal | undefined {
    if (!partition) return { error: 'UNKNOWN_TOPIC_OR_PARTITION' }
    if (!KNOWN_ACKS.includes(this.acks)) return { error: 'INVALID_REQUIRED_ACKS' }
    if (partition.topic.internal) return { error: 'INVALID_TOPIC_EXCEPTION' }
    return undefined
  }
}

/** Holds the place of a result until the append is over. */
const PENDING: WriteResult = refusedWrite(-1, 'UNKNOWN_SERVER_ERROR')

/** Transactions are not served yet: what would be part of one is refused as a whole, before anything is written. */
function refuseTransaction({ transactionalId, topicData }: Request): Refusal | undefined {
  const transactional = topicData.some(({ partitionData }) =>
    partitionData.some(({ records }) => (attributesOf(records) & TRANSACTIONAL_FLAG) !== 0),
  )
  if (!transactional && transactionalId === null) return undefined
  if (transactionalId === null) return { error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' }
  return { error: 'INVALID_TXN_STATE', message: 'This broker does not serve transactions yet.' }
}

/** The attributes of the first batch; 0 where there is none of magic 2. */
function attributesOf(records: Buffer | null): number {
  if (!records || records.length < HEADER_SIZE || records[MAGIC_OFFSET] !== MAGIC) return 0
  return records.readInt16BE(ATTRIBUTES)
}
