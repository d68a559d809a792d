/** The configs that a group may have of its own. */

import { bool, choice, int, list, string } from './config-key.ts'
import { atLeast, noBlanks, offsetReset } from './rules.ts'

export const groupResourceKeys = {
  'consumer.assignment.interval.ms': int(1000, atLeast(0)),
  'consumer.heartbeat.interval.ms': int(5000, atLeast(1)),
  'consumer.session.timeout.ms': int(45_000, atLeast(1)),
  'errors.deadletterqueue.copy.record.enable': bool(false),
  'errors.deadletterqueue.topic.name': string(''),
  'share.assignment.interval.ms': int(1000, atLeast(0)),
  'share.auto.offset.reset': string('latest', offsetReset),
  'share.delivery.count.limit': int(5, atLeast(2)),
  'share.heartbeat.interval.ms': int(5000, atLeast(1)),
  'share.isolation.level': choice('read_uncommitted', ['read_committed', 'read_uncommitted']),
  'share.partition.max.record.locks': int(2000, atLeast(100)),
  'share.record.lock.duration.ms': int(30_000, atLeast(1000)),
  'share.renew.acknowledge.enable': bool(true),
  'share.session.timeout.ms': int(45_000, atLeast(1)),
  'streams.assignment.interval.ms': int(1000, atLeast(0)),
  'streams.assignor.name': string(null),
  'streams.heartbeat.interval.ms': int(5000, atLeast(1)),
  'streams.initial.rebalance.delay.ms': int(3000, atLeast(0)),
  'streams.num.standby.replicas': int(0, atLeast(0)),
  'streams.rack.aware.assignment.tags': list([], noBlanks),
  'streams.session.timeout.ms': int(45_000, atLeast(1)),
}
