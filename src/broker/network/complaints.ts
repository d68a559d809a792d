/** What the log says of a connection that is closed for what its peer does. */

import type { ProtocolViolation } from '../../protocol/errors.ts'
import type { Client } from '../client.ts'
import type { LogLimit } from '../log-limit.ts'
import type { ForeignProtocol } from './foreign-protocol.ts'

export function complainOfFrame(log: LogLimit, client: Client, violation: ProtocolViolation): void {
  const { clientId, host, connectionId } = client
  log.warn(
    'broken frame',
    { clientId, host, connectionId },
    `Closed the connection of ${host}: ${violation.message}`,
  )
}

/** Our own fault: no other connection, and not the broker, is to suffer from it. */
export function complainOfFault(log: LogLimit, client: Client, error: unknown): void {
  const { clientId, host, connectionId } = client
  log.error(
    'connection failed',
    { err: error, clientId, host, connectionId },
    `Closed the connection of ${host}: reading from it failed.`,
  )
}

export function complainOfStall(log: LogLimit, client: Client, reason: string): void {
  const { clientId, host, connectionId } = client
  log.warn(
    'connection given up',
    { clientId, host, connectionId },
    `Closed the connection of ${host}: ${reason}.`,
  )
}

/** Most likely a client that is set up wrongly. */
export function complainOfProtocol(log: LogLimit, client: Client, foreign: ForeignProtocol): void {
  const { host, localPort, listenerName } = client
  log.warn(
    'foreign protocol',
    { host, port: localPort, foreign: foreign.name },
    `${host} speaks ${foreign.name} to the listener ${listenerName} on port ${localPort}, which speaks Kafka's protocol in plain text. ${foreign.advice}`,
  )
}
