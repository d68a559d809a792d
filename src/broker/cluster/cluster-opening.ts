/**
 * What a cluster is opened with: what its own log says; else what Kafka's metadata log says, taken over into it; else, where
 * there are records and nothing says whose they are, only reading.
 */

import type { Logger } from '../../logger.ts'
import {
  defaultLogConfig,
  type LogConfig,
  type LogSpec,
  logId,
  StorageError,
  type StorageEngine,
} from '../../storage/engine.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { BROKER_RESOURCE, EVERY_BROKER, TOPIC_RESOURCE } from '../config/config-resources.ts'
import type { Shard } from '../coordinator/shard.ts'
import { type ClusterState, configsOf, isUntouched } from './cluster-state.ts'
import { CLUSTER_TOPIC_ID, isInternalTopic } from './internal-topics.ts'
import { importRecords, refuseParts } from './kafka-import.ts'
import { KafkaMetadata, type KafkaMetadataLog, UnreadableMetadata } from './kafka-metadata.ts'
import { keptInWords } from './kafka-records.ts'
import { makeTopic, type Topic } from './topic.ts'

export interface OpeningOptions {
  engine: StorageEngine
  shard: Shard<ClusterState>
  log: Logger
  nodeId: number
  config: BrokerConfig
  /** Reads Kafka's metadata log; undefined where there is none. Throws StorageError where it cannot be read. */
  kafkaMetadata: (() => KafkaMetadataLog | undefined) | undefined
}

/** What is there and is only read. */
export interface ReadOnly {
  /** For those who are refused. */
  text: string
  specs: readonly LogSpec[]
}

/** Whatever the topics' configs say, which nobody knows, nothing of them goes. */
export const KEEP_ALL: Pick<LogConfig, 'cleanupPolicy' | 'retentionMs' | 'retentionBytes'> = {
  cleanupPolicy: { delete: false, compact: false },
  retentionMs: -1,
  retentionBytes: -1,
}

/** The shard is open. Resolves with what is to be read only. Rejects with StorageError where the folder cannot be served. */
export async function openState(options: OpeningOptions): Promise<ReadOnly | undefined> {
  const { engine, shard, log } = options
  const { state } = shard
  const isBegun = state.imported !== undefined && !state.imported.isWhole
  if (!isUntouched(state) && !isBegun) {
    tellOfKafka(options)
    return undefined
  }
  const specs = (await engine.list()).filter(({ topicId }) => topicId !== CLUSTER_TOPIC_ID)
  const reason = await takeOver(options, specs)
  if (reason === undefined || !(await haveRecords(engine, specs))) return undefined
  log.error(
    { reason, logs: specs.length },
    `What the cluster of this data folder knows cannot be read: ${reason} Its logs are served read-only, and nothing is removed from them, for their configs are not known; nor is known whom Kafka let read them. Put __cluster_metadata-0 as Kafka wrote it into the folder, or name its place with metadata.log.dir, and start again.`,
  )
  return {
    text: 'The data folder is served read-only: what its cluster knew of topics and configs could not be read at the start.',
    specs,
  }
}

/** Topics by what the names of folders and the ids in them say. */
export function topicsOf(specs: readonly LogSpec[]): Topic[] {
  const counts = new Map<string, { name: string; count: number }>()
  for (const { topic, topicId, partitionIndex } of specs) {
    const known = counts.get(topicId)?.count ?? 0
    counts.set(topicId, { name: topic, count: Math.max(known, partitionIndex + 1) })
  }
  return Array.from(counts, ([topicId, { name, count: partitionCount }]) => {
    const overrides = new Map([
      ['retention.ms', '-1'],
      ['retention.bytes', '-1'],
    ])
    return makeTopic({ name, topicId, internal: isInternalTopic(name), partitionCount, overrides })
  })
}

/** Gives why there is nothing to take over. */
async function takeOver(
  { shard, log, nodeId, config, kafkaMetadata }: OpeningOptions,
  specs: readonly LogSpec[],
): Promise<string | undefined> {
  let source: KafkaMetadataLog | undefined
  let metadata: KafkaMetadata
  try {
    source = kafkaMetadata?.()
    if (!source) return 'there is no metadata log.'
    metadata = KafkaMetadata.read(source)
  } catch (error) {
    if (error instanceof StorageError || error instanceof UnreadableMetadata) return error.message
    throw error
  }
  const there = new Set(specs.map(({ topicId, partitionIndex }) => logId(topicId, partitionIndex)))
  const hasLog = (topicId: string, index: number) => there.has(logId(topicId, index))
  refuseParts(metadata, { nodeId, directoryId: source.directoryId, hasLog })
  const records = importRecords(metadata, source, nodeId)
  await shard.step(() => ({ response: undefined, records, isDivisible: true }))
  const { state } = shard
  const kept = keptInWords(state, false).join(', ')
  log.info(
    { topics: state.topics.size, endOffset: source.endOffset, ...(kept ? { kept } : {}) },
    'Took over the cluster that Kafka had in this data folder.',
  )
  tellDefaults(state, nodeId, config, log)
  return undefined
}

/** Keys of server.properties that say what is removed of topics which do not say it themselves. */
const REMOVAL_KEY = /^log\.(retention\.(ms|minutes|hours|bytes)|cleanup\.policy)$/

/** What Kafka's server.properties said is in no log of the folder. */
function tellDefaults(
  state: ClusterState,
  nodeId: number,
  config: BrokerConfig,
  log: Logger,
): void {
  const said = [
    ...config.given().map(({ name }) => name),
    ...configsOf(state, BROKER_RESOURCE, String(nodeId)).keys(),
    ...configsOf(state, BROKER_RESOURCE, EVERY_BROKER).keys(),
  ]
  if (said.some((name) => REMOVAL_KEY.test(name))) return
  const topics = [...state.topics.values()].filter(({ name }) => {
    const configs = configsOf(state, TOPIC_RESOURCE, name)
    return !isInternalTopic(name) && !configs.has('retention.ms') && !configs.has('cleanup.policy')
  })
  if (topics.length === 0) return
  log.warn(
    { topics: topics.length, example: topics[0]!.name, policy: config.text('log.cleanup.policy') },
    'Topics that do not say themselves what is removed of them go by this broker’s defaults. If Kafka had others, in its server.properties, stop at once and start with that file (-c).',
  )
}

async function haveRecords(engine: StorageEngine, specs: readonly LogSpec[]): Promise<boolean> {
  const config = { ...defaultLogConfig, ...KEEP_ALL }
  await engine.create(specs.map((spec) => ({ ...spec, config })))
  return specs.some(({ topicId, partitionIndex }) => {
    return (engine.offsets(logId(topicId, partitionIndex))?.logEndOffset ?? 0) > 0
  })
}

/** The cluster's own log counts: what Kafka has decided since in the same folder is not known here. */
function tellOfKafka({ shard, log, kafkaMetadata }: OpeningOptions): void {
  const { imported } = shard.state
  let endOffset: number | undefined
  try {
    endOffset = kafkaMetadata?.()?.endOffset
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
  }
  if (endOffset === undefined || endOffset === imported?.endOffset) return
  log.warn(
    { endOffset, importedTo: imported?.endOffset ?? null },
    'Kafka has decided something in this data folder that was not taken over: the cluster has a log of its own, and goes by that.',
  )
}
