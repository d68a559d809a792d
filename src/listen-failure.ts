/** Why a port cannot be listened to, and who has it. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { BrokerError } from './broker-error.ts'
import type { ListenerAddress } from './broker/config/listeners.ts'
import { PortInUseError } from './broker/network/listener.ts'

export function listenFailure({ name, host, port }: ListenerAddress, error: unknown): unknown {
  if (error instanceof PortInUseError) {
    const holder = portHolder(error.port)
    return new BrokerError(
      'PORT_IN_USE',
      `Port ${error.port} is in use${holder === undefined ? '' : ` by ${holder}`}. Choose another port, 0 for any free one, or stop what listens there.`,
      { cause: error },
    )
  }
  const place = `${host ?? 'every address'}, port ${port} (listener ${name})`
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? '']
  if (reason === undefined) return error
  return new BrokerError('CANNOT_LISTEN', `Cannot listen on ${place}: ${reason}`, { cause: error })
}

/**
 * Rejects with BrokerError where somebody listens already. It is found by connecting: to listen for a moment would tell
 * whoever waits for us that we are there. Where that cannot be said of a host, listening itself will say it.
 */
export async function refuseTaken(address: ListenerAddress): Promise<void> {
  const { host, port } = address
  if (port === 0) return
  const answers = await Promise.all(loopbacksOf(host).map((place) => isAnswered(place, port)))
  if (answers.includes(true)) throw listenFailure(address, new PortInUseError(host, port))
}

/** The addresses of this machine alone that a listener on this host takes. */
function loopbacksOf(host: string | null): string[] {
  if (host === null || host === '::' || host === 'localhost') return ['127.0.0.1', '::1']
  if (host === '0.0.0.0') return ['127.0.0.1']
  return host.startsWith('127.') || host === '::1' ? [host] : []
}

function isAnswered(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const answer = (is: boolean): void => {
      socket.destroy()
      resolve(is)
    }
    // A port of the range that the system gives out may have been given to this very socket: then it has met itself.
    socket.on('connect', () => answer(socket.localPort !== port))
    socket.on('error', () => answer(false))
  })
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES:
    'this user may not use the port. Those below 1024 often need rights: choose a higher one.',
  EADDRNOTAVAIL: 'this machine has no such address.',
  ENOTFOUND: 'the host name is not known.',
  EAI_AGAIN: 'the host name cannot be looked up now.',
  EAFNOSUPPORT: 'this machine does not speak that kind of address.',
}

const LONGEST_COMMAND = 80

/** The process that listens on a port, where Linux lets us see it. */
function portHolder(port: number): string | undefined {
  try {
    const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((f) => listening(f, port)))
    if (inodes.size === 0) return undefined
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid) || !holdsSocket(pid, inodes)) continue
      return `process ${pid} (${commandOf(pid)})`
    }
  } catch {
    // Another system, or not ours to see.
  }
  return undefined
}

/** As many whole words of the command line as fit on a line. */
function commandOf(pid: string): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .map((word) => word.replaceAll(/\s+/g, ' '))
    .filter(Boolean)
  let command = words.shift() ?? ''
  for (const word of words) {
    if (command.length + word.length > LONGEST_COMMAND) return `${command} …`
    command += ` ${word}`
  }
  return command
}

/** Inodes of the sockets that listen on a port: state 0A, the port in hexadecimal behind the address. */
function listening(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync(file, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === '0A')
    .map((fields) => fields[9] ?? '')
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const target = readlinkSync(`/proc/${pid}/fd/${descriptor}`)
      return target.startsWith('socket:[') && inodes.has(target.slice(8, -1))
    })
  } catch {
    return false
  }
}
