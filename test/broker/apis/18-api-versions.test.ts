/** ApiVersions, as Kafka 4.4 answers it. */

import { describe, expect, it } from 'vitest'
import { apiVersions } from '../../../src/broker/apis/18-api-versions.ts'
import { type AnyHandler, handler } from '../../../src/broker/handler.ts'
import { ApiVersions } from '../../../src/protocol/messages/18-api-versions.ts'
import { api, errorCode, type RequestInput } from '../../../src/protocol/schema.ts'
import { Put, settled, Wire } from '../network/wire.ts'

const FLEXIBLE = { clientSoftwareName: 'tester', clientSoftwareVersion: '1.0' }

function served(key: number, versions: string): AnyHandler {
  const made = api({
    key,
    name: `Api${key}`,
    versions: '0+',
    flexible: 'none',
    request: {},
    response: { errorCode: errorCode() },
  })
  return handler<typeof made>({
    api: made,
    versions,
    handle: () => undefined,
    fail: (_request, error) => ({ errorCode: error }),
  })
}

function setUp(others: readonly AnyHandler[]) {
  const handlers: AnyHandler[] = [...others, apiVersions(() => handlers)]
  const client = new Wire({ handlers }).connect()
  const ask = async (version: number, request: RequestInput<typeof ApiVersions> = FLEXIBLE) => {
    client.send(ApiVersions, request, version)
    await settled()
    return client.decoded(ApiVersions, client.replies.length - 1, version)
  }
  return { client, ask }
}

describe('ApiVersions', () => {
  it.each([0, 1, 2, 3, 4, 5])('v%i lists what the handlers serve, by key', async (version) => {
    const { ask } = setUp([served(60, '0-2'), served(0, '0-13'), served(3, '0-13')])
    const reply = await ask(version)
    expect(reply.errorCode).toBe('NONE')
    expect(reply.apiKeys).toEqual([
      { apiKey: 0, minVersion: 0, maxVersion: 13 },
      { apiKey: 3, minVersion: 0, maxVersion: 13 },
      { apiKey: 18, minVersion: 0, maxVersion: 5 },
      { apiKey: 60, minVersion: 0, maxVersion: 2 },
    ])
  })

  it('answers a version that is too high in v0, with itself alone, and serves on', async () => {
    const { client, ask } = setUp([served(3, '0-13')])
    for (const version of [99, -1]) {
      const frame = client.frame(ApiVersions, FLEXIBLE, 3)
      frame.writeInt16BE(version, 6)
      client.stream.write(frame)
    }
    await settled()
    for (const reply of client.replies) {
      expect(reply.frame.subarray(4).toString('hex')).toBe('002300000001001200000005')
    }
    expect(client.replies).toHaveLength(2)
    expect((await ask(0)).errorCode).toBe('NONE')
  })

  it.each([
    ['-client', '1.0'],
    ['client-', '1.0'],
    ['', ''],
    ['a client', '1.0'],
    ['client', '1.0 beta'],
    ['client', '1.0\n'],
  ])('refuses the software %j %j', async (clientSoftwareName, clientSoftwareVersion) => {
    const reply = await setUp([]).ask(3, { clientSoftwareName, clientSoftwareVersion })
    expect(reply).toMatchObject({ errorCode: 'INVALID_REQUEST', apiKeys: [] })
  })

  it('remembers the software for the requests behind', async () => {
    const seen: unknown[] = []
    const put = handler<typeof Put>({
      api: Put,
      versions: '0-9',
      handle: ({ tag }, { client }) => {
        seen.push(client.software)
        return { tag }
      },
      fail: ({ tag }) => ({ tag }),
    })
    const { client, ask } = setUp([put])
    await ask(3, { clientSoftwareName: 'a', clientSoftwareVersion: '2.0.1-rc.1' })
    client.send(Put, { tag: 1 })
    await settled()
    expect(seen).toEqual([{ name: 'a', version: '2.0.1-rc.1' }])
  })

  it.each([
    [null, -1, 'NONE'],
    ['the-cluster', 1, 'NONE'],
    [null, 1, 'INVALID_REQUEST'],
    ['the-cluster', -1, 'INVALID_REQUEST'],
    ['the-cluster', 2, 'REBOOTSTRAP_REQUIRED'],
    ['another', 1, 'REBOOTSTRAP_REQUIRED'],
  ])('v5 meant for cluster %s and node %i: %s', async (clusterId, nodeId, expected) => {
    const reply = await setUp([]).ask(5, { ...FLEXIBLE, clusterId, nodeId })
    expect(reply.errorCode).toBe(expected)
    expect(reply.apiKeys.length > 0).toBe(expected === 'NONE')
  })
})

describe('features', () => {
  const names = (features: readonly { name: string }[]) => features.map(({ name }) => name)

  it('are those of what is served', async () => {
    const few = await setUp([served(0, '3-13'), served(26, '0-4')]).ask(4)
    expect(names(few.finalizedFeatures)).toEqual(['metadata.version'])
    const more = await setUp([served(0, '3-13'), served(26, '0-5'), served(68, '0-1')]).ask(4)
    expect(more.finalizedFeatures).toEqual([
      { name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 },
      { name: 'metadata.version', minVersionLevel: 33, maxVersionLevel: 33 },
      { name: 'transaction.version', minVersionLevel: 2, maxVersionLevel: 2 },
    ])
    expect(names(more.supportedFeatures)).toEqual(names(more.finalizedFeatures))
    expect(more.finalizedFeaturesEpoch).toBe(0n)
  })

  it('of v3 are supported from above 0 only', async () => {
    const reply = await setUp([served(68, '0-1')]).ask(3)
    expect(names(reply.supportedFeatures)).toEqual(['metadata.version'])
    expect(names(reply.finalizedFeatures)).toEqual(['group.version', 'metadata.version'])
  })
})
