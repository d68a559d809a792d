/** From a frame to its reply: header, handler, decode, handle, encode. The one place where what went wrong becomes an answer. */

import { apiRow } from '../protocol/api-table.ts'
import { decodeRequest } from '../protocol/compile.ts'
import { type ErrorName, ProtocolViolation } from '../protocol/errors.ts'
import { responseFrame } from '../protocol/frame.ts'
import { decodeRequestHeader, peekApi, requestHeaderVersion } from '../protocol/header.ts'
import { Reader } from '../protocol/reader.ts'
import type { Api, RequestOf, ResponseOf } from '../protocol/schema.ts'
import { hasVersion, parseVersions, type VersionRange } from '../protocol/versions.ts'
import type { Broker } from './broker.ts'
import type { Cancellation } from './cancellation.ts'
import type { Client } from './client.ts'
import { type AnyHandler, CLOSE, type Context, type Reply } from './handler.ts'
import { KafkaError } from './kafka-error.ts'
import type { LogLimit } from './log-limit.ts'
import type { Trace } from './trace.ts'

export interface Answer {
  /** The whole frame of the response. Lent until `sent` is called. */
  readonly chunks: readonly Buffer[]
  readonly size: number
  /** To be called once, when the chunks are written or dropped. */
  readonly sent: (() => void) | undefined
}

/** `undefined`: no reply is due. */
export type Outcome = Answer | undefined | typeof CLOSE

/** The other end of a connection. */
export interface Peer {
  /** Replaced when a request comes with another client id. */
  client: Client
}

export interface Dispatcher {
  /** Whether the request may be in progress together with others of its connection for which this is true. */
  overlaps(frame: Buffer): boolean
  /** Neither throws nor rejects. `trace` is filled in as far as the request is understood. */
  answer(
    frame: Buffer,
    peer: Peer,
    cancellation: Cancellation,
    trace: Trace | undefined,
  ): Outcome | Promise<Outcome>
}

export interface DispatchOptions {
  handlers: readonly AnyHandler[]
  broker: Broker
  /** For lines that a peer can cause. */
  limited: LogLimit
}

interface Route {
  readonly handler: AnyHandler
  readonly versions: VersionRange
}

/** A request that is understood. */
interface Call {
  readonly route: Route
  readonly version: number
  readonly correlationId: number
  readonly request: RequestOf<Api>
  readonly client: Client
  readonly trace: Trace | undefined
}

const allowed = (): boolean => true

export function createDispatcher({ handlers, broker, limited }: DispatchOptions): Dispatcher {
  const routes: (Route | undefined)[] = []
  for (const handler of handlers) {
    const { key, name } = handler.api
    if (routes[key]) throw new TypeError(`Two handlers serve ${name}.`)
    routes[key] = { handler, versions: parseVersions(handler.versions) }
  }
  return new HandlerDispatcher(routes, contextMaker(broker), limited)
}

type ContextMaker = new (client: Client, apiVersion: number, cancellation: Cancellation) => Context

/** A context's prototype is the broker: every service is in it, and making one costs three fields. */
function contextMaker(broker: Broker): ContextMaker {
  class RequestContext {
    readonly client: Client
    readonly apiVersion: number
    readonly cancellation: Cancellation
    declare readonly authorized: () => boolean

    constructor(client: Client, apiVersion: number, cancellation: Cancellation) {
      this.client = client
      this.apiVersion = apiVersion
      this.cancellation = cancellation
    }
  }
  Object.defineProperty(RequestContext.prototype, 'authorized', { value: allowed })
  Object.setPrototypeOf(RequestContext.prototype, broker)
  return RequestContext as unknown as ContextMaker
}

class HandlerDispatcher implements Dispatcher {
  private readonly routes: readonly (Route | undefined)[]
  private readonly RequestContext: ContextMaker
  private readonly log: LogLimit

  constructor(routes: readonly (Route | undefined)[], RequestContext: ContextMaker, log: LogLimit) {
    this.routes = routes
    this.RequestContext = RequestContext
    this.log = log
  }

  overlaps(frame: Buffer): boolean {
    return frame.length >= 2 && this.routes[frame.readInt16BE(0)]?.handler.pipelined === true
  }

  answer(
    frame: Buffer,
    peer: Peer,
    cancellation: Cancellation,
    trace: Trace | undefined,
  ): Outcome | Promise<Outcome> {
    let route: Route | undefined
    let call: Call
    try {
      const reader = new Reader(frame)
      const { apiKey, apiVersion } = peekApi(reader)
      route = this.routes[apiKey]
      if (route === undefined || !hasVersion(route.versions, apiVersion)) {
        return this.unserved(reader, route, peer, trace)
      }
      call = this.understand(reader, route, peer, trace)
    } catch (error) {
      return this.violated(error, route, peer.client, trace)
    }
    return this.handle(call, cancellation)
  }

  private understand(reader: Reader, route: Route, peer: Peer, trace: Trace | undefined): Call {
    const { api } = route.handler
    const { apiVersion: version } = peekApi(reader)
    const header = decodeRequestHeader(reader, requestHeaderVersion(api, version))
    const { correlationId, clientId } = header
    if (clientId !== peer.client.clientId) peer.client = { ...peer.client, clientId }
    if (trace) {
      trace.api = api.name
      trace.apiVersion = version
      trace.correlationId = correlationId
      trace.clientId = clientId
    }
    const request = decodeRequest(api, version, reader)
    return { route, version, correlationId, request, client: peer.client, trace }
  }

  private handle(call: Call, cancellation: Cancellation): Outcome | Promise<Outcome> {
    const { route, version, request, client } = call
    try {
      const context = new this.RequestContext(client, version, cancellation)
      const reply = route.handler.handle(request, context)
      if (!(reply instanceof Promise)) return this.encode(call, reply)
      return reply.then(
        (later) => this.encode(call, later),
        (error) => this.failed(call, error),
      )
    } catch (error) {
      return this.failed(call, error)
    }
  }

  private encode(call: Call, reply: Reply<Api>): Outcome {
    if (reply === undefined || reply === CLOSE) return reply
    const { handler } = call.route
    try {
      return this.answerOf(handler, call.version, call.correlationId, reply)
    } catch (error) {
      this.giveBack(handler, reply)
      return this.failed(call, error)
    }
  }

  /** The request as a whole. */
  private failed(call: Call, error: unknown): Outcome {
    const { route, version, correlationId, request, client, trace } = call
    const { handler } = route
    if (error instanceof ProtocolViolation) return this.violated(error, route, client, trace)
    let code: ErrorName = 'UNKNOWN_SERVER_ERROR'
    if (error instanceof KafkaError) {
      code = error.code
    } else {
      const { clientId, host } = client
      this.log.error(
        'handler failed',
        { err: error, api: handler.api.name, version, clientId, host },
        `${handler.api.name} failed.`,
      )
    }
    if (trace) trace.error = code
    if (handler.repliesTo?.(request) === false) return CLOSE
    try {
      const text = error instanceof KafkaError ? error.message : null
      return this.answerOf(handler, version, correlationId, handler.fail(request, code, text))
    } catch (second) {
      this.log.error(
        'handler failed',
        { err: second, api: handler.api.name, version },
        `${handler.api.name} had no reply for its failure.`,
      )
      return CLOSE
    }
  }

  /** An API or a version that we do not serve. */
  private unserved(
    reader: Reader,
    route: Route | undefined,
    peer: Peer,
    trace: Trace | undefined,
  ): Outcome {
    // Client ids are written the same in all header versions.
    const { apiKey, apiVersion, correlationId, clientId } = decodeRequestHeader(reader, 1)
    if (trace) {
      trace.api = route?.handler.api.name
      trace.apiVersion = apiVersion
      trace.correlationId = correlationId
      trace.clientId = clientId
      trace.error = 'UNSUPPORTED_VERSION'
    }
    const reply = route?.handler.unsupported?.()
    if (route && reply) return this.answerOf(route.handler, 0, correlationId, reply)
    const { host, connectionId } = peer.client
    const name = apiRow(apiKey)?.name
    const unserved = name ? `${name}, which is not served` : `the unknown API ${apiKey}`
    const asked = route
      ? `version ${apiVersion} of ${route.handler.api.name} (served: ${route.handler.versions})`
      : `version ${apiVersion} of ${unserved}`
    this.log.warn(
      'unserved API',
      { apiKey, apiVersion, clientId, host, connectionId },
      `Closed the connection of ${who(clientId, host)}: it asked for ${asked}.`,
    )
    return CLOSE
  }

  private violated(
    error: unknown,
    route: Route | undefined,
    client: Client,
    trace: Trace | undefined,
  ): Outcome {
    const { clientId, host, connectionId } = client
    const api = route?.handler.api.name
    if (!(error instanceof ProtocolViolation)) {
      this.log.error(
        'request not read',
        { err: error, api, clientId, host },
        'A request could not be read.',
      )
      return CLOSE
    }
    if (trace) trace.error = 'INVALID_REQUEST'
    this.log.warn(
      'malformed request',
      { api, clientId, host, connectionId },
      `Closed the connection of ${who(clientId, host)}: its ${api ?? 'request'} is malformed. ${error.message}`,
    )
    return CLOSE
  }

  private answerOf(
    handler: AnyHandler,
    version: number,
    correlationId: number,
    response: ResponseOf<Api>,
  ): Answer {
    const chunks = responseFrame(handler.api, version, correlationId, response)
    let size = 0
    for (const chunk of chunks) size += chunk.length
    return { chunks, size, sent: handler.sent && (() => this.giveBack(handler, response)) }
  }

  private giveBack(handler: AnyHandler, response: ResponseOf<Api>): void {
    try {
      handler.sent?.(response)
    } catch (error) {
      this.log.error(
        'handler failed',
        { err: error, api: handler.api.name },
        `${handler.api.name} could not give back what it had sent.`,
      )
    }
  }
}

function who(clientId: string | null, host: string): string {
  return clientId === null ? host : `${JSON.stringify(clientId)} at ${host}`
}
