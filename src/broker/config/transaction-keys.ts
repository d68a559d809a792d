/** Keys of transactions and producer ids. */

import { bool, int, short } from './config-key.ts'
import { atLeast } from './rules.ts'

export const transactionKeys = {
  'add.partitions.to.txn.retry.backoff.max.ms': int(100, atLeast(0)),
  'add.partitions.to.txn.retry.backoff.ms': int(20, atLeast(1)),
  'producer.id.expiration.ms': int(86_400_000, atLeast(1), 'cluster-wide'),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(10_000, atLeast(1)),
  'transaction.max.timeout.ms': int(900_000, atLeast(1)),
  'transaction.partition.verification.enable': bool(true, 'cluster-wide'),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(3_600_000, atLeast(1)),
  'transaction.state.log.load.buffer.size': int(5_242_880, atLeast(1)),
  'transaction.state.log.min.isr': int(2, atLeast(1)),
  'transaction.state.log.num.partitions': int(50, atLeast(1)),
  'transaction.state.log.replication.factor': short(3, atLeast(1)),
  'transaction.state.log.segment.bytes': int(104_857_600, atLeast(1)),
  'transaction.two.phase.commit.enable': bool(false),
  'transactional.id.expiration.ms': int(604_800_000, atLeast(1)),
}
