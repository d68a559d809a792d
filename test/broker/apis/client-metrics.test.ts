/** GetTelemetrySubscriptions and PushTelemetry, as Kafka 4.4 answers them without a receiver of metrics. */

import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { getTelemetrySubscriptions } from '../../../src/broker/apis/71-get-telemetry-subscriptions.ts'
import { pushTelemetry } from '../../../src/broker/apis/72-push-telemetry.ts'
import { handlers } from '../../../src/broker/apis/index.ts'
import { ApiVersions } from '../../../src/protocol/messages/18-api-versions.ts'
import { ClientMetrics } from '../../../src/broker/client-metrics.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'

const ZERO = 'AAAAAAAAAAAAAAAAAAAAAA'
const MINE = 'abcdefghijklmnopqrstuw'
const PUSH_INTERVAL_MS = 300_000
const MAX_BYTES = 1000

let broker: BrokerFixture
let client: { metrics: ClientMetrics }

beforeEach(async () => {
  broker = await openBroker({ values: { 'telemetry.max.bytes': MAX_BYTES } })
  client = { metrics: new ClientMetrics() }
})

function ask(clientInstanceId = MINE) {
  return broker.ask(getTelemetrySubscriptions, { clientInstanceId }, { version: 0, client })
}

async function push(
  subscriptionId: number,
  { id = MINE, terminating = false, compressionType = 0, metrics = Buffer.alloc(0) as Buffer } = {},
) {
  const request = { clientInstanceId: id, subscriptionId, terminating, compressionType, metrics }
  return (await broker.ask(pushTelemetry, request, { version: 0, client })).errorCode
}

describe('GetTelemetrySubscriptions', () => {
  it('asks a client for no metrics', async () => {
    expect(await ask()).toEqual({
      throttleTimeMs: 0,
      errorCode: 'NONE',
      clientInstanceId: MINE,
      subscriptionId: expect.any(Number),
      acceptedCompressionTypes: [4, 3, 1, 2],
      pushIntervalMs: PUSH_INTERVAL_MS,
      telemetryMaxBytes: MAX_BYTES,
      deltaTemporality: true,
      requestedMetrics: [],
    })
  })

  it('gives a client that has no id one of its own, and each another subscription', async () => {
    const [one, other] = [await ask(ZERO), await ask(ZERO)]
    expect(new Set([ZERO, one.clientInstanceId, other.clientInstanceId]).size).toBe(3)
    expect(one.subscriptionId).not.toBe(other.subscriptionId)
  })

  it('is not to be asked again within the interval', async () => {
    await ask()
    expect(await ask()).toMatchObject({
      errorCode: 'THROTTLING_QUOTA_EXCEEDED',
      clientInstanceId: ZERO,
      acceptedCompressionTypes: [],
    })
    await broker.clock.advance(PUSH_INTERVAL_MS)
    expect((await ask()).errorCode).toBe('NONE')
  })
})

describe('PushTelemetry', () => {
  it('takes a push after asking, and the next when the interval is over', async () => {
    const { subscriptionId } = await ask()
    expect(await push(subscriptionId)).toBe('NONE')
    expect(await push(subscriptionId)).toBe('THROTTLING_QUOTA_EXCEEDED')
    await broker.clock.advance(PUSH_INTERVAL_MS)
    expect(await push(subscriptionId)).toBe('NONE')
  })

  it('takes a last push at any time, and nothing after it', async () => {
    const { subscriptionId } = await ask()
    await push(subscriptionId)
    expect(await push(subscriptionId, { terminating: true })).toBe('NONE')
    expect(await push(subscriptionId, { terminating: true })).toBe('INVALID_REQUEST')
  })

  it.each([ZERO, 'AAAAAAAAAAAAAAAAAAAAAQ'])('is for no client that is called %s', async (id) => {
    expect(await push(0, { id })).toBe('INVALID_REQUEST')
  })

  it('refuses another subscription, upon which a client may ask again at once', async () => {
    const { subscriptionId } = await ask()
    expect(await push(subscriptionId + 1)).toBe('UNKNOWN_SUBSCRIPTION_ID')
    expect(await ask()).toMatchObject({ errorCode: 'NONE', subscriptionId })
  })

  it.each([-1, 5, 9])('refuses the codec %i, upon which a client may ask again', async (type) => {
    const { subscriptionId } = await ask()
    const error = await push(subscriptionId, { compressionType: type })
    expect(error).toBe('UNSUPPORTED_COMPRESSION_TYPE')
    expect((await ask()).errorCode).toBe('NONE')
  })

  it.each<[string, number, Buffer, string]>([
    ['gzip', 1, gzipSync('metrics'), 'NONE'],
    ['nonsense', 0, Buffer.from('nonsense'), 'NONE'],
    ['nonsense as gzip', 1, Buffer.from('nonsense'), 'INVALID_RECORD'],
    ['nonsense as snappy', 2, Buffer.from('xyz'), 'INVALID_RECORD'],
    ['as much as is allowed', 0, Buffer.alloc(MAX_BYTES), 'NONE'],
    ['more than is allowed', 0, Buffer.alloc(MAX_BYTES + 1), 'TELEMETRY_TOO_LARGE'],
    ['a bomb, unopened', 1, gzipSync(Buffer.alloc(700_000)), 'NONE'],
  ])('of %s', async (_name, compressionType, metrics, error) => {
    const { subscriptionId } = await ask()
    expect(await push(subscriptionId, { compressionType, metrics })).toBe(error)
  })

  it('remembers so many clients of a connection, and no more', async () => {
    await ask()
    for (let others = 0; others < 15; others++) await ask(ZERO)
    expect((await ask()).errorCode).toBe('THROTTLING_QUOTA_EXCEEDED')
    await ask(ZERO)
    expect((await ask()).errorCode).toBe('NONE')
  })
})

it('ApiVersions shows neither', async () => {
  const apiVersions = handlers.find(({ api }) => api.key === ApiVersions.key)!
  const answer = await broker.ask(apiVersions, {}, { version: 0 })
  const keys = (answer as { apiKeys: { apiKey: number }[] }).apiKeys.map(({ apiKey }) => apiKey)
  expect(keys).toContain(74)
  expect(keys).not.toContain(71)
  expect(keys).not.toContain(72)
})
