/** Peers that break every rule, beside a client that must not notice: the process lives on and its memory stays bounded. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Kafka, Producer } from 'kafkajs'
import { seededRandom } from '../src/random.ts'
import { BrokerProcess } from './harness/broker-process.ts'
import { kafkajs, until } from './harness/kafkajs-client.ts'

const MEBIBYTE = 1024 * 1024
const BUDGET_BYTES = 32 * MEBIBYTE
/** What the process may hold beside its budget: Node itself, the tail cache, garbage that is not collected yet. */
const BESIDE_BUDGET_BYTES = 160 * MEBIBYTE

describe('a broker among hostile peers', () => {
  let broker: BrokerProcess
  let kafka: Kafka
  let producer: Producer
  let sockets: Socket[] = []

  beforeAll(async () => {
    const limits = ['-o', `queued.max.request.bytes=${BUDGET_BYTES}`]
    broker = await BrokerProcess.start({
      engine: 'file',
      flags: ['--topic', 'victim:1', ...limits],
    })
    // A client that must not notice gives up soon, and says so.
    kafka = kafkajs(broker.bootstrap, { requestTimeout: 3000 })
    producer = kafka.producer({ retry: { retries: 0 } })
    await producer.connect()
  })
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    sockets = []
  })
  afterAll(async () => {
    await producer?.disconnect()
    await broker?.dispose()
  })

  function open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(broker.port, '127.0.0.1')
      sockets.push(socket)
      socket.once('connect', () => resolve(socket))
      socket.once('error', reject)
    })
  }

  /** Resolves when the broker has closed this connection. */
  function closed(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      socket.on('error', () => {})
      socket.once('close', () => resolve())
      socket.resume()
    })
  }

  /** The other client: a produced message is acknowledged, without a retry. */
  async function others(value: string): Promise<void> {
    const [result] = await producer.send({ topic: 'victim', messages: [{ value }] })
    expect(result!.errorCode).toBe(0)
  }

  function residentBytes(): number {
    const status = readFileSync(`/proc/${broker.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024
  }

  it('closes connections that send random bytes, and no other', async () => {
    const random = seededRandom(7)
    for (let i = 0; i < 200; i++) {
      const socket = await open()
      const end = closed(socket)
      socket.end(random.bytes(1 + random.below(4000)))
      await end
      if (i % 50 === 0) await others(`random ${i}`)
    }
    await others('after random bytes')
  })

  it('closes a connection that claims a negative or an enormous frame', async () => {
    for (const length of [-1, -2_147_483_648, 2_147_483_647, 104_857_601]) {
      const socket = await open()
      const end = closed(socket)
      const frame = Buffer.alloc(64)
      frame.writeInt32BE(length)
      socket.write(frame)
      await end
    }
    await others('after lengths')
  })

  it('closes a connection that speaks HTTP or TLS, and says so', async () => {
    for (const hello of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', '\x16\x03\x01\x02\x00\x01']) {
      const socket = await open()
      const end = closed(socket)
      socket.write(Buffer.from(hello, 'latin1'))
      await end
    }
    await until('a line about HTTP', () => /HTTP/.test(broker.output), 5000)
  })

  it('bears a thousand connections that claim a large frame and send little of it', async () => {
    const before = residentBytes()
    const half = await Promise.all(Array.from({ length: 1000 }, () => open()))
    for (const socket of half) {
      socket.on('error', () => {})
      const start = Buffer.alloc(64)
      start.writeInt32BE(100_000_000)
      socket.write(start)
    }
    for (let i = 0; i < 10; i++) await others(`beside a thousand ${i}`)
    expect(residentBytes() - before).toBeLessThan(BESIDE_BUDGET_BYTES)
  })

  it('does not buffer without limit for a client that never reads', async () => {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'plenty', numPartitions: 1 }] })
    const value = 'x'.repeat(900_000)
    for (let i = 0; i < 40; i++) {
      await producer.send({ topic: 'plenty', messages: [{ value }] })
    }
    const metadata = await admin.fetchTopicMetadata({ topics: ['plenty'] })
    expect(metadata.topics[0]!.partitions).toHaveLength(1)
    await admin.disconnect()
    const fetch = fetchRequest('plenty')
    for (let i = 0; i < 20; i++) {
      const socket = await open()
      socket.on('error', () => {})
      socket.pause()
      for (let j = 0; j < 200; j++) socket.write(fetch)
    }
    for (let i = 0; i < 20; i++) {
      await others(`beside mute readers ${i}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(residentBytes()).toBeLessThan(BUDGET_BYTES + BESIDE_BUDGET_BYTES)
  })

  it('has told of all this in few lines', () => {
    expect(broker.output.split('\n').length).toBeLessThan(400)
  })
})

/** A Fetch v4 for the first 50 MB of a partition. */
function fetchRequest(topic: string): Buffer {
  const name = Buffer.from(topic)
  const frame = Buffer.alloc(4 + 10 + 17 + 4 + 2 + name.length + 4 + 16)
  let at = frame.writeInt32BE(frame.length - 4)
  at = frame.writeInt16BE(1, at)
  at = frame.writeInt16BE(4, at)
  at = frame.writeInt32BE(1, at)
  at = frame.writeInt16BE(-1, at)
  at = frame.writeInt32BE(-1, at)
  at = frame.writeInt32BE(100, at)
  at = frame.writeInt32BE(1, at)
  at = frame.writeInt32BE(50_000_000, at)
  at = frame.writeInt8(0, at)
  at = frame.writeInt32BE(1, at)
  at = frame.writeInt16BE(name.length, at)
  at += name.copy(frame, at)
  at = frame.writeInt32BE(1, at)
  at = frame.writeInt32BE(0, at)
  at = frame.writeBigInt64BE(0n, at)
  frame.writeInt32BE(50_000_000, at)
  return frame
}
