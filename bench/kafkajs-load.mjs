/**
 * The load of a real client: a kafkajs producer or consumer, in a process of its own. Orders and counts are JSON.
 *
 * orders: { port, kind: 'producer' | 'consumer', topic, ms }. The consumer reads what a producer has left in the topic, from its start on.
 */

import { performance } from 'node:perf_hooks'
import { Kafka, logLevel } from 'kafkajs'

const VALUE_BYTES = 1024
const RECORDS_PER_REQUEST = 200
const REQUESTS_IN_FLIGHT = 5

const orders = JSON.parse(process.argv[2])
const kafka = new Kafka({ brokers: [`127.0.0.1:${orders.port}`], logLevel: logLevel.ERROR })

async function produce({ topic, ms }) {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const value = Buffer.alloc(VALUE_BYTES, 'v')
  const messages = Array.from({ length: RECORDS_PER_REQUEST }, () => ({ value }))
  let records = 0
  const began = performance.now()
  const sendUntilOver = async () => {
    while (performance.now() - began < ms) {
      await producer.send({ topic, messages, acks: -1 })
      records += messages.length
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, sendUntilOver))
  const took = performance.now() - began
  await producer.disconnect()
  return { bytes: records * VALUE_BYTES, ms: took }
}

/** The clock starts with the first batch: joining a group is not throughput. */
async function consume({ topic, ms }) {
  const groupId = `bench-${process.pid}-${Math.random().toString(36).slice(2)}`
  const consumer = kafka.consumer({ groupId, maxBytesPerPartition: 1024 * 1024 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let bytes = 0
  let began = 0
  let took = 0
  await new Promise((resolve, reject) => {
    const eachBatch = async ({ batch }) => {
      if (began === 0) began = performance.now()
      else for (const { value } of batch.messages) bytes += value.length
      took = performance.now() - began
      if (took >= ms || Number(batch.lastOffset()) >= Number(batch.highWatermark) - 1) resolve()
    }
    consumer.run({ eachBatch }).catch(reject)
  })
  await consumer.disconnect()
  return { bytes, ms: took }
}

const counts = await (orders.kind === 'producer' ? produce(orders) : consume(orders))
process.stdout.write(JSON.stringify(counts))
