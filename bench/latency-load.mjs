/**
 * A load at a given rate, and how long each of its requests or records takes. A process of its own; orders and figures are JSON.
 *
 * orders: { port, kind: 'produce' | 'endToEnd', topic, batchBytes, perSecond, warmupMs, ms }
 * produce: from the write of a request to its reply. endToEnd: from the write of a record to its coming in a fetch that was parked.
 */

import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { errorCodeAt, fetchFrame, produceFrame, recordBatch, singleRecordBatch } from './frames.mjs'

const FETCH_BYTES = 1024 * 1024
const FETCH_WAIT_MS = 500
const BATCH_HEADER_BYTES = 61
/** Of a record without key and headers whose value has less than 64 bytes: before the value, and behind it. */
const VALUE_AT = BATCH_HEADER_BYTES + 6
/** Between two looks at what is due. */
const TICK_MS = 1

/** A connection that hands over whole replies, from behind their length on. */
function connect(port, onReply) {
  let left = Buffer.alloc(0)
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('data', (bytes) => {
    left = left.length === 0 ? bytes : Buffer.concat([left, bytes])
    while (left.length >= 4 && left.length >= 4 + left.readInt32BE(0)) {
      const end = 4 + left.readInt32BE(0)
      const reply = left.subarray(4, end)
      left = left.subarray(end)
      onReply(reply)
    }
  })
  socket.on('error', ({ message }) => fail(`the connection broke: ${message}`))
  socket.on('close', () => fail('the server closed the connection'))
  return new Promise((resolve) => socket.on('connect', () => resolve(socket)))
}

function fail(text) {
  process.stderr.write(`latency load: ${text}\n`)
  process.exit(1)
}

function assertNoError(apiKey, reply, topic) {
  const code = reply.readInt16BE(errorCodeAt(apiKey, topic))
  if (code !== 0) fail(`a reply has error code ${code}`)
}

/** Calls `send` so often a second, as evenly as a timer allows, until the time is over. */
async function atRate({ perSecond, warmupMs, ms }, send) {
  const began = performance.now()
  let sent = 0
  for (;;) {
    const elapsed = performance.now() - began
    if (elapsed >= warmupMs + ms) return
    for (; sent < (elapsed / 1000) * perSecond; sent++) send(elapsed >= warmupMs)
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
}

async function produce(orders) {
  const found = []
  const underWay = []
  const socket = await connect(orders.port, (reply) => {
    const { sentAt, isMeasured } = underWay.shift()
    if (isMeasured) found.push(performance.now() - sentAt)
    assertNoError(0, reply, orders.topic)
  })
  const frame = produceFrame(orders.topic, recordBatch(orders.batchBytes).bytes)
  await atRate(orders, (isMeasured) => {
    underWay.push({ sentAt: performance.now(), isMeasured })
    socket.write(frame)
  })
  while (underWay.length > 0) await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  return found
}

/** Where the records of the one partition lie in a reply to `fetchFrame`. */
function recordsOf(reply, topic) {
  const abortedAt = errorCodeAt(1, topic) + 2 + 3 * 8
  const aborted = Math.max(0, reply.readInt32BE(abortedAt))
  const sizeAt = abortedAt + 4 + aborted * 16 + 4
  return reply.subarray(sizeAt + 4, sizeAt + 4 + Math.max(0, reply.readInt32BE(sizeAt)))
}

async function endToEnd(orders) {
  const { port, topic } = orders
  const found = []
  let offset = 0
  let sent = 0
  const take = (reply) => {
    const now = performance.now()
    assertNoError(1, reply, topic)
    for (let rest = recordsOf(reply, topic); rest.length > BATCH_HEADER_BYTES; offset++) {
      const sentAt = rest.readDoubleBE(VALUE_AT)
      // What is sent while it warms up has no time.
      if (sentAt > 0) found.push(now - sentAt)
      rest = rest.subarray(12 + rest.readInt32BE(8))
    }
    consumer.write(fetchFrame(topic, offset, FETCH_BYTES, FETCH_WAIT_MS))
  }
  const consumer = await connect(port, take)
  const producer = await connect(port, (reply) => assertNoError(0, reply, topic))
  consumer.write(fetchFrame(topic, offset, FETCH_BYTES, FETCH_WAIT_MS))
  await atRate(orders, (isMeasured) => {
    sent++
    const value = Buffer.alloc(32)
    const frameOf = (time) => {
      value.writeDoubleBE(time)
      return produceFrame(topic, singleRecordBatch(value).bytes)
    }
    producer.write(frameOf(isMeasured ? performance.now() : 0))
  })
  while (offset < sent) await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  return found
}

const orders = JSON.parse(process.argv[2])
const found = (await (orders.kind === 'produce' ? produce(orders) : endToEnd(orders))).toSorted(
  (a, b) => a - b,
)
const quantile = (q) => found[Math.min(found.length - 1, Math.floor(q * found.length))]
const figures = { p50Ms: quantile(0.5), p99Ms: quantile(0.99), count: found.length }
process.stdout.write(JSON.stringify(figures), () => process.exit(0))
