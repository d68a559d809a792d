/**
 * The load: sends prebuilt frames and counts reply frames, which it never decodes, but for the error code of the first.
 * A process of its own; takes its orders as JSON, prints its counts as JSON.
 *
 * orders: { port, kind: 'produce' | 'fetch' | 'roundTrip', topic, batchBytes, batches, connections, window, warmupMs, ms, requests, checked }
 * `requests` instead of `ms`: exactly so many, unmeasured (to fill a topic). `partitions`: a producer's batches go round its share of
 * so many partitions. `codec`: they are compressed.
 */

import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { batchOf, loadCodecs } from './batches.mjs'
import { apiVersionsFrame, errorCodeAt, fetchFrame, produceFrame } from './frames.mjs'

const READ_BUFFER_BYTES = 256 * 1024

/** What is sent, over and over: `window` frames or more in a row, so that many leave in one write. */
function repeatedFrames({ kind, topic, batchBytes, batches, window, codec }) {
  if (kind === 'roundTrip') return repeated([apiVersionsFrame()], window)
  const batch = batchOf(batchBytes, codec)
  if (kind === 'produce') return repeated([produceFrame(topic, batch.bytes)], window)
  const frames = Array.from({ length: batches }, (_, i) =>
    fetchFrame(topic, i * batch.count, batch.bytes.length),
  )
  return repeated(frames, window)
}

function repeated(frames, atLeast) {
  const rounds = Math.ceil(atLeast / frames.length)
  const each = frames[0].length
  return { bytes: Buffer.concat(Array.from({ length: rounds }, () => frames).flat()), each }
}

/** For each connection what it sends in turn: heads that differ by partition, before one batch that all share. */
function partitionedFrames({ topic, batchBytes, connections, partitions, codec }) {
  const batch = batchOf(batchBytes, codec).bytes
  const headOf = (partition) => {
    const frame = produceFrame(topic, batch, partition)
    return frame.subarray(0, frame.length - batch.length)
  }
  return Array.from({ length: connections }, (_, connection) => {
    const share = Math.max(1, Math.floor(partitions / connections))
    const first = (connection * share) % partitions
    return { heads: Array.from({ length: share }, (__, i) => headOf(first + i)), batch }
  })
}

class Connection {
  replies = 0
  bytes = 0
  at = 0
  left = 0
  lengthBytes = 0
  length = 0
  firstLength = 0
  odd = 0

  constructor(orders, frames, onReplies) {
    this.orders = orders
    this.frames = frames
    this.onReplies = onReplies
    const buffer = Buffer.alloc(READ_BUFFER_BYTES)
    const callback = (length) => {
      this.take(buffer.subarray(0, length))
      return true
    }
    this.socket = net.connect({
      port: orders.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback },
    })
    this.socket.on('error', (error) => fail(`the connection broke: ${error.message}`))
    this.socket.on('close', () => fail('the server closed the connection'))
  }

  /** Sends so many frames, in as few writes as they lie together. */
  send(count) {
    if (this.frames.heads) return this.sendParts(count)
    let bytesLeft = count * this.frames.each
    while (bytesLeft > 0) {
      const end = Math.min(this.at + bytesLeft, this.frames.bytes.length)
      this.socket.write(this.frames.bytes.subarray(this.at, end))
      bytesLeft -= end - this.at
      this.at = end === this.frames.bytes.length ? 0 : end
    }
  }

  sendParts(count) {
    const { heads, batch } = this.frames
    this.socket.cork()
    for (let i = 0; i < count; i++) {
      this.socket.write(heads[this.at++ % heads.length])
      this.socket.write(batch)
    }
    this.socket.uncork()
  }

  take(bytes) {
    this.bytes += bytes.length
    let ended = 0
    for (let at = 0; at < bytes.length; ) {
      if (this.lengthBytes < 4) {
        this.length = this.length * 256 + bytes[at++]
        if (++this.lengthBytes === 4) this.begin(bytes, at)
        continue
      }
      const taken = Math.min(this.left, bytes.length - at)
      at += taken
      this.left -= taken
      if (this.left > 0) break
      this.lengthBytes = 0
      this.length = 0
      ended++
    }
    if (ended === 0) return
    this.replies += ended
    this.onReplies(this, ended)
  }

  begin(bytes, at) {
    this.left = this.length
    if (this.firstLength === 0) {
      this.firstLength = this.length
      this.check(bytes.subarray(at))
    } else if (this.length !== this.firstLength) this.odd++
  }

  check(body) {
    const { checked, kind, topic } = this.orders
    if (!checked || kind === 'roundTrip') return
    const code = body.readInt16BE(errorCodeAt(kind === 'produce' ? 0 : 1, topic))
    if (code !== 0) fail(`the first reply has error code ${code}`)
  }
}

function fail(text) {
  process.stderr.write(`generator: ${text}\n`)
  process.exit(1)
}

/** Replies of all connections so far. */
const total = (connections) => connections.reduce((sum, { replies }) => sum + replies, 0)

function finish(result) {
  process.stdout.write(JSON.stringify(result), () => process.exit(0))
}

function run(orders) {
  const frames = orders.partitions
    ? partitionedFrames(orders)
    : Array(orders.connections).fill(repeatedFrames(orders))
  let stopped = false
  let toSend = orders.requests ?? Infinity
  const send = (connection, count) => {
    const now = Math.min(count, toSend)
    toSend -= now
    if (now > 0) connection.send(now)
  }
  const connections = Array.from(
    { length: orders.connections },
    (_, i) => new Connection(orders, frames[i], answered),
  )

  function answered(connection, count) {
    if (!stopped) send(connection, count)
    if (orders.requests !== undefined && total(connections) >= orders.requests)
      finish({ replies: orders.requests })
  }

  for (const connection of connections)
    connection.socket.on('connect', () => send(connection, orders.window))
  if (orders.requests !== undefined) return
  setTimeout(() => {
    const began = { at: performance.now(), replies: total(connections), cpu: process.cpuUsage() }
    setTimeout(() => {
      stopped = true
      const ms = performance.now() - began.at
      const cpu = process.cpuUsage(began.cpu)
      const odd = connections.reduce((sum, connection) => sum + connection.odd, 0)
      const busy = (cpu.user + cpu.system) / 1000 / ms
      finish({ ms, replies: total(connections) - began.replies, busy, odd })
    }, orders.ms)
  }, orders.warmupMs)
}

const orders = JSON.parse(process.argv[2])
if (orders.codec) await loadCodecs()
run(orders)
