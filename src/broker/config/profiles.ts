/** Profiles: named bundles of values for the same keys that anybody may set. No code asks which one runs. */

import type { ConfigLayer } from './broker-config.ts'
import type { BrokerKey } from './broker-keys.ts'

export const profileNames = ['dev', 'test', 'prod'] as const
export type ProfileName = (typeof profileNames)[number]

type Values = { readonly [K in BrokerKey]?: string }

/** Kafka's defaults want three nodes for these; they follow the number of nodes that there are. */
function internalTopics(nodes: number): Values {
  const replicas = String(Math.min(3, nodes))
  const inSync = String(Math.min(2, nodes))
  return {
    'offsets.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.replication.factor': replicas,
  }
}

/** `prod` is Kafka's defaults. In `dev` and `test` nobody waits long for members, or for a poll, that will not come. */
const profiles: Readonly<Record<ProfileName, Values>> = {
  prod: {},
  dev: {
    listeners: 'PLAINTEXT://localhost:9092',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'group.streams.initial.rebalance.delay.ms': '0',
    'odradek.fetch.max.wait.ms': '500',
    'odradek.log.format': 'text',
  },
  test: {
    listeners: 'PLAINTEXT://localhost:9092',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1',
    'group.streams.initial.rebalance.delay.ms': '0',
    'odradek.fetch.max.wait.ms': '100',
    'odradek.log.format': 'text',
  },
}

export function profileLayer(profile: ProfileName, nodes = 1): ConfigLayer {
  return {
    kind: 'profile',
    origin: `profile ${profile}`,
    values: { ...internalTopics(nodes), ...profiles[profile] },
  }
}
