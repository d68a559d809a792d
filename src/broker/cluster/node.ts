/** This broker as a member of the cluster: its id, its rack, and where clients find it. */

import type { BrokerConfig } from '../config/broker-config.ts'
import type { Client } from '../client.ts'
import {
  advertisedEndpoint,
  type AdvertisedListeners,
  type Endpoint,
  readAdvertised,
} from './advertised-endpoint.ts'

export class Node {
  readonly id: number
  readonly rack: string | null
  private readonly advertisedListeners: AdvertisedListeners

  /** Throws ConfigError when `advertised.listeners` cannot be. */
  constructor(config: BrokerConfig) {
    this.id = config.get('node.id')
    this.rack = config.get('broker.rack')
    this.advertisedListeners = readAdvertised(config)
  }

  advertised(client: Client): Endpoint {
    return advertisedEndpoint(this.advertisedListeners, client)
  }
}
