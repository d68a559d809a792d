/** Fetch requests as tests write them, and answers as tests read them. */

import { produce } from '../../../src/broker/apis/00-produce.ts'
import { fetch } from '../../../src/broker/apis/01-fetch.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { Request } from '../../../src/broker/network/request.ts'
import type { Fetch } from '../../../src/protocol/messages/01-fetch.ts'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import type { ResponseOutput } from '../../../src/protocol/schema.ts'
import { type BrokerUnderTest, settled } from './fixture.ts'

export interface Part {
  topic?: string
  topicId?: string
  partition?: number
  offset?: number
  maxBytes?: number
  currentLeaderEpoch?: number
  lastFetchedEpoch?: number
}

export interface Terms {
  version?: number
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  isolationLevel?: number
  sessionId?: number
  sessionEpoch?: number
  forgottenTopicsData?: { topic?: string; topicId?: string; partitions: number[] }[]
}

/** Each part as a topic of its own, as a request may well have it. */
export function fetchRequest(parts: Part[], terms: Terms = {}) {
  const { maxWaitMs = 0, minBytes = 1, maxBytes = 1e6, version: _, ...rest } = terms
  const topics = parts.map(
    ({
      topic = 't',
      topicId,
      partition = 0,
      offset = 0,
      maxBytes: partitionMaxBytes = 1e6,
      ...epochs
    }) => ({
      ...(topicId === undefined ? { topic } : { topicId }),
      partitions: [{ partition, fetchOffset: offset, partitionMaxBytes, ...epochs }],
    }),
  )
  return { maxWaitMs, minBytes, maxBytes, topics, ...rest }
}

export type FetchReply = ResponseOutput<typeof Fetch>

/** A fetch under way. */
export class Asked {
  reply: FetchReply | undefined
  readonly cancellation = new Request(Buffer.alloc(0), 0, false, undefined)
  readonly answer: Promise<FetchReply>

  constructor(broker: BrokerUnderTest, parts: Part[], terms: Terms = {}) {
    const { version = 12 } = terms
    const asked = broker.ask(fetch, version, fetchRequest(parts, terms), this.cancellation)
    this.answer = asked.then((reply) => {
      if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
      this.reply = reply
      return reply
    })
  }

  /** Whether it still waits when everything that can happen without it has happened. */
  async isParked(): Promise<boolean> {
    await settled()
    return this.reply === undefined
  }
}

/** What is answered for each part, flat. */
export async function fetched(broker: BrokerUnderTest, parts: Part[], terms: Terms = {}) {
  const { responses } = await new Asked(broker, parts, terms).answer
  return responses.flatMap(({ partitions }) => partitions)
}

export function baseOffsets(records: Buffer | null): number[] {
  return [...batchesIn(records ?? Buffer.alloc(0))].map(({ baseOffset }) => baseOffset)
}

export async function write(
  broker: BrokerUnderTest,
  records: Buffer,
  partition = 0,
  topic = 't',
): Promise<void> {
  const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }]
  const reply = await broker.ask(produce, 9, { acks: -1, timeoutMs: 5000, topicData })
  const code = reply && reply !== CLOSE && reply.responses[0]?.partitionResponses[0]?.errorCode
  if (code !== 'NONE') throw new Error(`Writing failed: ${String(code)}`)
}
