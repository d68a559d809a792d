/** Values of a broker's keys that were altered while it ran, as they were given. They outlive it. */

export interface DynamicValues {
  /** Of this broker: stronger than those of the cluster. */
  readonly ofBroker: ReadonlyMap<string, string>
  /** Of every broker. */
  readonly ofCluster: ReadonlyMap<string, string>
}

export const noDynamicValues: DynamicValues = { ofBroker: new Map(), ofCluster: new Map() }
