/** What the records of internal topics say, by Kafka's own schemas. */

import { CLUSTER_TOPIC } from '../../broker/cluster/internal-topics.ts'
import { codecOf, decodeMessage } from '../../protocol/compile.ts'
import * as clusterMetadata from '../../protocol/messages/embedded/cluster-metadata.ts'
import * as metadataLog from '../../protocol/messages/embedded/cluster-metadata-log.ts'
import * as metadataNodes from '../../protocol/messages/embedded/cluster-metadata-nodes.ts'
import * as metadataPartitions from '../../protocol/messages/embedded/cluster-metadata-partitions.ts'
import * as metadataSecurity from '../../protocol/messages/embedded/cluster-metadata-security.ts'
import * as control from '../../protocol/messages/embedded/control-records.ts'
import * as offsets from '../../protocol/messages/embedded/offsets-topic.ts'
import * as consumerGroups from '../../protocol/messages/embedded/offsets-topic-consumer-groups.ts'
import * as shareGroups from '../../protocol/messages/embedded/offsets-topic-share-groups.ts'
import * as streamsGroups from '../../protocol/messages/embedded/offsets-topic-streams-groups.ts'
import { decodeVersioned, openMetadataRecord } from '../../protocol/messages/embedded/prefixes.ts'
import * as shareState from '../../protocol/messages/embedded/share-state.ts'
import * as transactionState from '../../protocol/messages/embedded/transaction-state.ts'
import { ProtocolViolation } from '../../protocol/errors.ts'
import type { Message } from '../../protocol/schema.ts'
import { hasVersion } from '../../protocol/versions.ts'

export interface DecodedRecord {
  /** The schema's name, without what tells key from value. */
  type: string
  key?: unknown
  value?: unknown
}

type Decoder = (key: Buffer | null, value: Buffer | null) => DecodedRecord | undefined

interface Pair {
  name: string
  key: Message
  value: Message | undefined
}

const decoders: ReadonlyMap<string, Decoder> = new Map([
  ['__consumer_offsets', keyed(offsets, consumerGroups, shareGroups, streamsGroups)],
  ['__transaction_state', keyed(transactionState)],
  ['__share_group_state', keyed(shareState)],
  [CLUSTER_TOPIC, ours],
  ['__cluster_metadata', (_key: Buffer | null, value: Buffer | null) => metadata(value)],
])

/** `undefined` for a record of a topic, type or version that is not known, and for bytes that are no such record. */
export function decodeRecord(
  topic: string,
  isControl: boolean,
  key: Buffer | null,
  value: Buffer | null,
): DecodedRecord | undefined {
  const decoder = isControl ? controlRecord : decoders.get(topic)
  if (!decoder) return undefined
  try {
    return decoder(key, value)
  } catch (error) {
    if (error instanceof ProtocolViolation || error instanceof RangeError) return undefined
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'versions' in value && 'name' in value
}

function messagesIn(modules: readonly object[]): Message[] {
  return modules.flatMap((module) => Object.values(module).filter(isMessage))
}

/** int16 type and a key; int16 version and a value. */
function keyed(...modules: object[]): Decoder {
  const pairs = new Map<number, Pair>()
  const messages = messagesIn(modules)
  for (const key of messages) {
    if (!key.name.endsWith('Key') || key.apiKey === undefined) continue
    const name = key.name.slice(0, -'Key'.length)
    // What was written before Kafka 0.9 has values like those of today.
    const valueName = `${name.replace(/^Legacy/, '')}Value`
    pairs.set(key.apiKey, { name, key, value: messages.find((one) => one.name === valueName) })
  }
  return (key, value) => {
    const pair = key && pairs.get(key.readInt16BE(0))
    if (!pair) return undefined
    return {
      type: pair.name,
      key: decodeMessage(pair.key, 0, key.subarray(2)),
      value: value === null ? null : pair.value && decodeVersioned(pair.value, value),
    }
  }
}

const metadataTypes = new Map(
  messagesIn([clusterMetadata, metadataLog, metadataNodes, metadataPartitions, metadataSecurity])
    .filter(({ apiKey }) => apiKey !== undefined)
    .map((message) => [message.apiKey!, message]),
)

function metadata(value: Buffer | null): DecodedRecord | undefined {
  const opened = value === null ? undefined : openMetadataRecord(value)
  const message = opened && metadataTypes.get(opened.type)
  if (!message || !hasVersion(message.versions, opened.version)) return undefined
  return { type: message.name, value: codecOf(message, opened.version).decode(opened.body) }
}

/** Our keys are JSON; the values are Kafka's. */
function ours(key: Buffer | null, value: Buffer | null): DecodedRecord | undefined {
  if (!key) return undefined
  const names: unknown = JSON.parse(key.toString())
  const decoded = metadata(value)
  return { type: decoded?.type ?? 'tombstone', key: names, value: decoded?.value ?? null }
}

const CONTROL_TYPES = [
  { type: 'ABORT', message: control.EndTxnMarker },
  { type: 'COMMIT', message: control.EndTxnMarker },
  { type: 'LEADER_CHANGE', message: control.LeaderChangeMessage },
  { type: 'SNAPSHOT_HEADER', message: control.SnapshotHeaderRecord },
  { type: 'SNAPSHOT_FOOTER', message: control.SnapshotFooterRecord },
  { type: 'KRAFT_VERSION', message: control.KRaftVersionRecord },
  { type: 'KRAFT_VOTERS', message: control.VotersRecord },
] as const
const MARKERS = 2

function controlRecord(key: Buffer | null, value: Buffer | null): DecodedRecord | undefined {
  const number = key?.readInt16BE(2) ?? -1
  const known = CONTROL_TYPES[number]
  if (!known || value === null) return undefined
  const { type, message } = known
  // The values of a quorum's records have their version in them.
  if (number < MARKERS) return { type, value: decodeVersioned(message, value) }
  const version = value.readInt16BE(0)
  if (!hasVersion(message.versions, version)) return undefined
  return { type, value: decodeMessage(message, version, value) }
}
