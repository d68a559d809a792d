/** Real sockets: the reused read buffer, a crowd of half-open connections, and a client that never reads. */

import { connect, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Listener } from '../../../src/broker/network/listener.ts'
import { Park, Ping, Put, settled, Take, TestClient, Wire, type WireOptions } from './wire.ts'

let wire: Wire
let listener: Listener
let clients: TestClient[]
let accepted: Socket[]
/** Done to each socket before the broker has it. */
let prepare: (socket: Socket) => void

async function start(options: WireOptions = {}): Promise<void> {
  wire = new Wire(options)
  listener = await Listener.open({ name: 'A', host: '127.0.0.1', port: 0 }, (socket, name) => {
    accepted.push(socket)
    prepare(socket)
    wire.connections.acceptSocket(socket, name)
  })
}

async function dial(): Promise<TestClient> {
  const socket = connect({ host: '127.0.0.1', port: listener.port })
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const client = new TestClient(socket, socket)
  clients.push(client)
  return client
}

/** Lets the loop turn until it is so; the test's own time limit is the only other end. */
async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await settled(1)
}

beforeEach(() => {
  clients = []
  accepted = []
  prepare = () => {}
})

afterEach(async () => {
  for (const { stream } of clients) stream.destroy()
  await until(() => wire.connections.size === 0)
  await listener.close()
  expect(wire.budget.used).toBe(0)
})

describe('the reused read buffer', () => {
  it('is in use with this version of Node', async () => {
    await start()
    const client = await dial()
    await until(() => accepted.length === 1)
    const events = accepted[0]!.listenerCount('data')
    client.send(Ping, { text: 'hello' })
    await until(() => client.ids.length === 1)
    expect(events).toBe(0)
  })

  it('serves requests of all sizes from several sockets at once, byte for byte', async () => {
    await start({ maxFrameBytes: 10_000_000 })
    const sizes = [1, 100, 5000, 16_384, 65_531, 65_536, 200_000, 1_000_000, 3_000_000, 7]
    const three = [await dial(), await dial(), await dial()]
    for (const [at, client] of three.entries()) {
      for (const size of sizes) {
        client.send(Put, { tag: at * 10_000_000 + size, payload: Buffer.alloc(size, size + at) })
      }
    }
    let answered = 0
    while (answered < three.length * sizes.length) {
      await settled(1)
      for (const call of wire.calls.splice(0)) {
        const { tag, payload } = call
        const size = tag % 10_000_000
        const at = Math.floor(tag / 10_000_000)
        expect(payload.equals(Buffer.alloc(size, size + at))).toBe(true)
        call.answer()
        answered++
      }
    }
    await until(() => three.every(({ ids }) => ids.length === sizes.length))
    expect(three[0]!.ids).toEqual(sizes.map((_, at) => at + 1))
  })

  it('keeps the bytes of a request that waits while others come', async () => {
    await start()
    const [first, second] = [await dial(), await dial()]
    first.send(Put, { tag: 1, payload: Buffer.alloc(500, 'a') })
    await until(() => wire.calls.length === 1)
    for (let tag = 2; tag < 500; tag++) second.send(Put, { tag, payload: Buffer.alloc(500, 'b') })
    await until(() => wire.calls.length === 499)
    expect(wire.calls[0]!.payload.toString()).toBe('a'.repeat(500))
    for (const call of wire.calls.splice(0)) call.answer()
    await until(() => second.ids.length === 498)
  })

  it('is done without where a socket is not as expected', async () => {
    await start()
    prepare = (socket) => {
      const { _handle: handle } = socket as unknown as { _handle: { useUserBuffer: unknown } }
      handle.useUserBuffer = undefined
    }
    const client = await dial()
    client.send(Put, { tag: 1, payload: Buffer.alloc(300_000, 'p') })
    await until(() => wire.calls.length === 1)
    expect(accepted[0]!.listenerCount('data')).toBe(1)
    expect(wire.calls[0]!.payload.equals(Buffer.alloc(300_000, 'p'))).toBe(true)
    wire.answer(1)
    await until(() => client.ids.length === 1)
  })
})

describe('connections that misbehave', () => {
  it('may be a thousand half-open ones: others are served, and memory stays small', async () => {
    await start({ maxFrameBytes: 100_000_000 })
    const before = process.memoryUsage.rss()
    const claim = Buffer.from('05f5e100000000', 'hex')
    const crowd = await Promise.all(Array.from({ length: 1000 }, () => dial()))
    for (const [at, client] of crowd.entries()) client.stream.write(claim.subarray(0, at % 8))
    await until(() => wire.connections.size === 1000)
    const other = await dial()
    for (let request = 0; request < 100; request++) other.send(Ping, { text: 'served' })
    await until(() => other.ids.length === 100)
    expect(wire.budget.used).toBeLessThan(10_000)
    // Both ends of all these sockets live in this one heap.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
  })

  it('may never read: what is held for them is bounded, and others go on', async () => {
    await start()
    const deaf = await dial()
    deaf.stream.pause()
    for (let request = 0; request < 3000; request++) deaf.send(Take, { tag: 1_000_000 })
    const other = await dial()
    let most = 0
    for (let request = 1; request <= 200; request++) {
      other.send(Take, { tag: 10_000 })
      await until(() => other.ids.length === request)
      most = Math.max(most, wire.budget.used)
    }
    expect(deaf.ids).toEqual([])
    expect(most).toBeGreaterThan(500_000)
    expect(most).toBeLessThan(4_000_000)
  })

  it('may close with a reset while a request is parked', async () => {
    await start()
    const client = await dial()
    client.send(Park, { tag: 1 })
    await until(() => wire.calls.length === 1)
    ;(client.stream as Socket).resetAndDestroy()
    await until(() => wire.calls[0]!.context.cancellation.cancelled)
    wire.answer(1)
    await until(() => wire.sent.length === 1)
  })
})

describe('an end', () => {
  it('of the client is seen while its request is parked, and its replies still come', async () => {
    await start()
    const client = await dial()
    client.send(Park, { tag: 1 })
    client.send(Ping, { text: 'behind' })
    await until(() => wire.calls.length === 1)
    ;(client.stream as Socket).end()
    await until(() => wire.calls[0]!.context.cancellation.cancelled)
    wire.answer(1)
    await until(() => client.ids.length === 2)
    await until(() => client.isOver)
  })

  it('of the broker comes after the replies', async () => {
    await start()
    const client = await dial()
    client.send(Take, { tag: 900_000 })
    client.send(Park, { tag: 1 })
    await until(() => wire.calls.length === 1)
    const stopped = wire.connections.stop(60_000)
    wire.answer(1)
    await until(() => client.isOver)
    expect(client.ids).toEqual([1, 2])
    await stopped
  })
})
