// PushTelemetry (72): a client's metrics, as OpenTelemetry serializes them (KIP-714).
// Kafka shows it to clients only where something receives the metrics.

import { api, bool, bytes, errorCode, int8, int32, uuid } from '../schema.ts'

export const PushTelemetry = api({
  key: 72,
  name: 'PushTelemetry',
  versions: '0',
  flexible: '0+',
  request: {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
  },
})
