/** GetTelemetrySubscriptions: a client is asked for no metrics, since nothing receives them (KIP-714). */

import { GetTelemetrySubscriptions } from '../../protocol/messages/71-get-telemetry-subscriptions.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import { ClientMetrics, PUSH_INTERVAL_MS, subscriptionIdOf } from '../client-metrics.ts'
import { handler } from '../handler.ts'

/** zstd, lz4, gzip, snappy: as Kafka prefers them. */
const COMPRESSION_TYPES = [4, 3, 1, 2]

export const getTelemetrySubscriptions = handler<typeof GetTelemetrySubscriptions>({
  api: GetTelemetrySubscriptions,
  versions: '0',
  hidden: true,
  handle({ clientInstanceId }, { client, clock, config, random }) {
    const id = clientInstanceId === ZERO_UUID ? random.uuid() : clientInstanceId
    client.metrics ??= new ClientMetrics()
    if (!client.metrics.ask(id, clock.monotonic())) return refused('THROTTLING_QUOTA_EXCEEDED')
    return {
      errorCode: 'NONE',
      clientInstanceId: id,
      subscriptionId: subscriptionIdOf(id),
      acceptedCompressionTypes: COMPRESSION_TYPES,
      pushIntervalMs: PUSH_INTERVAL_MS,
      telemetryMaxBytes: config.get('telemetry.max.bytes'),
      deltaTemporality: true,
      requestedMetrics: [],
    }
  },
  fail: (_request, errorCode) => refused(errorCode),
})

function refused<Code extends string>(errorCode: Code) {
  return {
    errorCode,
    clientInstanceId: ZERO_UUID,
    subscriptionId: 0,
    acceptedCompressionTypes: [],
    pushIntervalMs: 0,
    telemetryMaxBytes: 0,
    deltaTemporality: false,
    requestedMetrics: [],
  }
}
