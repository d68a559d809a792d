/** The cluster's state: what replaying the cluster's log gives. */

export interface PartitionState {
  readonly replicas: readonly number[]
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
}

export function emptyClusterState(): ClusterState {
  return {
    topics: new Map(),
    topicIds: new Map(),
    collisions: new Map(),
    removedTopicIds: new Set(),
    configs: new Map(),
    nextProducerId: 0,
  }
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
