/** Listeners and advertised listeners: where a broker listens, and what it tells clients. */

import { type BrokerConfig, ConfigError } from './broker-config.ts'

export interface ListenerAddress {
  /** Like PLAINTEXT or INTERNAL: the name that ties what is advertised to where it listens. */
  name: string
  /** Null: every address of the machine. */
  host: string | null
  /** 0: any free one. */
  port: number
}

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
type SecurityProtocol = (typeof PROTOCOLS)[number]

function isProtocol(text: string): text is SecurityProtocol {
  return (PROTOCOLS as readonly string[]).includes(text)
}

/** `name://host:port` with a host that may be missing, and is in brackets when it is an IPv6 address. */
function parseAddress(text: string, key: string): ListenerAddress {
  const parts = /^([a-zA-Z0-9_-]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(text)
  const port = Number(parts?.[4])
  if (!parts || port > 65535) {
    throw new ConfigError(
      `Invalid value ${text} for configuration ${key}: a listener is written as PLAINTEXT://host:port.`,
    )
  }
  return { name: parts[1]!.toUpperCase(), host: parts[2] ?? (parts[3] || null), port }
}

function parseProtocols(map: string): Map<string, string> {
  const protocols = new Map<string, string>()
  for (const pair of map.split(',').map((text) => text.trim())) {
    if (pair === '') continue
    const parts = /^([^:]+):([^:]+)$/.exec(pair)
    if (!parts) {
      throw new ConfigError(
        `Invalid value ${map} for configuration listener.security.protocol.map: '${pair}' is not NAME:PROTOCOL.`,
      )
    }
    protocols.set(parts[1]!.trim().toUpperCase(), parts[2]!.trim().toUpperCase())
  }
  return protocols
}

/**
 * Where clients are listened to. What is there for a controller is left out: this node is its own. Throws ConfigError
 * for what cannot be, and for a security protocol that is not served.
 */
export function listenersOf(config: BrokerConfig): ListenerAddress[] {
  const protocols = parseProtocols(config.get('listener.security.protocol.map'))
  const controllers = controllerNames(config)
  const listeners: ListenerAddress[] = []
  for (const text of config.get('listeners')) {
    const address = parseAddress(text, 'listeners')
    if (controllers.includes(address.name)) continue
    checkProtocol(address.name, protocols.get(address.name))
    checkClash(address, listeners)
    listeners.push(address)
  }
  if (listeners.length === 0) {
    throw new ConfigError('listeners has no listener for clients: add one like PLAINTEXT://:9092.')
  }
  return listeners
}

/**
 * The same configuration values with another host or port for the one listener of clients. Throws ConfigError where there
 * are several: then nobody can say which is meant.
 */
export function listenersAt(
  config: BrokerConfig,
  { host, port }: { host?: string | undefined; port?: number | undefined },
): string {
  const [listener, ...others] = listenersOf(config)
  if (!listener || others.length > 0) {
    throw new ConfigError(
      `A host or port can be given for one listener, and listeners has ${others.length + 1}: write them there.`,
    )
  }
  const at = host ?? listener.host ?? ''
  return `${listener.name}://${at.includes(':') ? `[${at}]` : at}:${port ?? listener.port}`
}

/** What clients of each listener are told; a listener that is not named here tells the address by which it was reached. */
export function advertisedListenersOf(config: BrokerConfig): ListenerAddress[] {
  const listening = listenersOf(config).map(({ name }) => name)
  const controllers = controllerNames(config)
  const advertised: ListenerAddress[] = []
  for (const text of config.get('advertised.listeners') ?? []) {
    const address = parseAddress(text, 'advertised.listeners')
    if (controllers.includes(address.name)) continue
    if (!listening.includes(address.name)) {
      throw new ConfigError(
        `advertised.listeners has ${text}, and listeners has no listener of that name: it has ${listening.join(', ')}.`,
      )
    }
    if (address.port === 0) {
      throw new ConfigError(`advertised.listeners has ${text}: nobody can connect to port 0.`)
    }
    if (address.host === '0.0.0.0' || address.host === '::') {
      throw new ConfigError(
        `advertised.listeners cannot use the nonroutable meta-address ${address.host}. Use a routable IP address.`,
      )
    }
    advertised.push(address)
  }
  return advertised
}

function controllerNames(config: BrokerConfig): string[] {
  return config.get('controller.listener.names').map((name) => name.toUpperCase())
}

function checkProtocol(name: string, protocol: string | undefined): void {
  if (protocol === undefined) {
    throw new ConfigError(
      `No security protocol defined for listener ${name}: add ${name}:PLAINTEXT to listener.security.protocol.map.`,
    )
  }
  if (!isProtocol(protocol)) {
    throw new ConfigError(
      `Listener ${name} has the security protocol ${protocol}; there are ${PROTOCOLS.join(', ')}.`,
    )
  }
  if (protocol !== 'PLAINTEXT') {
    throw new ConfigError(
      `Listener ${name} wants ${protocol}, which is not served yet: only PLAINTEXT is. Nothing is listened to rather than less securely.`,
    )
  }
}

function checkClash(address: ListenerAddress, others: readonly ListenerAddress[]): void {
  for (const other of others) {
    if (other.name === address.name) {
      throw new ConfigError(
        `Each listener must have a different name: ${address.name} is there twice.`,
      )
    }
    if (other.port === address.port && address.port !== 0 && other.host === address.host) {
      throw new ConfigError(
        `Each listener must have a different port: ${address.port} is there twice.`,
      )
    }
  }
}
