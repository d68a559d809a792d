/**
 * A broker's configuration: typed values by Kafka's key names, and where each comes from. What it is started with stays;
 * over it lie the values that are altered while it runs. Whoever reads a value when it is needed sees the present one.
 */

import {
  type BrokerKey,
  type BrokerValue,
  brokerKeys,
  isBrokerKey,
  isForeignKey,
} from './broker-keys.ts'
import { type DynamicValues, noDynamicValues } from './dynamic-values.ts'
import { didYouMean } from './nearest.ts'

export type { BrokerKey, BrokerValue } from './broker-keys.ts'
export type { DynamicValues } from './dynamic-values.ts'

/** A configuration that cannot be: its message says what is wrong, and where it stands. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type LayerKind = 'profile' | 'file' | 'environment' | 'option'

/** Values of one source. A later layer wins over an earlier one. */
export interface ConfigLayer {
  kind: LayerKind
  /** Where the values stand, for error texts: a path, a flag. */
  origin?: string
  /** The same of single values, by their names. */
  origins?: Readonly<Record<string, string>>
  values: Readonly<Record<string, string>>
}

/** Where a value that DescribeConfigs shows was set, from the strongest to the weakest. */
export type ConfigSource =
  | 'TOPIC'
  | 'CLIENT_METRICS'
  | 'DYNAMIC_BROKER_LOGGER'
  | 'DYNAMIC_BROKER'
  | 'DYNAMIC_DEFAULT_BROKER'
  | 'STATIC_BROKER'
  | 'GROUP'
  | 'DEFAULT'

export interface ConfigSynonym {
  name: string
  value: string | null
  source: ConfigSource
}

interface Setting {
  layer: ConfigLayer
  raw: string
}

export class BrokerConfig {
  private readonly layers: readonly ConfigLayer[]
  private readonly settings = new Map<string, Setting>()
  private dynamic = noDynamicValues
  private readonly values = new Map<string, unknown>()
  private readonly texts = new Map<string, string | null>()

  /** Throws one ConfigError for all names that are no keys, and for all values that their keys do not take. */
  constructor(layers: readonly ConfigLayer[] = []) {
    this.layers = layers
    const problems: string[] = []
    for (const layer of layers) {
      for (const [name, raw] of Object.entries(layer.values)) {
        if (isBrokerKey(name) || isForeignKey(name)) this.settings.set(name, { layer, raw })
        else problems.push(unknownKey(name, layer))
      }
    }
    this.pairNodeIds()
    for (const name of Object.keys(brokerKeys) as BrokerKey[]) {
      const problem = this.read(name)
      if (problem !== undefined) problems.push(problem)
    }
    if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  }

  /** The configuration that has these values and Kafka's defaults. */
  static of(
    values: { readonly [K in BrokerKey]?: BrokerValue<K> | string | number } = {},
  ): BrokerConfig {
    return new BrokerConfig([{ kind: 'option', values: asTexts(values) }])
  }

  /** The same configuration with what this layer has over it. Throws ConfigError. */
  over(layer: ConfigLayer): BrokerConfig {
    return new BrokerConfig([...this.layers, layer])
  }

  /** What has been altered since the start, or before it. */
  get altered(): DynamicValues {
    return this.dynamic
  }

  /** The same configuration with other dynamic values; this one stays as it is. */
  with(dynamic: DynamicValues): BrokerConfig {
    const copy = new BrokerConfig(this.layers)
    copy.adopt(dynamic)
    return copy
  }

  /**
   * Puts these in place of all dynamic values, and gives the keys whose value is another one now. A value that its key
   * does not take is as if it were not there.
   */
  adopt(dynamic: DynamicValues): ReadonlySet<BrokerKey> {
    const before = this.dynamic
    const touched = [before.ofBroker, before.ofCluster, dynamic.ofBroker, dynamic.ofCluster]
    this.dynamic = dynamic
    const changed = new Set<BrokerKey>()
    for (const name of new Set(touched.flatMap((values) => [...values.keys()]))) {
      if (!isBrokerKey(name)) continue
      const text = this.text(name)
      this.refresh(name)
      if (this.text(name) !== text) changed.add(name)
    }
    return changed
  }

  get<K extends BrokerKey>(key: K): BrokerValue<K> {
    return this.values.get(key) as BrokerValue<K>
  }

  /** The value as Kafka prints it; null where there is none. */
  text(key: BrokerKey): string | null {
    return this.texts.get(key) ?? null
  }

  source(key: BrokerKey): LayerKind | 'default' {
    return this.settings.get(key)?.layer.kind ?? 'default'
  }

  /** What somebody set, profiles left out, in alphabetical order; of keys that no row describes too. */
  given(): { name: string; text: string }[] {
    return [...this.settings]
      .filter(([, { layer }]) => layer.kind !== 'profile')
      .map(([name, { raw }]) => ({ name, text: this.texts.get(name) ?? raw.trim() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** What these keys are set to, strongest source first, as DescribeConfigs shows it. */
  synonyms(keys: readonly BrokerKey[]): ConfigSynonym[] {
    const found: ConfigSynonym[] = []
    const add = (name: BrokerKey, value: string | null | undefined, source: ConfigSource): void => {
      if (value === null || value === undefined) return
      found.push({ name, value: brokerKeys[name].type === 'PASSWORD' ? null : value, source })
    }
    const { ofBroker } = this.dynamic
    for (const key of keys) add(key, ofBroker.get(key), 'DYNAMIC_BROKER')
    for (const key of keys) add(key, this.clusterDefault(key), 'DYNAMIC_DEFAULT_BROKER')
    for (const key of keys) add(key, this.settings.get(key)?.raw, 'STATIC_BROKER')
    for (const key of keys) add(key, brokerKeys[key].defaultText, 'DEFAULT')
    return found
  }

  /**
   * What the key is set to for all brokers. `min.insync.replicas` has a cluster-wide default in every new cluster since
   * eligible leader replicas exist (KIP-966): what the first broker was started with.
   */
  clusterDefault(name: string): string | undefined {
    const altered = this.dynamic.ofCluster.get(name)
    if (altered !== undefined || name !== 'min.insync.replicas') return altered
    return this.settings.get(name)?.raw ?? brokerKeys[name].defaultText ?? undefined
  }

  /** `broker.id` is the old name of `node.id`: what is said of one holds for the other. */
  private pairNodeIds(): void {
    const [nodeId, brokerId] = [this.settings.get('node.id'), this.settings.get('broker.id')]
    if (nodeId && brokerId && nodeId.raw.trim() !== brokerId.raw.trim()) {
      throw new ConfigError(
        `node.id (${nodeId.raw}) and broker.id (${brokerId.raw}) name the same thing and differ: set one of them.`,
      )
    }
    if (nodeId && !brokerId) this.settings.set('broker.id', nodeId)
    if (brokerId && !nodeId) this.settings.set('node.id', brokerId)
  }

  /** Reads what a key is set to statically. Says what is wrong with the value. */
  private read(name: BrokerKey): string | undefined {
    const key = brokerKeys[name]
    const setting = this.settings.get(name)
    if (!setting) {
      this.hold(name, key.defaultValue, key.defaultText)
      return undefined
    }
    const { raw, layer } = setting
    const parsed = key.parse(name, raw)
    if ('error' in parsed) {
      const error = parsed.error.replace(/^Invalid value\s+for/, 'Empty value for')
      return error + standsIn(name, layer)
    }
    this.hold(name, parsed.value, parsed.text)
    return undefined
  }

  /** Takes the strongest value that there is now. */
  private refresh(name: BrokerKey): void {
    const { ofBroker, ofCluster } = this.dynamic
    for (const raw of [ofBroker.get(name), ofCluster.get(name)]) {
      const parsed = raw === undefined ? undefined : brokerKeys[name].parse(name, raw)
      if (!parsed || 'error' in parsed) continue
      this.hold(name, parsed.value, parsed.text)
      return
    }
    this.read(name)
  }

  private hold(name: BrokerKey, value: unknown, text: string | null): void {
    this.values.set(name, value)
    this.texts.set(name, text)
  }
}

function unknownKey(name: string, layer: ConfigLayer): string {
  const hint = didYouMean(name, Object.keys(brokerKeys))
  return `Unknown configuration '${name}'${standsIn(name, layer)}.${hint}`
}

function standsIn(name: string, { origin, origins }: ConfigLayer): string {
  const place = origins?.[name] ?? origin
  return place === undefined ? '' : ` (in ${place})`
}

/** Values as they are given in code; undefined is as if the key were left out. */
export type GivenValue = string | number | bigint | boolean | readonly string[] | null | undefined

/** Values as a file would have them: lists joined by commas. Throws ConfigError for what cannot be a value. */
export function asTexts(values: Readonly<Record<string, GivenValue>>): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue
    if (typeof value === 'object' && !Array.isArray(value)) {
      throw new ConfigError(
        `The value of ${name} is an object: give a string, number, boolean or list.`,
      )
    }
    texts[name] = Array.isArray(value) ? value.join(',') : String(value)
  }
  return texts
}
