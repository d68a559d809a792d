/** Where a client is told to find this node. */

import type { BrokerConfig } from '../config/broker-config.ts'
import { advertisedListenersOf } from '../config/listeners.ts'
import type { Client } from '../client.ts'

export interface Endpoint {
  host: string
  port: number
}

/** By listener name in capitals; a host of null is the one that the client has used. */
export type AdvertisedListeners = ReadonlyMap<string, { host: string | null; port: number }>

/** Throws ConfigError for what no client could connect to, and for listeners that are not there. */
export function readAdvertised(config: BrokerConfig): AdvertisedListeners {
  return new Map(
    advertisedListenersOf(config).map(({ name, host, port }) => [name, { host, port }]),
  )
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
