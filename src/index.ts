/**
 * Odradek in this process: brokers that start in milliseconds, many side by side.
 *
 *     const broker = await startBroker({ topics: { orders: 3 } })
 *     const kafka = new Kafka({ brokers: [broker.bootstrap] })
 *     await broker.stop()
 */

import { startPlanned } from './assembly.ts'
import { type BrokerOptions, checkOptions, configOf, folderOf, topicsOf } from './broker-options.ts'
import { systemClock } from './clock.ts'
import { silentLogger } from './logger.ts'
import { systemRandom } from './random.ts'

export { BrokerError, type BrokerErrorCode } from './broker-error.ts'
export type { BrokerOptions, ProfileName, TopicOptions } from './broker-options.ts'
export { type Clock, ManualClock, type Timer } from './clock.ts'
export type { Logger, LogMethod } from './logger.ts'
export { type Random, seededRandom } from './random.ts'

/** A broker that listens. */
export interface RunningBroker {
  /** What clients are given to connect: `127.0.0.1:54321`. With several listeners the first one's. */
  readonly bootstrap: string
  /** The port of `bootstrap`. */
  readonly port: number
  /** Ports by the listeners' names. */
  readonly ports: Readonly<Record<string, number>>
  /** 22 characters of base64url, the same for a data folder's life. */
  readonly clusterId: string
  /**
   * Replies in progress go out, the data is on stable storage, and nothing of it keeps the process alive. The process
   * stays until that is done. Rejects with BrokerError where the data folder could not be closed.
   */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a broker; resolved, it is ready to be asked. Reads no environment variables. Rejects with BrokerError, whose
 * `code` says which kind of thing is wrong and whose message says what to do.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  checkOptions(options)
  const config = configOf(options)
  const running = await startPlanned({
    config,
    folder: folderOf(options.data, config),
    topics: topicsOf(options.topics),
    log: options.logger || silentLogger,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    keepAlive: options.keepAlive ?? false,
  })
  const ports = Object.fromEntries(running.listeners.map(({ name, port }) => [name, port]))
  const first = running.listeners[0]!
  return {
    bootstrap: `${reachable(first.host)}:${first.port}`,
    port: first.port,
    ports,
    clusterId: running.clusterId,
    stop: () => running.stop(),
    [Symbol.asyncDispose]: () => running.stop(),
  }
}

/** An address is given rather than a name: what `localhost` is differs between clients. */
function reachable(host: string | null): string {
  if (host === null || host === '0.0.0.0' || host === 'localhost') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
