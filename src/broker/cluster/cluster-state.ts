/** The cluster's state: what replaying the cluster's log gives. */

export interface PartitionState {
  readonly replicas: readonly number[]
  /** No record of the partition that comes now is of an earlier epoch. */
  readonly leaderEpoch: number
}

export interface TopicState {
  readonly name: string
  readonly topicId: string
  /** By partition index. */
  readonly partitions: Map<number, PartitionState>
}

export interface ClusterState {
  /** By topic id. */
  readonly topics: Map<string, TopicState>
  readonly topicIds: Map<string, string>
  /** Names by what they collide in. */
  readonly collisions: Map<string, Set<string>>
  /** Ids of topics that were deleted and whose logs may still be there. */
  readonly removedTopicIds: Set<string>
  /** By type of resource, its name, and the config's name. */
  readonly configs: Map<number, Map<string, Map<string, string>>>
  /** No producer has had this id or a later one. */
  nextProducerId: number
  /** Kafka's records of what is not served here, by the text of their keys: they are kept for the day that it is. */
  readonly kept: Map<string, Buffer>
  /** How far Kafka's own metadata log was taken over; not whole where that was begun and has not ended. */
  imported: { endOffset: number; isWhole: boolean } | undefined
}

export function emptyClusterState(): ClusterState {
  return {
    topics: new Map(),
    topicIds: new Map(),
    collisions: new Map(),
    removedTopicIds: new Set(),
    configs: new Map(),
    nextProducerId: 0,
    kept: new Map(),
    imported: undefined,
  }
}

/** Whether nothing was ever decided, and nothing taken over. */
export function isUntouched(state: ClusterState): boolean {
  const { topics, removedTopicIds, configs, kept } = state
  const known = topics.size + removedTopicIds.size + configs.size + kept.size
  return known === 0 && state.nextProducerId === 0 && state.imported === undefined
}

export function topicNamed(state: ClusterState, name: string): TopicState | undefined {
  const topicId = state.topicIds.get(name)
  return topicId === undefined ? undefined : state.topics.get(topicId)
}

export function configsOf(
  state: ClusterState,
  resourceType: number,
  resourceName: string,
): ReadonlyMap<string, string> {
  return state.configs.get(resourceType)?.get(resourceName) ?? NONE
}

const NONE: ReadonlyMap<string, string> = new Map()
