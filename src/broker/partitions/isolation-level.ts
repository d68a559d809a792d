/** What a consumer wants to see: all that is acknowledged, or nothing of open and aborted transactions (KIP-98). */

import { KafkaError } from '../kafka-error.ts'

const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1

/** Throws where there is no such level, with the error that Kafka has for it. */
export function isCommittedOnly(isolationLevel: number): boolean {
  if (isolationLevel !== READ_UNCOMMITTED && isolationLevel !== READ_COMMITTED) {
    throw new KafkaError('UNKNOWN_SERVER_ERROR', `There is no isolation level ${isolationLevel}.`)
  }
  return isolationLevel === READ_COMMITTED
}
