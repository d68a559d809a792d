/** How many connections a broker takes, of all clients and of each address, as its configuration says now. */

import { isIP } from 'node:net'
import type { BrokerConfig } from './broker-config.ts'

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1']

/** `host:connections` of each entry; a problem where one is no such thing. Names other than localhost stand for no address. */
export function readOverrides(text: string): Map<string, number> | { bad: string } {
  const found = new Map<string, number>()
  for (const entry of text.split(',').map((one) => one.trim())) {
    if (entry === '') continue
    const [, host, most] = /^(.+?)\s*:\s*(\d{1,9})$/.exec(entry) ?? []
    if (host === undefined) return { bad: entry }
    const address = host.replace(/^\[(.*)\]$/, '$1')
    for (const one of address === 'localhost' ? LOOPBACK : [address]) found.set(one, Number(most))
  }
  return found
}

/** Entries of `max.connections.per.ip.overrides` whose host is a name: nobody looks up where that is. */
export function namesIn(text: string): string[] {
  const found = readOverrides(text)
  return 'bad' in found ? [] : [...found.keys()].filter((host) => isIP(host) === 0)
}

export class ConnectionLimits {
  private readonly config: BrokerConfig
  private text = ''
  private overrides: ReadonlyMap<string, number> = new Map()

  constructor(config: BrokerConfig) {
    this.config = config
  }

  get maxConnections(): number {
    return this.config.get('max.connections')
  }

  maxOf(host: string): number {
    const text = this.config.get('max.connections.per.ip.overrides')
    if (text !== this.text) {
      const read = readOverrides(text)
      this.overrides = 'bad' in read ? new Map() : read
      this.text = text
    }
    return this.overrides.get(host) ?? this.config.get('max.connections.per.ip')
  }
}
