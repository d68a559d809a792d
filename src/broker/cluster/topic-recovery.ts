/** At start: brings the logs that the store holds and the topics that the cluster knows into agreement. */

import type { Logger } from '../../logger.ts'
import { type LogSpec, logId, type StorageEngine } from '../../storage/engine.ts'
import type { ClusterState } from './cluster-state.ts'
import { CLUSTER_TOPIC_ID } from './internal-topics.ts'

/** Deletes the logs of deleted topics that a crash has left: before logs of topics that have their names now are made. */
export async function deleteRemovedLogs(
  engine: StorageEngine,
  { removedTopicIds }: ClusterState,
): Promise<void> {
  if (removedTopicIds.size === 0) return
  for (const { topicId, partitionIndex } of await engine.list()) {
    if (removedTopicIds.has(topicId)) await engine.delete(logId(topicId, partitionIndex))
  }
}

/** Deletes empty logs that belong to no known topic. One with records stays where it is, and is spoken of. */
export async function clearStrayLogs(
  engine: StorageEngine,
  state: ClusterState,
  log: Logger,
): Promise<void> {
  const strays = (await engine.list()).filter((spec) => !isKnown(state, spec))
  if (strays.length === 0) return
  await engine.create(strays)
  for (const { topic, topicId, partitionIndex } of strays) {
    const id = logId(topicId, partitionIndex)
    // An offset that was given out once says that there were records: retention may have taken them.
    if (engine.offsets(id)?.logEndOffset === 0) {
      await engine.delete(id)
    } else {
      log.warn(
        { topic, topicId, partition: partitionIndex },
        'The store holds records of a topic that the cluster does not know: they are left alone.',
      )
    }
  }
}

function isKnown(state: ClusterState, { topicId, partitionIndex }: LogSpec): boolean {
  if (topicId === CLUSTER_TOPIC_ID) return true
  return state.topics.get(topicId)?.partitions.has(partitionIndex) ?? false
}
