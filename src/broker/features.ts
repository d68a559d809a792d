/** The features of the cluster: what clients may count on beyond single APIs, and from which level on (KIP-584). */

import { parseVersions } from '../protocol/versions.ts'
import type { AnyHandler } from './handler.ts'

export interface Feature {
  name: string
  min: number
  max: number
  /** What has to be served, by API key and version, for the feature to be true of us; clients act on it. */
  needs: readonly (readonly [key: number, version: number])[]
}

/** The features of Kafka 4.4. Java clients take transaction.version 2 as leave to use KIP-890's transactions. */
const features: readonly Feature[] = [
  { name: 'eligible.leader.replicas.version', min: 0, max: 1, needs: [[75, 0]] },
  { name: 'group.version', min: 0, max: 1, needs: [[68, 0]] },
  { name: 'metadata.version', min: 7, max: 33, needs: [] },
  {
    name: 'share.version',
    min: 0,
    max: 2,
    needs: [
      [76, 1],
      [78, 1],
    ],
  },
  { name: 'streams.version', min: 0, max: 1, needs: [[88, 0]] },
  {
    name: 'transaction.version',
    min: 0,
    max: 2,
    needs: [
      [0, 12],
      [26, 5],
    ],
  },
]

/** The features that are true of whoever serves these APIs. Each is finalized at its highest level. */
export function featuresOf(handlers: readonly AnyHandler[]): Feature[] {
  const served = handlers.map(({ api, versions }) => ({
    key: api.key,
    max: parseVersions(versions).max,
  }))
  return features.filter(({ needs }) =>
    needs.every(([key, version]) => served.some((one) => one.key === key && one.max >= version)),
  )
}
