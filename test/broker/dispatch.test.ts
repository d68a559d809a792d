/** From a frame to its reply: what handlers are given, and what becomes of what they throw. */

import { describe, expect, it } from 'vitest'
import type { AnyHandler, Context } from '../../src/broker/handler.ts'
import { CLOSE, handler } from '../../src/broker/handler.ts'
import { KafkaError } from '../../src/broker/kafka-error.ts'
import { ProtocolViolation } from '../../src/protocol/errors.ts'
import { Park, Ping, Put, settled, Take, Wire } from './network/wire.ts'

/** A handler of Ping that does as it is told. */
function ping(handle: (text: string, context: Context) => unknown): AnyHandler {
  return handler<typeof Ping>({
    api: Ping,
    versions: '0-1',
    handle: ({ text }, context) => handle(text, context) as { text: string },
    fail: (request, errorCode, message) => ({ text: `${request.text}: ${errorCode} ${message}` }),
  })
}

async function ask(handle: (text: string, context: Context) => unknown, version = 1) {
  const wire = new Wire({ handlers: [ping(handle)] })
  const client = wire.connect()
  client.send(Ping, { text: 'asked' }, version)
  await settled()
  const text = client.replies.length > 0 ? client.decoded(Ping, 0, version).text : undefined
  return { wire, client, text }
}

describe('a handler', () => {
  it('is given the request, its version, who asks, and the services', async () => {
    let seen: Context | undefined
    const { wire, text } = await ask((asked, context) => {
      seen = context
      return { text: `${asked} v${context.apiVersion}` }
    }, 0)
    expect(text).toBe('asked v0')
    expect(seen?.client).toMatchObject({
      clientId: 'tester',
      host: '10.0.0.1',
      localHost: '10.0.0.9',
      localPort: 9092,
      listenerName: 'A',
      principal: 'User:ANONYMOUS',
      software: { name: '', version: '' },
    })
    expect(seen?.clock).toBe(wire.clock)
    const { authorized } = seen!
    expect(authorized('READ', 'TOPIC', 'any')).toBe(true)
  })

  it('may answer later', async () => {
    const { text } = await ask(async (asked) => {
      await settled(2)
      return { text: `${asked} later` }
    })
    expect(text).toBe('asked later')
  })

  it('sees the client id of each request', async () => {
    const seen: (string | null)[] = []
    const wire = new Wire({
      handlers: [
        ping((text, { client }) => {
          seen.push(client.clientId)
          if (text === 'named') client.software = { name: 'soft', version: '1' }
          return { text: client.software.name }
        }),
      ],
    })
    const client = wire.connect()
    client.send(Ping, { text: 'named' })
    const other = client.frame(Ping, { text: 'other' })
    other.write('TESTER', other.indexOf('tester'))
    client.stream.write(other)
    await settled()
    expect(seen).toEqual(['tester', 'TESTER'])
    expect(client.decoded(Ping, 1).text).toBe('soft')
  })
})

describe('what a handler throws', () => {
  it.each([
    [
      'at once',
      (error: unknown) => () => {
        throw error
      },
    ],
    [
      'later',
      (error: unknown) => async () => {
        await settled(1)
        throw error
      },
    ],
  ])('%s is answered with its error when it is a KafkaError', async (_when, throwing) => {
    const { text, wire } = await ask(throwing(new KafkaError('NOT_COORDINATOR', 'Not here.')))
    expect(text).toBe('asked: NOT_COORDINATOR Not here.')
    expect(wire.logs).toEqual([])
  })

  it('is logged with its stack, and told to nobody, when it is our bug', async () => {
    const { text, wire, client } = await ask(() => {
      throw new TypeError('secret')
    })
    expect(text).toBe('asked: UNKNOWN_SERVER_ERROR null')
    expect(client.isOver).toBe(false)
    expect(wire.logs).toHaveLength(1)
    expect(wire.logs[0]).toMatchObject({ level: 50, api: 'Ping', clientId: 'tester' })
    expect(JSON.stringify(wire.logs[0])).toContain('dispatch.test.ts')
  })

  it('closes the connection when the peer broke the wire inside of the request', async () => {
    const { client, wire } = await ask(() => {
      throw new ProtocolViolation('The subscription inside is cut off.')
    })
    expect(client.isOver).toBe(true)
    expect(wire.warnings[0]).toContain('cut off')
  })

  it('closes the connection when no reply is due', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Put, { tag: 1, payload: Buffer.from('no acks') })
    await settled()
    wire.calls[0]!.reject(new KafkaError('NOT_LEADER_OR_FOLLOWER', 'Gone.'))
    await settled()
    expect(client.isOver).toBe(true)
    expect(client.ids).toEqual([])
  })

  it('does not hurt the requests beside it', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Put, { tag: 1 })
    client.send(Put, { tag: 2 })
    await settled()
    wire.calls[0]!.reject(new Error('bug'))
    wire.answer(2)
    await settled()
    expect([0, 1].map((at) => client.decoded(Put, at).tag)).toEqual([-1, 2])
  })
})

describe('a reply', () => {
  it('that cannot be written becomes an error, and its lent buffers come back', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.send(Park, { tag: 1 })
    await settled()
    wire.answer(1, { tag: 2 ** 40 })
    await settled()
    expect(client.decoded(Park, 0).tag).toBe(-1)
    expect(wire.sent[0]).toBe(2 ** 40)
    expect(wire.logs[0]).toMatchObject({ level: 50, api: 'Park' })
  })

  it('that cannot be given back after it was sent hurts nobody', async () => {
    const broken = handler<typeof Ping>({
      api: Ping,
      versions: '0-1',
      handle: ({ text }) => ({ text }),
      fail: () => ({ text: '' }),
      sent() {
        throw new Error('released twice')
      },
    })
    const wire = new Wire({ handlers: [broken] })
    const client = wire.connect()
    client.send(Ping, { text: 'one' })
    await settled()
    client.send(Ping, { text: 'two' })
    await settled()
    expect(client.ids).toEqual([1, 2])
    expect(wire.logs.map(({ level }) => level)).toEqual([50, 50])
  })

  it('borrows large records and counts them', async () => {
    const wire = new Wire()
    const client = wire.connect()
    client.stream.pause()
    client.send(Take, { tag: 100_000 })
    await settled()
    expect(wire.budget.used).toBeGreaterThan(100_000)
    client.stream.resume()
    await settled()
    expect(client.decoded(Take, 0).data?.length).toBe(100_000)
  })

  it('may be none, and the connection goes on or closes', async () => {
    expect((await ask(() => undefined)).client.isOver).toBe(false)
    expect((await ask(() => CLOSE)).client.isOver).toBe(true)
    expect((await ask(async () => CLOSE)).client.isOver).toBe(true)
  })
})

describe('a trace', () => {
  it('tells what a request was, its sizes and times, and how it ended', async () => {
    const wire = new Wire()
    const traces: unknown[] = []
    const stop = wire.tracer.listen((trace) => traces.push({ ...trace }))
    const client = wire.connect()
    client.send(Park, { tag: 1 })
    client.send(Ping, { text: 'behind' })
    await settled()
    await wire.clock.advance(50)
    wire.answer(1)
    await settled()
    expect(traces).toEqual([
      {
        connectionId: 1,
        requestBytes: 24,
        api: 'Park',
        apiVersion: 0,
        correlationId: 1,
        clientId: 'tester',
        receivedAt: 0,
        startedAt: 0,
        answeredAt: 50,
        endedAt: 50,
        responseBytes: 16,
        ending: 'sent',
        error: undefined,
      },
      expect.objectContaining({ api: 'Ping', receivedAt: 0, startedAt: 50, ending: 'sent' }),
    ])
    stop()
    client.send(Ping, { text: 'unheard' })
    await settled()
    expect(traces).toHaveLength(2)
  })

  it('is logged at debug level without payloads, and not made above it', async () => {
    const loud = new Wire({ logLevel: 'debug' })
    const client = loud.connect()
    client.send(Put, { tag: 1, payload: Buffer.from('a secret') })
    await settled()
    loud.calls[0]!.reject(new KafkaError('KAFKA_STORAGE_ERROR', 'No disk.'))
    await settled()
    expect(loud.logs).toHaveLength(1)
    expect(loud.logs[0]).toMatchObject({ request: { api: 'Put', error: 'KAFKA_STORAGE_ERROR' } })
    expect(JSON.stringify(loud.logs)).not.toContain('secret')
    const quiet = new Wire()
    expect(quiet.tracer.begin(1, 1)).toBeUndefined()
  })

  it('ends as dropped when the client is gone', async () => {
    const wire = new Wire()
    const endings: unknown[] = []
    wire.tracer.listen(({ ending }) => endings.push(ending))
    const client = wire.connect()
    client.send(Park, { tag: 1 })
    client.send(Ping, { text: 'never started' })
    await settled()
    client.vanish()
    await settled()
    wire.answer(1)
    await settled()
    expect(endings).toEqual(['dropped', 'dropped'])
  })
})

describe('handlers', () => {
  it('are one for each API', () => {
    const twice = [ping(() => undefined), ping(() => undefined)]
    expect(() => new Wire({ handlers: twice })).toThrow('Two handlers serve Ping.')
  })
})
