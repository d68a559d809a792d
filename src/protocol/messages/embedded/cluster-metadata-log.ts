/** Records of `__cluster_metadata` about the log itself. */

import { int8, message, string } from '../../schema.ts'

/** Records from here on count all together or not at all (KIP-868). */
export const BeginTransactionRecord = message({
  name: 'BeginTransactionRecord',
  apiKey: 23,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string('0+', { nullable: '0+', default: null, tag: 0, tagged: '0+' }),
  },
})

/** The records since BeginTransactionRecord count. */
export const EndTransactionRecord = message({
  name: 'EndTransactionRecord',
  apiKey: 24,
  versions: '0',
  flexible: '0+',
  fields: {},
})

/** The records since BeginTransactionRecord do not count. */
export const AbortTransactionRecord = message({
  name: 'AbortTransactionRecord',
  apiKey: 25,
  versions: '0',
  flexible: '0+',
  fields: {
    reason: string('0+', { nullable: '0+', default: null, tag: 0, tagged: '0+' }),
  },
})

/** Moves the log on and says nothing, so that followers see that there is a leader (KIP-835). */
export const NoOpRecord = message({
  name: 'NoOpRecord',
  apiKey: 20,
  versions: '0',
  flexible: '0+',
  fields: {},
})

/**
 * How far the move away from ZooKeeper is (KIP-866): 0 none, 1 under way, 2 before it, 3 done.
 * Kafka 3.4 had 1 and 2 the other way round, but never wrote the one that means under way.
 */
export const ZkMigrationStateRecord = message({
  name: 'ZkMigrationStateRecord',
  apiKey: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    zkMigrationState: int8(),
  },
})
