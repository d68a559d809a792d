/** One trace per request: what it was, how large, and when it came, started, was answered and left. */

import type { Logger } from '../logger.ts'
import type { Clock } from '../clock.ts'
import type { ErrorName } from '../protocol/errors.ts'

export type Ending = 'sent' | 'no reply' | 'dropped'

/** Times are the clock's monotonic ones, in milliseconds; undefined for what never happened. Payloads are not in it. */
export interface Trace {
  readonly connectionId: number
  /** Of the frame, without its length prefix. */
  readonly requestBytes: number
  readonly receivedAt: number
  api: string | undefined
  apiVersion: number | undefined
  correlationId: number | undefined
  clientId: string | null
  startedAt: number | undefined
  /** The reply is ready; from `startedAt` on the request was worked at or parked. */
  answeredAt: number | undefined
  /** Of the whole reply, with its length prefix. */
  responseBytes: number
  endedAt: number | undefined
  ending: Ending | undefined
  /** Why the request failed as a whole; what is wrong with a part of it is in the reply. */
  error: ErrorName | undefined
}

export class Tracer {
  private readonly clock: Clock
  private readonly log: Logger
  private readonly listeners = new Set<(trace: Trace) => void>()

  constructor(clock: Clock, log: Logger) {
    this.clock = clock
    this.log = log
  }

  /** Calls with each trace when its request has ended. Returns how to stop listening. */
  listen(listener: (trace: Trace) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Undefined when nobody wants to know. */
  begin(connectionId: number, requestBytes: number): Trace | undefined {
    if (this.listeners.size === 0 && !this.log.isLevelEnabled('debug')) return undefined
    return {
      connectionId,
      requestBytes,
      receivedAt: this.clock.monotonic(),
      api: undefined,
      apiVersion: undefined,
      correlationId: undefined,
      clientId: null,
      startedAt: undefined,
      answeredAt: undefined,
      responseBytes: 0,
      endedAt: undefined,
      ending: undefined,
      error: undefined,
    }
  }

  started(trace: Trace): void {
    trace.startedAt = this.clock.monotonic()
  }

  answered(trace: Trace): void {
    trace.answeredAt = this.clock.monotonic()
  }

  end(trace: Trace, ending: Ending): void {
    trace.endedAt = this.clock.monotonic()
    trace.ending = ending
    for (const listener of this.listeners) listener(trace)
    if (this.log.isLevelEnabled('debug')) this.log.debug({ request: trace }, 'request')
  }
}
