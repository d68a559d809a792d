/** Frames in, replies out: order, what may be in progress together, ends, and back-pressure. */

import { describe, expect, it } from 'vitest'
import { CLOSE } from '../../../src/broker/handler.ts'
import { type Slab, SlabPool } from '../../../src/slab-pool.ts'
import { Park, Ping, Put, settled, Take, Wire } from './wire.ts'

const payload = (size: number) => Buffer.alloc(size, 1)

describe('order', () => {
  it('answers requests that come together in their order, in one write', async () => {
    const wire = new Wire()
    const client = wire.connect()
    const frames = ['a', 'b', 'c'].map((text) => client.frame(Ping, { text }))
    client.sendTogether(frames)
    await settled()
    expect(client.ids).toEqual([1, 2, 3])
    expect([0, 1, 2].map((at) => client.decoded(Ping, at).text)).toEqual(['a', 'b', 'c'])
    expect(client.chunks).toHaveLength(1)
  })

  it('has overlapping requests in progress together and keeps their replies in order', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.sendTogether([1, 2, 3].map((tag) => client.frame(Put, { tag })))
    await settled()
    expect(wire.tags).toEqual([1, 2, 3])
    wire.answer(3)
    wire.answer(2)
    await settled()
    expect(client.ids).toEqual([])
    wire.answer(1)
    await settled()
    expect(client.ids).toEqual([1, 2, 3])
    expect(client.chunks).toHaveLength(1)
  })

  it('starts any other request when all earlier replies are queued, and nothing behind it before its own', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Put, { tag: 1 })
    client.send(Put, { tag: 2 })
    client.send(Park, { tag: 3 })
    client.send(Put, { tag: 4 })
    client.send(Ping, { text: 'last' })
    await settled()
    expect(wire.tags).toEqual([1, 2])
    wire.answer(2)
    await settled()
    expect(wire.tags).toEqual([1])
    wire.answer(1)
    await settled()
    expect(wire.tags).toEqual([3])
    wire.answer(3)
    await settled()
    expect(wire.tags).toEqual([4])
    expect(client.ids).toEqual([1, 2, 3])
    wire.answer(4)
    await settled()
    expect(client.ids).toEqual([1, 2, 3, 4, 5])
  })

  it('sends nothing for a request without a reply, and goes on', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Put, { tag: 1 })
    client.send(Ping, { text: 'after' })
    await settled()
    wire.answer(1, undefined)
    await settled()
    expect(client.ids).toEqual([2])
  })

  it('does not hold up other connections while a request is parked', async () => {
    const wire = new Wire()
    wire.connect().send(Park, { tag: 1 })
    const other = wire.connect()
    other.send(Ping, { text: 'quick' })
    await settled()
    expect(other.ids).toEqual([1])
    expect(wire.tags).toEqual([1])
  })
})

describe('frames', () => {
  it('serves frames however they are cut', async () => {
    const wire = new Wire()
    const whole = Buffer.concat([
      wire.connect().frame(Ping, { text: 'one' }),
      wire.connect().frame(Ping, { text: 'two' }),
    ])
    for (let cut = 1; cut < whole.length; cut++) {
      const client = wire.connect()
      client.stream.write(whole.subarray(0, cut))
      await settled(2)
      client.stream.write(whole.subarray(cut))
      await settled(2)
      expect([client.decoded(Ping, 0).text, client.decoded(Ping, 1).text]).toEqual(['one', 'two'])
    }
  })

  it('serves a large frame byte for byte', async () => {
    const wire = new Wire()
    const client = wire.connect()
    const sent = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * 7) & 0xff))
    const frame = client.frame(Put, { tag: 1, payload: sent })
    for (let at = 0; at < frame.length; at += 50_001) {
      client.stream.write(frame.subarray(at, at + 50_001))
    }
    await settled()
    expect(wire.calls[0]!.payload.equals(sent)).toBe(true)
    expect(wire.budget.used).toBe(frame.length)
    wire.answer(1)
    await settled()
    expect(wire.budget.used).toBe(0)
  })
})

describe('ends', () => {
  it('cancels a parked request when the client closes', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Park, { tag: 1 })
    await settled()
    const reasons: string[] = []
    const { cancellation } = wire.calls[0]!.context
    cancellation.onCancel((reason) => reasons.push(reason))
    cancellation.onCancel((reason) => reasons.push(`not ${reason}`))()
    expect(cancellation.cancelled).toBe(false)
    client.vanish()
    await settled()
    expect(reasons).toEqual(['closed'])
    expect(cancellation.cancelled).toBe(true)
    wire.answer(1)
    await settled()
    expect(wire.connections.size).toBe(0)
    expect(wire.sent).toEqual([1])
    expect(wire.budget.used).toBe(0)
  })

  it('sees the close of a client behind what it sent ahead of a parked request', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Park, { tag: 1 })
    client.send(Ping, { text: 'ahead' })
    await settled()
    client.stream.end()
    await settled()
    expect(wire.calls[0]!.context.cancellation.cancelled).toBe(true)
  })

  it('still does what came before the end, and answers it', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.sendTogether([1, 2].map((tag) => client.frame(Put, { tag })))
    client.send(Park, { tag: 3 })
    client.send(Put, { tag: 4 })
    client.stream.end()
    await settled()
    wire.answer(1, undefined)
    wire.answer(2)
    await settled()
    expect(wire.calls[0]!.context.cancellation.cancelled).toBe(true)
    wire.answer(3)
    await settled()
    wire.answer(4)
    await settled()
    expect(client.ids).toEqual([2, 3, 4])
    expect(client.isOver).toBe(true)
    expect(wire.connections.size).toBe(0)
  })

  it('closes without a reply once the earlier replies are out, and starts nothing behind', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.sendTogether([1, 2, 3].map((tag) => client.frame(Put, { tag })))
    client.send(Ping, { text: 'never' })
    await settled()
    wire.answer(2, CLOSE)
    await settled()
    expect(client.isOver).toBe(false)
    wire.answer(1)
    await settled()
    expect(client.ids).toEqual([1])
    wire.answer(3)
    await settled()
    expect(client.isOver).toBe(true)
    expect(client.ids).not.toContain(4)
  })

  it('gives lent buffers back when the reply was written, and when it was dropped', async () => {
    const wire = new Wire()
    const reader = wire.connect()
    reader.send(Take, { tag: 100 })
    await settled()
    expect(wire.sent).toEqual([100])
    const deaf = wire.connect()
    deaf.stream.pause()
    deaf.send(Take, { tag: 300_000 })
    await settled()
    expect(wire.sent).toEqual([100])
    deaf.vanish()
    await settled()
    expect(wire.sent).toEqual([100, 300_000])
    expect(wire.budget.used).toBe(0)
  })
})

describe('back-pressure', () => {
  it('reads ahead of a parked request by a bounded amount', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Park, { tag: 1 })
    const frames = 100
    for (let tag = 2; tag < 2 + frames; tag++) client.send(Put, { tag, payload: payload(10_000) })
    await settled()
    expect(wire.budget.used).toBeGreaterThan(60_000)
    expect(wire.budget.used).toBeLessThan(200_000)
    wire.answer(1)
    await settled()
    expect(wire.calls).toHaveLength(frames)
  })

  it('serves all of many small requests that come in one chunk behind a parked one', async () => {
    const wire = new Wire()
    const client = wire.connect()
    const texts = Array.from({ length: 3000 }, (_, at) => String(at))
    const frames = [client.frame(Park, { tag: 1 })]
    for (const text of texts) frames.push(client.frame(Ping, { text }))
    client.sendTogether(frames)
    client.send(Put, { tag: 2 })
    await settled()
    expect(wire.tags).toEqual([1])
    wire.answer(1)
    await settled()
    expect(texts.map((_, at) => client.decoded(Ping, at + 1).text)).toEqual(texts)
    expect(wire.tags).toEqual([2])
    client.stream.end()
    await settled()
    wire.answer(2)
    await settled()
    expect(client.ids).toHaveLength(3002)
    expect(wire.budget.used).toBe(0)
  })

  it('holds a bounded amount of overlapping requests', async () => {
    const wire = new Wire()
    const client = wire.connect()
    for (let tag = 1; tag <= 30; tag++) client.send(Put, { tag, payload: payload(1_000_000) })
    await settled(60)
    expect(wire.calls.length).toBeLessThan(12)
    for (let tag = 1; tag <= 30; tag++) {
      wire.answer(tag)
      await settled(6)
    }
    expect(client.ids).toHaveLength(30)
  })

  it('starts nothing for a client that does not read, and goes on when it reads', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.stream.pause()
    for (let request = 0; request < 200; request++) client.send(Take, { tag: 500_000 })
    await settled()
    const held = wire.budget.used
    expect(held).toBeGreaterThan(1_000_000)
    expect(held).toBeLessThan(2_500_000)
    await settled()
    expect(wire.budget.used).toBe(held)
    client.stream.resume()
    await settled(2000)
    expect(client.ids).toHaveLength(200)
    expect(wire.budget.used).toBe(0)
  })

  it('stops reading from a client that only sends', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.stream.pause()
    for (let request = 0; request < 50_000; request++) client.send(Take, { tag: 1000 })
    await settled(100)
    expect(wire.budget.used).toBeLessThan(4_000_000)
    expect(client.stream.writableLength).toBeGreaterThan(100_000)
  })
})

describe('a fault of ours', () => {
  it('closes the connection that it hit, with its stack in the log, and no other', async () => {
    class NoMemory extends SlabPool {
      override take(): Slab {
        throw new RangeError('Array buffer allocation failed')
      }
    }
    const wire = new Wire({ slabs: new NoMemory() })
    const [hit, other] = [wire.connect(), wire.connect()]
    const frame = hit.frame(Put, { tag: 1, payload: payload(100_000) })
    hit.stream.write(frame.subarray(0, 50_000))
    await settled()
    expect(hit.isOver).toBe(true)
    const [line] = wire.logs.filter(({ level }) => level === 50)
    expect(line).toMatchObject({ host: '10.0.0.1', err: { type: 'RangeError' } })
    expect((line!['err'] as Error).stack).toContain('frame-assembler')
    other.send(Ping, { text: 'unmoved' })
    await settled()
    expect(other.ids).toEqual([1])
    expect(wire.budget.used).toBe(0)
  })
})
