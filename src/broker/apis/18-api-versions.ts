/** ApiVersions: what we serve, so that a client picks versions that both know. */

import { ApiVersions } from '../../protocol/messages/18-api-versions.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { parseVersions } from '../../protocol/versions.ts'
import { featuresOf } from '../features.ts'
import type { AnyHandler, Handler } from '../handler.ts'

/** What the name and version of a client's software have to look like (KIP-511). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

const VERSIONS = '0-5'

/** Our features never change while we run, so their epoch is the first one. */
const FEATURES_EPOCH = 0

function served(handlers: readonly AnyHandler[]) {
  const ranges = handlers.map(({ api, versions }) => ({
    apiKey: api.key,
    ...parseVersions(versions),
  }))
  const apiKeys = ranges
    .map(({ apiKey, min, max }) => ({ apiKey, minVersion: min, maxVersion: max }))
    .sort((one, other) => one.apiKey - other.apiKey)
  const ours = featuresOf(handlers)
  return {
    apiKeys,
    supported: ours.map(({ name, min, max }) => ({ name, minVersion: min, maxVersion: max })),
    finalized: ours.map(({ name, max }) => ({ name, minVersionLevel: max, maxVersionLevel: max })),
  }
}

/** Whether the client reached the node that it meant to reach (KIP-1242). */
function meantForUs(
  { clusterId, nodeId }: RequestOf<typeof ApiVersions>,
  cluster: { clusterId: string; nodeId: number },
): 'NONE' | 'INVALID_REQUEST' | 'REBOOTSTRAP_REQUIRED' {
  if (clusterId === null && nodeId === -1) return 'NONE'
  if (clusterId === null || nodeId === -1) return 'INVALID_REQUEST'
  return clusterId === cluster.clusterId && nodeId === cluster.nodeId
    ? 'NONE'
    : 'REBOOTSTRAP_REQUIRED'
}

/** `list` is asked at the first request: the list of handlers contains the one that is made here. */
export function apiVersions(list: () => readonly AnyHandler[]): Handler<typeof ApiVersions> {
  let reply: ReturnType<typeof served> | undefined
  return {
    api: ApiVersions,
    versions: VERSIONS,
    handle(request, { apiVersion, client, cluster }) {
      if (apiVersion >= 3) {
        const { clientSoftwareName: name, clientSoftwareVersion: version } = request
        if (!SOFTWARE.test(name) || !SOFTWARE.test(version)) {
          return { errorCode: 'INVALID_REQUEST', apiKeys: [] }
        }
        const misrouted = meantForUs(request, cluster)
        if (misrouted !== 'NONE') return { errorCode: misrouted, apiKeys: [] }
        client.software = { name, version }
      }
      reply ??= served(list().filter(({ hidden }) => !hidden))
      return {
        errorCode: 'NONE',
        apiKeys: reply.apiKeys,
        // Clients of v3 take a least version of 0 for an error (KAFKA-17011).
        supportedFeatures:
          apiVersion >= 4
            ? reply.supported
            : reply.supported.filter(({ minVersion }) => minVersion > 0),
        finalizedFeaturesEpoch: FEATURES_EPOCH,
        finalizedFeatures: reply.finalized,
      }
    },
    fail: (_request, errorCode) => ({ errorCode, apiKeys: [] }),
    unsupported() {
      const { min, max } = parseVersions(VERSIONS)
      return {
        errorCode: 'UNSUPPORTED_VERSION',
        apiKeys: [{ apiKey: ApiVersions.key, minVersion: min, maxVersion: max }],
      }
    },
  }
}
