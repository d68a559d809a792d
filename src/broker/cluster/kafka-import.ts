/**
 * Taking over what Kafka's metadata log says, once: into the cluster's own log, between a begin and an end. What a crash
 * has left without its end is written again. Kafka's log stays as it is.
 */

import { StorageError } from '../../storage/engine.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { clusterMachine } from './cluster-machine.ts'
import { importRecord, partitionRecord } from './cluster-records.ts'
import type { KafkaMetadata, KafkaMetadataLog, KafkaPartition } from './kafka-metadata.ts'

/** How many partitions an error text names. */
const NAMED = 3

export interface ImportPlace {
  nodeId: number
  directoryId: string
  /** Whether the store has a log of this topic id and partition index. */
  hasLog: (topicId: string, index: number) => boolean
}

/**
 * Throws StorageError where this folder has not all that its cluster has: what is elsewhere would seem to be empty here,
 * and be written to.
 */
export function refuseParts(metadata: KafkaMetadata, place: ImportPlace): void {
  const away: string[] = []
  const behind: string[] = []
  const elsewhere: string[] = []
  for (const [topicId, partitions] of metadata.partitions) {
    const topic = metadata.state.topics.get(topicId)?.name ?? topicId
    for (const [index, where] of partitions) {
      const name = `${topic}-${index}`
      const { replicas, isr } = where
      const elr = where.eligibleLeaderReplicas ?? []
      if (!replicas.includes(place.nodeId)) away.push(name)
      else if (!isr.includes(place.nodeId) && !elr.includes(place.nodeId)) behind.push(name)
      else if (isInOtherFolder(where, topicId, index, place)) elsewhere.push(name)
    }
  }
  if (away.length + behind.length + elsewhere.length === 0) return
  const node = `node ${place.nodeId}`
  const parts = [
    part(away, `on other nodes than ${node}`),
    part(behind, `not complete on ${node}, which was not in sync`),
    part(elsewhere, 'in another of Kafka’s log.dirs'),
  ].filter((text) => text !== undefined)
  throw new StorageError(
    `The data folder was Kafka's and has a part of its cluster only: ${parts.join('; ')}. One node with one folder is served: move all partitions there while Kafka runs (kafka-reassign-partitions), stop it, and start again. Nothing of Kafka's was changed.`,
  )
}

/** The records of the cluster's log that say the same, with this node as the one replica, in a new epoch of each partition. */
export function importRecords(
  metadata: KafkaMetadata,
  { endOffset }: KafkaMetadataLog,
  nodeId: number,
): StateRecord[] {
  const { state, partitions } = metadata
  for (const [topicId, ofTopic] of partitions) {
    for (const [index, { leaderEpoch }] of ofTopic) {
      clusterMachine.apply(state, partitionRecord(topicId, index, [nodeId], leaderEpoch + 1))
    }
  }
  return [
    importRecord(endOffset, false),
    ...clusterMachine.snapshot(state),
    importRecord(endOffset, true),
  ]
}

function part(names: readonly string[], where: string): string | undefined {
  if (names.length === 0) return undefined
  const shown = names.slice(0, NAMED).join(', ')
  const more = names.length > NAMED ? ', ...' : ''
  return `${names.length} partitions (${shown}${more}) are ${where}`
}

/** Where the folder has the log itself, it does not matter what Kafka has noted of it. */
function isInOtherFolder(
  { replicas, directories }: KafkaPartition,
  topicId: string,
  index: number,
  { nodeId, directoryId, hasLog }: ImportPlace,
): boolean {
  const directory = directories[replicas.indexOf(nodeId)]
  if (directory === undefined || directory === directoryId || isReserved(directory)) return false
  return !hasLog(topicId, index)
}

/** Kafka's ids for a folder that is not known yet, or lost: numbers below 100. */
function isReserved(directory: string): boolean {
  return Buffer.from(directory, 'base64url')
    .subarray(0, 15)
    .every((byte) => byte === 0)
}
