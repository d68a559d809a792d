// GetTelemetrySubscriptions (71): which metrics a client shall push, and how often (KIP-714).
// Kafka shows it to clients only where something receives the metrics.

import { api, array, bool, errorCode, int8, int32, string, uuid } from '../schema.ts'

export const GetTelemetrySubscriptions = api({
  key: 71,
  name: 'GetTelemetrySubscriptions',
  versions: '0',
  flexible: '0+',
  request: {
    clientInstanceId: uuid(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: array('0+', int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: array('0+', string()),
  },
})
