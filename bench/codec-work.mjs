/**
 * What the codec rows do again and again: decode and encode the same bytes, ours and kafkajs's, which decodes responses and encodes
 * requests alone. Each side gives what the other gives: a Fetch is decoded down to its records, a Produce encoded from them.
 */

import { createRequire } from 'node:module'
import {
  batchesIn,
  buildBatch,
  decodeRequest,
  decodeResponse,
  Fetch,
  iterateRecords,
  Metadata,
  Produce,
  Reader,
  requestFrame,
  responseFrame,
} from '../dist/protocol.js'

const load = createRequire(import.meta.url)
const kafkajs = (folder, version) =>
  load(`kafkajs/src/protocol/requests/${folder}/v${version}/response`)
const kafkajsRequest = (folder, version) =>
  load(`kafkajs/src/protocol/requests/${folder}/v${version}/request`)

/** The newest versions that kafkajs knows. */
const PRODUCE = 7
const FETCH = 11
const METADATA = 6

const RECORDS = 100
const PARTITIONS = 1000
const TOPIC = 'orders'
const ORIGIN = { correlationId: 1, clientId: 'bench' }
const TIME = 1_700_000_000_000
/** Before the body of a request: size, API, version and correlation id, client id. */
const REQUEST_HEAD = 4 + 8 + 2 + ORIGIN.clientId.length
/** Before the body of a response: size and correlation id. */
const RESPONSE_HEAD = 8

const values = Array.from({ length: RECORDS }, (_, i) => ({
  key: Buffer.from(`key-${i}`),
  value: Buffer.alloc(100, 65 + (i % 26)),
}))

const produceRequest = (records) => ({
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
})

function builtBatch() {
  return buildBatch(values.map((record) => ({ ...record, timestamp: TIME }))).bytes
}

const batch = builtBatch()
const produceBody = body(
  requestFrame(Produce, PRODUCE, ORIGIN, produceRequest(batch)),
  REQUEST_HEAD,
)
const produceReply = {
  responses: [
    { name: TOPIC, partitionResponses: [{ index: 0, errorCode: 'NONE', baseOffset: 7 }] },
  ],
}
const fetchRequest = {
  replicaId: -1,
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 1_048_576,
  topics: [
    { topic: TOPIC, partitions: [{ partition: 0, fetchOffset: 7, partitionMaxBytes: 1_048_576 }] },
  ],
}
const fetchReply = {
  responses: [
    {
      topic: TOPIC,
      partitions: [
        {
          partitionIndex: 0,
          errorCode: 'NONE',
          highWatermark: RECORDS,
          lastStableOffset: RECORDS,
          abortedTransactions: [],
          records: batch,
        },
      ],
    },
  ],
}
const metadataReply = {
  brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: `broker-${nodeId}.local`, port: 9092 })),
  clusterId: 'benchmark',
  controllerId: 1,
  topics: Array.from({ length: PARTITIONS / 10 }, (_, topic) => ({
    errorCode: 'NONE',
    name: `topic-${topic}`,
    partitions: Array.from({ length: 10 }, (_, partitionIndex) => ({
      errorCode: 'NONE',
      partitionIndex,
      leaderId: 1 + (partitionIndex % 3),
      replicaNodes: [1, 2, 3],
      isrNodes: [1, 2, 3],
    })),
  })),
}

/** What of a frame kafkajs calls its body. */
function body(chunks, from) {
  return Buffer.concat(chunks).subarray(from)
}

const replyBody = (api, version, reply) =>
  body(responseFrame(api, version, 1, reply), RESPONSE_HEAD)

function responseWork(api, version, folder, reply, use = (decoded) => decoded) {
  const bytes = replyBody(api, version, reply)
  const { decode } = kafkajs(folder, version)
  return {
    odradek: () => use(decodeResponse(api, version, new Reader(bytes))),
    kafkajs: () => decode(bytes),
  }
}

/** All records of a decoded Fetch. */
function recordsOf({ responses }) {
  const records = []
  for (const { partitions } of responses) {
    for (const partition of partitions) {
      for (const found of batchesIn(partition.records)) records.push(...iterateRecords(found))
    }
  }
  return records
}

/** By row: one round of it, on each side that can do it. A round may be a promise. */
export const codecWork = {
  'encode Produce, 100 records': {
    odradek: () => requestFrame(Produce, PRODUCE, ORIGIN, produceRequest(builtBatch())),
    kafkajs: () =>
      kafkajsRequest(
        'produce',
        PRODUCE,
      )({
        acks: -1,
        timeout: 30_000,
        topicData: [
          {
            topic: TOPIC,
            partitions: [
              { partition: 0, messages: values.map((record) => ({ ...record, timestamp: TIME })) },
            ],
          },
        ],
      }).encode(),
  },
  'decode Produce': {
    odradek: () => decodeRequest(Produce, PRODUCE, new Reader(produceBody)),
  },
  'encode Produce reply': {
    odradek: () => responseFrame(Produce, PRODUCE, 1, produceReply),
  },
  'decode Produce reply': responseWork(Produce, PRODUCE, 'produce', produceReply),
  'encode Fetch': {
    odradek: () => requestFrame(Fetch, FETCH, ORIGIN, fetchRequest),
    kafkajs: () =>
      kafkajsRequest(
        'fetch',
        FETCH,
      )({
        replicaId: -1,
        maxWaitTime: 500,
        minBytes: 1,
        maxBytes: 1_048_576,
        topics: [
          {
            topic: TOPIC,
            partitions: [{ partition: 0, fetchOffset: '7', maxBytes: 1_048_576 }],
          },
        ],
      }).encode(),
  },
  'encode Fetch reply': { odradek: () => responseFrame(Fetch, FETCH, 1, fetchReply) },
  'decode Fetch reply, 100 records': responseWork(Fetch, FETCH, 'fetch', fetchReply, recordsOf),
  'encode Metadata, 1,000 partitions': {
    odradek: () => responseFrame(Metadata, METADATA, 1, metadataReply),
  },
  'decode Metadata, 1,000 partitions': responseWork(Metadata, METADATA, 'metadata', metadataReply),
}
