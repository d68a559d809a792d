/** Keys of tiered storage, which is not served. */

import { LONG_MAX, bool, int, long, string } from './config-key.ts'
import { atLeast, notBlank } from './rules.ts'

export const remoteKeys = {
  'follower.fetch.last.tiered.offset.enable': bool(false, 'cluster-wide'),
  'log.local.retention.bytes': long(-2, atLeast(-2), 'cluster-wide'),
  'log.local.retention.ms': long(-2, atLeast(-2), 'cluster-wide'),
  'log.remote.copy.lag.bytes': long(-1, atLeast(-1), 'cluster-wide'),
  'log.remote.copy.lag.ms': long(0, atLeast(-1), 'cluster-wide'),
  'remote.fetch.max.wait.ms': int(500, atLeast(1), 'cluster-wide'),
  'remote.list.offsets.request.timeout.ms': long(30_000, atLeast(1), 'cluster-wide'),
  'remote.log.index.file.cache.total.size.bytes': long(1_073_741_824, atLeast(1), 'cluster-wide'),
  'remote.log.manager.copier.thread.pool.size': int(10, atLeast(1), 'cluster-wide'),
  'remote.log.manager.copy.max.bytes.per.second': long(LONG_MAX, atLeast(1), 'cluster-wide'),
  'remote.log.manager.copy.quota.window.num': int(11, atLeast(1)),
  'remote.log.manager.copy.quota.window.size.seconds': int(1, atLeast(1)),
  'remote.log.manager.expiration.thread.pool.size': int(10, atLeast(1), 'cluster-wide'),
  'remote.log.manager.fetch.max.bytes.per.second': long(LONG_MAX, atLeast(1), 'cluster-wide'),
  'remote.log.manager.fetch.quota.window.num': int(11, atLeast(1)),
  'remote.log.manager.fetch.quota.window.size.seconds': int(1, atLeast(1)),
  'remote.log.manager.follower.thread.pool.size': int(2, atLeast(1), 'cluster-wide'),
  'remote.log.manager.task.interval.ms': long(30_000, atLeast(1)),
  'remote.log.manager.thread.pool.size': int(2, atLeast(1)),
  'remote.log.metadata.custom.metadata.max.bytes': int(128, atLeast(0)),
  'remote.log.metadata.manager.class.name': string(
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    notBlank,
  ),
  'remote.log.metadata.manager.class.path': string(null),
  'remote.log.metadata.manager.impl.prefix': string('rlmm.config.', notBlank),
  'remote.log.metadata.manager.listener.name': string(null, notBlank),
  'remote.log.reader.max.pending.tasks': int(100, atLeast(1)),
  'remote.log.reader.threads': int(10, atLeast(1), 'cluster-wide'),
  'remote.log.storage.manager.class.name': string(null, notBlank),
  'remote.log.storage.manager.class.path': string(null),
  'remote.log.storage.manager.impl.prefix': string('rsm.config.', notBlank),
  'remote.log.storage.system.enable': bool(false),
}
