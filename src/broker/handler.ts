/** What serves one API: authorize, check, ask one service, shape the reply. */

import type { ErrorName } from '../protocol/errors.ts'
import type { Api, RequestOf, ResponseOf } from '../protocol/schema.ts'
import type { Broker } from './broker.ts'
import type { Cancellation } from './cancellation.ts'
import type { Client } from './client.ts'

/** All that a handler is given beside its request. */
export interface Context extends Broker {
  readonly client: Client
  readonly apiVersion: number
  readonly cancellation: Cancellation
  /** True when the principal may do this; always so without an authorizer. */
  readonly authorized: (operation: Operation, resourceType: ResourceType, name: string) => boolean
}

export type Operation =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'CLUSTER_ACTION'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE'
export type ResourceType = 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID'

/** In place of a reply: no bytes are sent, and the connection closes once what came before is sent. */
export const CLOSE = Symbol('close')

/** `undefined`: no reply is due (acks=0). */
export type Reply<A extends Api> = ResponseOf<A> | undefined | typeof CLOSE

export interface Handler<A extends Api> {
  api: A
  /** What we serve, like `0-4`; ApiVersions is made of these. */
  versions: string
  /** Once this has returned, the next request of the same connection may start before the reply is there (Produce only). */
  pipelined?: true
  handle(request: RequestOf<A>, context: Context): Reply<A> | Promise<Reply<A>>
  /** The reply when the whole request fails. */
  fail(request: RequestOf<A>, errorCode: ErrorName, message: string | null): ResponseOf<A>
  /** Runs when the reply has been written to the socket or dropped: gives lent buffers back. */
  sent?(response: ResponseOf<A>): void
  /** False when no reply is due whatever comes of it (acks=0): failing as a whole then closes the connection. */
  repliesTo?(request: RequestOf<A>): boolean
  /** The reply, in the layout of version 0, to a version that we do not serve; without it such a request closes its connection (KIP-511). */
  unsupported?(): ResponseOf<A>
  /** ApiVersions does not show it, as Kafka's does not; who asks all the same is answered. */
  hidden?: true
}

/** A handler in a list of them. */
export type AnyHandler = Handler<Api>

/** Throws nothing away of the types between a handler and the list it stands in. */
export function handler<A extends Api>(definition: Handler<A>): Handler<A> {
  return definition
}
