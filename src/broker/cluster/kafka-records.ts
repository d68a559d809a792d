/**
 * The records of Kafka's metadata log that the cluster does not obey itself: those that are kept for later, each under a key
 * that tells what it is about, and those that speak of Kafka's own nodes, which are of no use here.
 */

import { codecOf } from '../../protocol/compile.ts'
import {
  NoOpRecord,
  ZkMigrationStateRecord,
} from '../../protocol/messages/embedded/cluster-metadata-log.ts'
import {
  BrokerRegistrationChangeRecord,
  FenceBrokerRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  UnfenceBrokerRecord,
  UnregisterBrokerRecord,
  UnregisterControllerRecord,
} from '../../protocol/messages/embedded/cluster-metadata-nodes.ts'
import { ClearElrRecord } from '../../protocol/messages/embedded/cluster-metadata-partitions.ts'
import {
  AccessControlEntryRecord,
  ClientQuotaRecord,
  DelegationTokenRecord,
  RemoveAccessControlEntryRecord,
  RemoveDelegationTokenRecord,
  RemoveUserScramCredentialRecord,
  UserScramCredentialRecord,
} from '../../protocol/messages/embedded/cluster-metadata-security.ts'
import { FeatureLevelRecord } from '../../protocol/messages/embedded/cluster-metadata.ts'
import type { Reader } from '../../protocol/reader.ts'
import type { Message, MessageOf } from '../../protocol/schema.ts'
import type { StateRecord } from '../coordinator/machine.ts'
import { type KeptPart, keptRecord, keptType } from './cluster-records.ts'
import type { ClusterState } from './cluster-state.ts'

interface OtherRecord {
  message: Message
  /** What is kept of it; undefined where nothing is. `raw` is the whole record. */
  keep: (version: number, body: Reader, raw: Buffer) => StateRecord | undefined
}

function keeping<M extends Message>(
  message: M,
  about: (value: MessageOf<M>) => readonly KeptPart[],
  isEnd: (value: MessageOf<M>) => boolean = () => false,
): OtherRecord {
  return {
    message,
    keep: (version, body, raw) => {
      const value = codecOf(message, version).decode(body)
      return keptRecord(message.apiKey!, about(value), isEnd(value) ? null : raw)
    },
  }
}

function ending<M extends Message>(
  message: M,
  ended: Message,
  about: (value: MessageOf<M>) => readonly KeptPart[],
): OtherRecord {
  return {
    message,
    keep: (version, body) => {
      return keptRecord(ended.apiKey!, about(codecOf(message, version).decode(body)), null)
    },
  }
}

const OF_NODES: readonly Message[] = [
  RegisterBrokerRecord,
  UnregisterBrokerRecord,
  FenceBrokerRecord,
  UnfenceBrokerRecord,
  BrokerRegistrationChangeRecord,
  RegisterControllerRecord,
  UnregisterControllerRecord,
  ClearElrRecord,
  NoOpRecord,
  ZkMigrationStateRecord,
]

const OTHERS: readonly OtherRecord[] = [
  keeping(
    FeatureLevelRecord,
    ({ name }) => [name],
    ({ featureLevel }) => featureLevel === 0,
  ),
  keeping(AccessControlEntryRecord, ({ id }) => [id]),
  ending(RemoveAccessControlEntryRecord, AccessControlEntryRecord, ({ id }) => [id]),
  keeping(UserScramCredentialRecord, ({ name, mechanism }) => [name, mechanism]),
  ending(RemoveUserScramCredentialRecord, UserScramCredentialRecord, ({ name, mechanism }) => [
    name,
    mechanism,
  ]),
  keeping(DelegationTokenRecord, ({ tokenId }) => [tokenId]),
  ending(RemoveDelegationTokenRecord, DelegationTokenRecord, ({ tokenId }) => [tokenId]),
  keeping(
    ClientQuotaRecord,
    ({ entity, key }) => [
      key,
      ...[...entity]
        .sort((a, b) => (a.entityType < b.entityType ? -1 : 1))
        .flatMap(({ entityType, entityName }) => [entityType, entityName]),
    ],
    ({ remove }) => remove,
  ),
  ...OF_NODES.map((message) => ({ message, keep: () => undefined })),
]

export const otherRecords: ReadonlyMap<number, OtherRecord> = new Map(
  OTHERS.map((other) => [other.message.apiKey!, other]),
)

const NAMES: readonly [Message, name: string, isSecurity: boolean][] = [
  [AccessControlEntryRecord, 'ACLs', true],
  [UserScramCredentialRecord, 'SCRAM credentials', true],
  [DelegationTokenRecord, 'delegation tokens', true],
  [ClientQuotaRecord, 'client quotas', false],
]

/** What is kept and has no effect here, in words, such as `ACLs (3)`; what does not restrict anybody is left out with `securityOnly`. */
export function keptInWords({ kept }: ClusterState, securityOnly: boolean): string[] {
  const counts = new Map<number, number>()
  for (const key of kept.keys()) counts.set(keptType(key), (counts.get(keptType(key)) ?? 0) + 1)
  return NAMES.flatMap(([message, name, isSecurity]) => {
    const count = counts.get(message.apiKey!)
    return count === undefined || (securityOnly && !isSecurity) ? [] : [`${name} (${count})`]
  })
}
