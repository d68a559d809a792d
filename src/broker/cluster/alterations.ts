/** Altering configs: decided and committed in the cluster's shard, then in effect, then answered. */

import type { BrokerConfig, BrokerKey } from '../config/broker-config.ts'
import { inertAlterations } from '../config/inert-settings.ts'
import type { Shard } from '../coordinator/shard.ts'
import type { LogLimit } from '../log-limit.ts'
import type { ClusterState } from './cluster-state.ts'
import { type AlteredResource, type ConfigAlteration, planAlteration } from './config-alteration.ts'
import { BROKER_RESOURCE, TOPIC_RESOURCE } from '../config/config-resources.ts'
import { controllerStep } from './controller-step.ts'
import type { ResourceConfigs } from './resource-configs.ts'
import type { Refusal } from './topic-creation.ts'
import type { Topics } from './topics.ts'

export interface AlterationsOptions {
  shard: Shard<ClusterState>
  topics: Topics
  resources: ResourceConfigs
  config: BrokerConfig
  log: LogLimit
  /** Values of the broker have changed. Resolves when they hold everywhere. */
  onChange: (keys: ReadonlySet<BrokerKey>) => Promise<void>
}

export class Alterations {
  private readonly options: AlterationsOptions

  constructor(options: AlterationsOptions) {
    this.options = options
  }

  /** A refusal for each, or undefined where all of it was done and is in effect; nothing is done with `validateOnly`. */
  async alter(
    alterations: readonly ConfigAlteration[],
    validateOnly: boolean,
  ): Promise<(Refusal | undefined)[]> {
    const { shard, config } = this.options
    const plans = await controllerStep(shard, (state) => {
      const planned = alterations.map((alteration) => planAlteration(state, alteration, config))
      const records = planned.flatMap((plan) => ('error' in plan ? [] : plan.records))
      const response = planned.map((plan) =>
        'error' in plan ? plan : { ...plan, topicId: state.topicIds.get(plan.resourceName) },
      )
      return { response, records: validateOnly ? [] : records }
    })
    return Promise.all(
      plans.map(async (plan, i) => {
        if ('error' in plan) return plan
        if (!validateOnly) {
          this.tellInert(plan, alterations[i]!)
          await this.takeEffect(plan, plan.topicId)
        }
        return undefined
      }),
    )
  }

  private async takeEffect(resource: AlteredResource, topicId: string | undefined): Promise<void> {
    const { topics, resources, onChange } = this.options
    if (resource.resourceType === TOPIC_RESOURCE) {
      if (topicId !== undefined)
        await topics.alter(resource.resourceName, topicId, resource.configs)
      return
    }
    const changed = resources.publish(resource)
    if (changed.size > 0) await onChange(changed)
  }

  /** The same at a start, of what was altered before. */
  tellKept(): void {
    const { config, log } = this.options
    const { ofBroker, ofCluster } = config.altered
    const inert = inertAlterations(BROKER_RESOURCE, new Map([...ofCluster, ...ofBroker]), config)
    if (inert.length === 0) return
    const text = 'Configs of the broker that were altered have no effect here.'
    log.warn('inert kept configs', { configs: inert.join(', ') }, text)
  }

  /** Whoever alters configs hears nothing of those that do nothing: the log does. */
  private tellInert(
    { resourceType, resourceName, configs }: AlteredResource,
    { operations }: ConfigAlteration,
  ): void {
    const { config, log } = this.options
    const named = new Set(operations.map(({ name }) => name))
    const given = new Map([...configs].filter(([name]) => named.has(name)))
    const inert = inertAlterations(resourceType, given, config)
    if (inert.length === 0) return
    const text = 'Configs were altered that are accepted, without effect here.'
    const fields = { resourceType, resourceName, configs: inert.join(', ') }
    log.warn('inert altered configs', fields, text)
  }
}
