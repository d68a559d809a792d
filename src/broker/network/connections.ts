/** All connections of a broker: how many there may be, which have been idle for too long, and how they end when the broker stops. */

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock, Timer } from '../../clock.ts'
import type { SlabPool } from '../../slab-pool.ts'
import type { Dispatcher } from '../dispatch.ts'
import type { Client } from '../client.ts'
import type { LogLimit } from '../log-limit.ts'
import type { MemoryBudget } from '../memory.ts'
import type { Tracer } from '../trace.ts'
import { Arena } from './arena.ts'
import { Connection } from './connection.ts'
import type { NetworkServices } from './services.ts'

const READ_BUFFER_BYTES = 64 * 1024
const LONGEST_SWEEP_INTERVAL_MS = 30_000

export interface ConnectionsOptions {
  dispatcher: Dispatcher
  budget: MemoryBudget
  clock: Clock
  log: LogLimit
  tracer: Tracer
  /** What produced batches come in, and the store keeps. */
  slabs: SlabPool
  /** `socket.request.max.bytes` */
  maxFrameBytes: number
  /** `connections.max.idle.ms`; none below 0. */
  maxIdleMs: number
  /** As they are when a connection comes. */
  limits: ConnectionLimits
}

export interface ConnectionLimits {
  /** `max.connections` */
  readonly maxConnections: number
  /** `max.connections.per.ip`, or what it is for this address. */
  maxOf(host: string): number
}

/** Where a connection comes from and by which way. */
export type Origin = Pick<Client, 'host' | 'localHost' | 'localPort' | 'listenerName'>

export class Connections {
  private readonly options: ConnectionsOptions
  private readonly services: NetworkServices
  private readonly open = new Set<Connection>()
  private readonly perHost = new Map<string, number>()
  private readonly sweep: Timer | undefined
  private nextId = 1
  private stopping = false
  private whenEmpty: (() => void) | undefined

  constructor(options: ConnectionsOptions) {
    this.options = options
    this.services = {
      ...options,
      arena: new Arena(options.slabs),
      readBuffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
    }
    if (options.maxIdleMs >= 0) {
      const interval = Math.min(Math.ceil(options.maxIdleMs / 10), LONGEST_SWEEP_INTERVAL_MS)
      this.sweep = options.clock.every(Math.max(interval, 1), () => this.endIdle())
    }
  }

  get size(): number {
    return this.open.size
  }

  /** Serves a socket that a listener has accepted. */
  acceptSocket(socket: Socket, listenerName: string): void {
    const { remoteAddress, localAddress, localPort } = socket
    if (remoteAddress === undefined || localAddress === undefined || localPort === undefined) {
      // The peer is gone already.
      socket.destroy()
      return
    }
    this.accept(socket, {
      host: plain(remoteAddress),
      localHost: plain(localAddress),
      localPort,
      listenerName,
    })
  }

  /** Serves any stream of bytes. Undefined when it was refused and destroyed. */
  accept(stream: Duplex, origin: Origin): Connection | undefined {
    const refusal = this.refusal(origin.host)
    if (refusal !== undefined) {
      this.options.log.warn(refusal.kind, { host: origin.host }, refusal.text)
      stream.on('error', () => {})
      stream.destroy()
      return undefined
    }
    this.perHost.set(origin.host, (this.perHost.get(origin.host) ?? 0) + 1)
    const client: Client = {
      ...origin,
      connectionId: this.nextId++,
      clientId: null,
      principal: 'User:ANONYMOUS',
      software: { name: '', version: '' },
    }
    const connection = new Connection(stream, client, this.services, (closed) => {
      this.forget(closed, origin.host)
    })
    this.open.add(connection)
    return connection
  }

  /** Takes no more connections, cancels what is in progress, lets the replies go out, and resolves when all connections are closed, at the latest after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true
    this.sweep?.cancel()
    if (this.open.size === 0) return
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve
    })
    const deadline = this.options.clock.after(deadlineMs, () => {
      for (const connection of this.open) connection.destroy()
    })
    for (const connection of this.open) connection.end('stopping')
    await empty
    deadline.cancel()
  }

  private refusal(host: string): { kind: string; text: string } | undefined {
    const { limits } = this.options
    const { maxConnections } = limits
    if (this.stopping) return { kind: 'stopping', text: `Refused ${host}: the broker stops.` }
    if (this.open.size >= maxConnections) {
      return {
        kind: 'max.connections',
        text: `Refused a connection of ${host}: there are ${maxConnections}, as many as max.connections allows.`,
      }
    }
    const maxConnectionsPerHost = limits.maxOf(host)
    if ((this.perHost.get(host) ?? 0) >= maxConnectionsPerHost) {
      return {
        kind: 'max.connections.per.ip',
        text: `Refused a connection of ${host}: it has ${maxConnectionsPerHost}, as many as max.connections.per.ip allows.`,
      }
    }
    return undefined
  }

  private forget(connection: Connection, host: string): void {
    this.open.delete(connection)
    const left = (this.perHost.get(host) ?? 1) - 1
    if (left > 0) this.perHost.set(host, left)
    else this.perHost.delete(host)
    if (this.open.size === 0) this.whenEmpty?.()
  }

  private endIdle(): void {
    const longAgo = this.options.clock.monotonic() - this.options.maxIdleMs
    for (const connection of this.open) {
      if (connection.isBusy || connection.movedAt > longAgo) continue
      if (connection.hasUnsent) connection.destroy()
      else connection.end('closed')
    }
  }
}

/** IPv4 addresses as such, also where the socket speaks IPv6. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
