/** A broker's network side over streams in memory: made-up APIs whose answers the tests decide, and clients that speak frames. */

import { SlabPool } from '../../../src/slab-pool.ts'
import { type Duplex, duplexPair } from 'node:stream'
import { pino } from 'pino'
import { ManualClock } from '../../../src/clock.ts'
import type { Broker } from '../../../src/broker/broker.ts'
import { createDispatcher } from '../../../src/broker/dispatch.ts'
import { type AnyHandler, type Context, handler, type Reply } from '../../../src/broker/handler.ts'
import { LogLimit } from '../../../src/broker/log-limit.ts'
import { MemoryBudget } from '../../../src/broker/memory.ts'
import { Connections, type ConnectionsOptions } from '../../../src/broker/network/connections.ts'
import { type Trace, Tracer } from '../../../src/broker/trace.ts'
import { decodeResponse } from '../../../src/protocol/compile.ts'
import { requestFrame } from '../../../src/protocol/frame.ts'
import { decodeResponseHeader, responseHeaderVersion } from '../../../src/protocol/header.ts'
import { Reader } from '../../../src/protocol/reader.ts'
import {
  type Api,
  api,
  bytes,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseOutput,
  records,
  string,
} from '../../../src/protocol/schema.ts'

const shape = {
  request: { tag: int32(), payload: bytes('0+', { default: Buffer.alloc(0) }) },
  response: { tag: int32(), data: records('0+', { nullable: '0+', default: null }) },
}

/** May be in progress with others of its kind, like Produce. */
export const Put = api({ key: 0, name: 'Put', versions: '0-9', flexible: '9+', ...shape })
/** Is answered when the test says so. */
export const Park = api({ key: 1, name: 'Park', versions: '0', flexible: 'none', ...shape })
/** Is answered at once, with so many bytes of records as its tag says. */
export const Take = api({ key: 2, name: 'Take', versions: '0', flexible: 'none', ...shape })
/** Is answered at once. */
export const Ping = api({
  key: 3,
  name: 'Ping',
  versions: '0-1',
  flexible: '1+',
  request: { text: string() },
  response: { text: string() },
})

type Shaped = typeof Put

/** A request that a handler was given, for the test to answer. */
export interface Call {
  readonly api: string
  readonly tag: number
  readonly payload: Buffer
  readonly context: Context
  /** With the tag alone when no reply is given. */
  answer(...reply: [] | [Reply<Shaped>]): void
  reject(error: unknown): void
}

export interface WireOptions extends Partial<Omit<ConnectionsOptions, 'clock'>> {
  memory?: number
  handlers?: readonly AnyHandler[]
  logLevel?: string
}

export class Wire {
  readonly clock = new ManualClock()
  readonly calls: Call[] = []
  /** Tags of the replies that were sent or dropped, in that order. */
  readonly sent: number[] = []
  readonly logs: Record<string, unknown>[] = []
  readonly traces: Trace[] = []
  readonly budget: MemoryBudget
  readonly connections: Connections
  readonly tracer: Tracer
  private readonly clients: TestClient[] = []

  constructor(options: WireOptions = {}) {
    const log = pino(
      { level: options.logLevel ?? 'info' },
      { write: (line: string) => void this.logs.push(JSON.parse(line)) },
    )
    const limited = new LogLimit(log, this.clock)
    const broker = {
      clock: this.clock,
      log,
      cluster: { clusterId: 'the-cluster', nodeId: 1 },
    } as unknown as Broker
    this.budget = new MemoryBudget(options.memory ?? 64 * 1024 * 1024, this.clock)
    this.tracer = new Tracer(this.clock, log)
    this.connections = new Connections({
      dispatcher: createDispatcher({
        handlers: options.handlers ?? this.handlers(),
        broker,
        limited,
      }),
      budget: this.budget,
      clock: this.clock,
      log: limited,
      tracer: this.tracer,
      slabs: new SlabPool(),
      maxFrameBytes: 1024 * 1024,
      maxIdleMs: 600_000,
      limits: { maxConnections: 100_000, maxOf: () => 100_000 },
      ...options,
    })
  }

  connect(host = '10.0.0.1'): TestClient {
    const [ours, theirs] = duplexPair()
    const client = new TestClient(theirs, ours)
    this.clients.push(client)
    this.connections.accept(ours, {
      host,
      localHost: '10.0.0.9',
      localPort: 9092,
      listenerName: 'A',
    })
    return client
  }

  /** Answers the oldest call of that tag that has no answer. */
  answer(tag: number, ...reply: [] | [Reply<Shaped>]): void {
    const at = this.calls.findIndex((call) => call.tag === tag)
    if (at === -1) throw new Error(`No call with tag ${tag} waits.`)
    const [call] = this.calls.splice(at, 1)
    call!.answer(...reply)
  }

  get tags(): number[] {
    return this.calls.map(({ tag }) => tag)
  }

  get warnings(): string[] {
    return this.logs.filter(({ level }) => level === 40).map(({ msg }) => String(msg))
  }

  private handlers(): readonly AnyHandler[] {
    const deferred = (request: RequestOf<Shaped>, context: Context, name: string) =>
      new Promise<Reply<Shaped>>((resolve, reject) => {
        const { tag, payload } = request
        this.calls.push({
          api: name,
          tag,
          payload,
          context,
          answer: (...reply) => resolve(reply.length > 0 ? reply[0] : { tag }),
          reject,
        })
      })
    const fail = ({ tag }: RequestOf<Shaped>) => ({ tag: -tag })
    const sent = ({ tag }: { tag: number }) => void this.sent.push(tag)
    return [
      handler<typeof Put>({
        api: Put,
        versions: '3-9',
        pipelined: true,
        handle: (request, context) => deferred(request, context, 'Put'),
        fail,
        sent,
        repliesTo: ({ payload }) => payload.toString() !== 'no acks',
      }),
      handler<typeof Park>({
        api: Park,
        versions: '0',
        handle: (request, context) => deferred(request, context, 'Park'),
        fail,
        sent,
      }),
      handler<typeof Take>({
        api: Take,
        versions: '0',
        handle: ({ tag }) => ({ tag, data: Buffer.alloc(tag, 7) }),
        fail,
        sent,
      }),
      handler<typeof Ping>({
        api: Ping,
        versions: '0-1',
        handle: ({ text }) => ({ text }),
        fail: (_request, errorCode) => ({ text: errorCode }),
      }),
    ]
  }
}

export interface ReceivedReply {
  correlationId: number
  /** Without its length. */
  frame: Buffer
}

export class TestClient {
  readonly stream: Duplex
  /** The broker's end of the connection. */
  readonly far: Duplex
  readonly replies: ReceivedReply[] = []
  /** Sizes of the chunks that came: each is one write of the other side. */
  readonly chunks: number[] = []
  private ended = false
  private rest: Buffer = Buffer.alloc(0)
  private correlationId = 0

  constructor(stream: Duplex, far: Duplex) {
    this.stream = stream
    this.far = far
    stream.on('error', () => {})
    stream.on('end', () => {
      this.ended = true
    })
    stream.on('data', (chunk: Buffer) => this.receive(chunk))
  }

  /** The broker has closed the connection, or said that it sends no more. */
  get isOver(): boolean {
    return this.ended || this.far.destroyed
  }

  get ids(): number[] {
    return this.replies.map(({ correlationId }) => correlationId)
  }

  send<A extends Api>(to: A, request: RequestInput<A>, version = to.versions.max): number {
    this.stream.write(this.frame(to, request, version))
    return this.correlationId
  }

  /** One write of many frames. */
  sendTogether(frames: readonly Buffer[]): void {
    this.stream.write(Buffer.concat(frames))
  }

  /** The bytes of a request with the next correlation id; 1 is the first. */
  frame<A extends Api>(to: A, request: RequestInput<A>, version = to.versions.max): Buffer {
    const origin = { correlationId: ++this.correlationId, clientId: 'tester' }
    return Buffer.concat(requestFrame(to, version, origin, request))
  }

  decoded<A extends Api>(of: A, index: number, version = of.versions.max): ResponseOutput<A> {
    const reader = new Reader(this.replies[index]!.frame)
    decodeResponseHeader(reader, responseHeaderVersion(of, version))
    return decodeResponse(of, version, reader)
  }

  /** As if its machine was switched off and its kernel had said so. */
  vanish(): void {
    this.stream.destroy()
    this.far.destroy(new Error('read ECONNRESET'))
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk.length)
    this.rest = Buffer.concat([this.rest, chunk])
    while (this.rest.length >= 4 && this.rest.length - 4 >= this.rest.readInt32BE(0)) {
      const end = 4 + this.rest.readInt32BE(0)
      this.replies.push({
        correlationId: this.rest.readInt32BE(4),
        frame: this.rest.subarray(4, end),
      })
      this.rest = this.rest.subarray(end)
    }
  }
}

/** Until nothing is left that the streams and promises do by themselves. */
export async function settled(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
