/** Who asks: facts of the connection that handlers need. */

import type { ClientMetrics } from './client-metrics.ts'

export interface Client {
  /** A number for life, for logs and for what belongs to a connection. */
  readonly connectionId: number
  /** Null where the client sent none. */
  readonly clientId: string | null
  /** The client's address, without port and without an IPv4-mapped prefix. */
  readonly host: string
  /** The address and port by which the client reached us. */
  readonly localHost: string
  readonly localPort: number
  readonly listenerName: string
  /** `User:ANONYMOUS` without authentication. */
  readonly principal: string
  /** From ApiVersions v3 on; empty before. */
  software: { name: string; version: string }
  /** From the first request about client metrics on. */
  metrics?: ClientMetrics
}
