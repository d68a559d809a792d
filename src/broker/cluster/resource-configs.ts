/**
 * The configs of brokers, groups and client metrics subscriptions that are set and committed. Those of brokers take
 * effect in the broker's configuration; topics have theirs with them.
 */

import type { BrokerConfig, BrokerKey } from '../config/broker-config.ts'
import { GroupConfig } from '../config/group-config.ts'
import type { ClusterState } from './cluster-state.ts'
import type { AlteredResource } from './config-alteration.ts'
import {
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  EVERY_BROKER,
  GROUP_RESOURCE,
  type StoredResource,
} from '../config/config-resources.ts'

type Configs = ReadonlyMap<string, string>

const KINDS: readonly StoredResource[] = [BROKER_RESOURCE, CLIENT_METRICS_RESOURCE, GROUP_RESOURCE]
const NONE: Configs = new Map()

export class ResourceConfigs {
  private readonly nodeName: string
  private readonly config: BrokerConfig
  private readonly byKind = new Map<StoredResource, Map<string, Configs>>()
  private readonly groups = new Map<string, GroupConfig>()

  constructor(nodeId: number, config: BrokerConfig) {
    this.nodeName = String(nodeId)
    this.config = config
  }

  of(kind: StoredResource, name: string): Configs {
    return this.byKind.get(kind)?.get(name) ?? NONE
  }

  /** The names of those that have configs. */
  names(kind: StoredResource): string[] {
    return [...(this.byKind.get(kind)?.keys() ?? [])]
  }

  /** Of any group id: where nothing is set it has what the broker says. */
  group(groupId: string): GroupConfig {
    const known = this.groups.get(groupId)
    if (known) return known
    const made = new GroupConfig(this.of(GROUP_RESOURCE, groupId), this.config)
    // Only groups that have configs are remembered: anybody may ask for any id.
    if (this.byKind.get(GROUP_RESOURCE)?.has(groupId)) this.groups.set(groupId, made)
    return made
  }

  /** Gives the keys of the broker whose values are others now. */
  publish({ resourceType, resourceName, configs }: AlteredResource): ReadonlySet<BrokerKey> {
    let resources = this.byKind.get(resourceType)
    if (!resources) {
      resources = new Map()
      this.byKind.set(resourceType, resources)
    }
    if (configs.size === 0) resources.delete(resourceName)
    else resources.set(resourceName, configs)
    if (resourceType === GROUP_RESOURCE) this.groups.delete(resourceName)
    return resourceType === BROKER_RESOURCE ? this.adopt() : new Set()
  }

  /** Takes all from a state that was replayed. Gives the keys of the broker whose values are others now. */
  load(state: ClusterState): ReadonlySet<BrokerKey> {
    this.byKind.clear()
    this.groups.clear()
    for (const kind of KINDS) {
      const resources = state.configs.get(kind) ?? []
      this.byKind.set(kind, new Map(Array.from(resources, ([name, all]) => [name, new Map(all)])))
    }
    return this.adopt()
  }

  private adopt(): ReadonlySet<BrokerKey> {
    return this.config.adopt({
      ofBroker: this.of(BROKER_RESOURCE, this.nodeName),
      ofCluster: this.of(BROKER_RESOURCE, EVERY_BROKER),
    })
  }
}
