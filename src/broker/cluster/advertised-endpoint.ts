/** Where a client is told to find this node. */

import { ConfigError } from '../config/broker-config.ts'
import type { Client } from '../handler.ts'

export interface Endpoint {
  host: string
  port: number
}

/** By listener name in capitals; a host of null is the one that the client has used. */
export type AdvertisedListeners = ReadonlyMap<string, { host: string | null; port: number }>

/** Reads addresses like `NAME://host:port`. Throws ConfigError for what no client could connect to. */
export function readAdvertised(addresses: readonly string[]): AdvertisedListeners {
  const listeners = new Map<string, { host: string | null; port: number }>()
  for (const address of addresses) {
    const parts = /^([a-zA-Z0-9_-]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(
      address,
    )
    const port = Number(parts?.[4])
    if (!parts || port < 1 || port > 65_535) {
      throw new ConfigError(
        `Invalid value ${address} for configuration advertised.listeners: a listener is written as PLAINTEXT://host:port.`,
      )
    }
    const host = parts[2] ?? (parts[3] || null)
    if (host !== null && isUnspecified(host)) {
      throw new ConfigError(
        `advertised.listeners cannot use the nonroutable meta-address ${host}. Use a routable IP address.`,
      )
    }
    listeners.set(parts[1]!.toUpperCase(), { host, port })
  }
  return listeners
}

/** What is advertised for the client's listener, else the address by which it has reached us. */
export function advertisedEndpoint(advertised: AdvertisedListeners, client: Client): Endpoint {
  const address = advertised.get(client.listenerName.toUpperCase())
  const reached = isUnspecified(client.localHost) ? 'localhost' : client.localHost
  return { host: address?.host ?? reached, port: address?.port ?? client.localPort }
}

/** One can listen on these, and nobody can connect to them. */
function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === ''
}
