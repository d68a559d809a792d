/** Whatever a peer sends, only its own connection is closed, with a line in the log that is worth reading. */

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Ping, Put, settled, type TestClient, Wire } from './wire.ts'

let wire: Wire
let bystander: TestClient

beforeEach(() => {
  wire = new Wire()
  bystander = wire.connect('10.0.0.2')
})

afterEach(async () => {
  bystander.send(Ping, { text: 'unmoved' })
  await settled()
  expect(bystander.decoded(Ping, bystander.replies.length - 1).text).toBe('unmoved')
  const errors = wire.logs.filter(({ level }) => Number(level) > 40)
  expect(errors).toEqual([])
})

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [at, value] of values.entries()) bytes.writeInt16BE(value, at * 2)
  return bytes
}

function framed(content: Buffer): Buffer {
  return Buffer.concat([words(content.length >>> 16, content.length & 0x7fff), content])
}

describe('a connection is closed', () => {
  const header = words(3, 0, 0, 7, -1)
  it.each([
    ['for a negative length', Buffer.of(255, 255, 255, 255), 'claims'],
    ['for a length over the limit', Buffer.of(0, 16, 0, 1), 'limit'],
    ['for an empty frame', Buffer.alloc(4), 'malformed'],
    ['for a frame without a whole header', framed(words(3, 0)), 'malformed'],
    ['for an API that there is not', framed(words(999, 0, 0, 7, -1)), 'unknown API 999'],
    ['for an API of controllers', framed(words(52, 0, 0, 7, -1)), 'of Vote, which is not served'],
    ['for a negative API key', framed(words(-1, 0, 0, 7, -1)), 'unknown API -1'],
    ['for a version above', framed(words(3, 99, 0, 7, -1)), 'version 99 of Ping (served: 0-1)'],
    ['for a negative version', framed(words(3, -1, 0, 7, -1)), 'version -1 of Ping'],
    ['for a version that is only advertised', framed(words(0, 2, 0, 7, -1)), 'version 2 of Put'],
    ['for a body that ends too early', framed(Buffer.concat([header, words(50)])), 'Ping'],
    ['for a null that may not be', framed(Buffer.concat([header, words(-1)])), 'Ping'],
    ['for HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'HTTP'],
    [
      'for a TLS hello',
      Buffer.from('16030100f1010000ed0303', 'hex'),
      'security.protocol=PLAINTEXT',
    ],
    ['for the PROXY protocol', Buffer.from('PROXY TCP4 10.0.0.1'), 'load balancer'],
  ])('%s', async (_name, bytes, text) => {
    const client = wire.connect('10.6.6.6')
    client.stream.write(bytes)
    await settled()
    expect(client.isOver).toBe(true)
    expect(client.replies).toEqual([])
    expect(wire.warnings).toHaveLength(1)
    expect(wire.warnings[0]).toContain(text)
    expect(wire.warnings[0]).toContain('10.6.6.6')
  })

  it('only after the replies to what came before', async () => {
    const client = wire.connect()
    client.send(Put, { tag: 1 })
    client.stream.write(framed(words(999, 0, 0, 7, -1)))
    await settled()
    expect(client.isOver).toBe(false)
    wire.answer(1)
    await settled()
    expect(client.ids).toEqual([1])
    expect(client.isOver).toBe(true)
  })
})

describe('log lines', () => {
  it('say who asked for what is not served', async () => {
    const client = wire.connect('10.6.6.6')
    client.stream.write(framed(Buffer.concat([words(999, 4, 0, 7, 3), Buffer.from('bob')])))
    await settled()
    expect(wire.warnings).toEqual([
      'Closed the connection of "bob" at 10.6.6.6: it asked for version 4 of the unknown API 999.',
    ])
  })

  it('are few however many connections misbehave, and say how many there would have been', async () => {
    for (let attempt = 0; attempt < 1000; attempt++) {
      wire.connect('10.6.6.6').stream.write(Buffer.of(255, 255, 255, 255))
    }
    await settled()
    expect(wire.warnings).toHaveLength(5)
    await wire.clock.advance(10_000)
    expect(wire.warnings).toHaveLength(6)
    expect(wire.warnings[5]).toContain('995 more')
    wire.connect('10.6.6.6').stream.write(Buffer.of(255, 255, 255, 255))
    await settled()
    expect(wire.warnings).toHaveLength(7)
  })
})

describe('random input', () => {
  it('never breaks more than its connection', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((content) => framed(Buffer.from(content))),
      fc
        .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 9 }), fc.uint8Array())
        .map(([key, version, rest]) =>
          framed(Buffer.concat([words(key, version, 0, 7, -1), rest])),
        ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), async (chunks) => {
        const client = wire.connect()
        for (const chunk of chunks) if (!client.far.destroyed) client.stream.write(chunk)
        await settled(3)
        for (const call of wire.calls.splice(0)) call.answer()
        client.vanish()
        await settled(2)
        expect(wire.connections.size).toBe(1)
        expect(wire.budget.used).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('of every cut of a good frame, closes nothing before the rest could come', async () => {
    const whole = wire.connect().frame(Ping, { text: 'cut me' })
    for (let cut = 0; cut < whole.length; cut++) {
      const client = wire.connect()
      client.stream.write(whole.subarray(0, cut))
      await settled(2)
      expect(client.isOver).toBe(false)
      client.stream.end()
      await settled(2)
      expect(client.isOver).toBe(true)
    }
    expect(wire.warnings).toEqual([])
  })
})
