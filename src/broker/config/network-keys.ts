/** Keys of listeners, connections, requests and fetches. */

import { INT_MAX, int, list, long, string } from './config-key.ts'
import { atLeast, noBlanks, notEmpty } from './rules.ts'

export const networkKeys = {
  'advertised.listeners': list(null, notEmpty()),
  'connections.max.idle.ms': long(600_000),
  'delete.records.purgatory.purge.interval.requests': int(1),
  'early.start.listeners': list(null, noBlanks),
  'fetch.max.bytes': int(57_671_680, atLeast(1024)),
  'fetch.purgatory.purge.interval.requests': int(1000),
  'inter.broker.listener.name': string(null),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'per-broker',
  ),
  listeners: list(['PLAINTEXT://:9092'], notEmpty(), 'per-broker'),
  'max.connection.creation.rate': int(INT_MAX, atLeast(0), 'cluster-wide'),
  'max.connections': int(INT_MAX, atLeast(0), 'cluster-wide'),
  'max.connections.per.ip': int(INT_MAX, atLeast(0), 'cluster-wide'),
  'max.connections.per.ip.overrides': string('', 'cluster-wide'),
  'max.incremental.fetch.session.cache.slots': int(1000, atLeast(0)),
  'num.io.threads': int(8, atLeast(1), 'cluster-wide'),
  'num.network.threads': int(3, atLeast(1), 'cluster-wide'),
  'producer.purgatory.purge.interval.requests': int(1000),
  'queued.max.request.bytes': long(-1),
  'queued.max.requests': int(500, atLeast(1)),
  'request.timeout.ms': int(30_000),
  'socket.connection.setup.timeout.max.ms': long(30_000),
  'socket.connection.setup.timeout.ms': long(10_000),
  'socket.listen.backlog.size': int(50, atLeast(1)),
  'socket.receive.buffer.bytes': int(102_400),
  'socket.request.max.bytes': int(104_857_600, atLeast(1)),
  'socket.send.buffer.bytes': int(102_400),
  'telemetry.max.bytes': int(1_048_576, atLeast(1)),
}
