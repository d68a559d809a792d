/** A TCP port that is listened to, on one address, on all, or on both addresses of localhost. */

import { createServer, type Server, type Socket } from 'node:net'

export interface ListenerOptions {
  name: string
  /** Null: every address of the machine, IPv4 and IPv6. */
  host: string | null
  /** 0: any free one. */
  port: number
  /** `socket.listen.backlog.size` */
  backlog?: number
}

/** Somebody else listens there. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly port: number

  constructor(host: string | null, port: number, options?: ErrorOptions) {
    super(`Port ${port}${host === null ? '' : ` of ${host}`} is in use.`, options)
    this.port = port
  }
}

const LOOPBACK = ['127.0.0.1', '::1']
/** How often another free port is tried when only one address of localhost had the first. */
const ATTEMPTS = 10
/** The machine has no such address: on localhost the other one has to do. */
const NO_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

type OnSocket = (socket: Socket) => void

export class Listener {
  readonly name: string
  /** The host as it was asked for. */
  readonly host: string | null
  /** The port that is bound. */
  readonly port: number
  private readonly servers: readonly Server[]

  private constructor(options: ListenerOptions, port: number, servers: readonly Server[]) {
    this.name = options.name
    this.host = options.host
    this.port = port
    this.servers = servers
  }

  /** Resolves when it listens. Rejects with PortInUseError, or with what the system says. */
  static async open(
    options: ListenerOptions,
    onSocket: (socket: Socket, listenerName: string) => void,
  ): Promise<Listener> {
    const accept: OnSocket = (socket) => onSocket(socket, options.name)
    if (options.host === 'localhost') return Listener.openLocalhost(options, accept)
    const server = await listen(options.host, options, accept)
    return new Listener(options, portOf(server), [server])
  }

  /** From now on it does not keep the process alive. */
  unref(): void {
    for (const server of this.servers) server.unref()
  }

  /** Accepts no more connections; those that are there live on. Resolves when the port is free. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map(closeServer))
  }

  private static async openLocalhost(
    options: ListenerOptions,
    accept: OnSocket,
  ): Promise<Listener> {
    for (let attempt = 1; ; attempt++) {
      const servers: Server[] = []
      try {
        for (const host of LOOPBACK) {
          const port = servers[0] ? portOf(servers[0]) : options.port
          const server = await listen(host, { ...options, port }, accept).catch(ifNoAddress)
          if (server) servers.push(server)
        }
        if (servers[0]) return new Listener(options, portOf(servers[0]), servers)
        throw new Error('Neither 127.0.0.1 nor ::1 is an address of this machine.')
      } catch (error) {
        await Promise.all(servers.map(closeServer))
        const tryAnother = error instanceof PortInUseError && options.port === 0
        if (!tryAnother || attempt === ATTEMPTS) throw error
      }
    }
  }
}

function listen(
  host: string | null,
  { port, backlog }: ListenerOptions,
  accept: OnSocket,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({
      // Ends are ours to answer: replies to what came before a client's end still go out.
      allowHalfOpen: true,
      keepAlive: true,
      noDelay: true,
      // So that no byte is read before the connection has set its read buffer.
      pauseOnConnect: true,
    })
    server.on('connection', accept)
    // Later errors are of single sockets that could not be accepted: then nothing is left to reject.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE'
      reject(inUse ? new PortInUseError(host, port, { cause: error }) : error)
    })
    server.listen(
      {
        port,
        exclusive: true,
        ...(host !== null && { host }),
        ...(backlog !== undefined && { backlog }),
      },
      () => resolve(server),
    )
  })
}

function ifNoAddress(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined || !NO_ADDRESS.includes(code)) throw error
  return undefined
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

/** Node calls back only when all connections of a server are gone, but frees the port at once. */
function closeServer(server: Server): Promise<void> {
  server.close()
  return Promise.resolve()
}
