/** Keys of our own: what Kafka has no word for. */

import { INT_MAX, bool, choice, int, long } from './config-key.ts'
import { atLeast } from './rules.ts'

export const odradekKeys = {
  /** Whether a data folder of Kafka's with ACLs, SCRAM credentials or delegation tokens is served although nothing of that is: to everybody. */
  'odradek.ignore.kept.security': bool(false),
  /** Of the command's log: lines of JSON for machines, or of text for people. */
  'odradek.log.format': choice('json', ['json', 'text']),
  /** Longest time that a fetch is parked, whatever the client asks for: an early empty answer is legal, and lets a client notice a rebalance. */
  'odradek.fetch.max.wait.ms': int(INT_MAX, atLeast(0)),
  /** Memory for recently written records, from which consumers at the end of a log are served. */
  'odradek.tail.cache.bytes': long(33_554_432, atLeast(0)),
}
