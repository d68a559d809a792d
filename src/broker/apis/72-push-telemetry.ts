/** PushTelemetry: metrics that nobody has asked for are checked and dropped (KIP-714). */

import { PushTelemetry } from '../../protocol/messages/72-push-telemetry.ts'
import { ClientMetrics } from '../client-metrics.ts'
import { handler } from '../handler.ts'

export const pushTelemetry = handler<typeof PushTelemetry>({
  api: PushTelemetry,
  versions: '0',
  hidden: true,
  handle(request, { client, clock, config }) {
    client.metrics ??= new ClientMetrics()
    const maxBytes = config.get('telemetry.max.bytes')
    return { errorCode: client.metrics.push(request, maxBytes, clock.monotonic()) }
  },
  fail: (_request, errorCode) => ({ errorCode }),
})
