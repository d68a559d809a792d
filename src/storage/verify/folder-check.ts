/**
 * Walks a whole data folder, ours or Kafka's, and tells whatever in it breaks a rule. Nothing is changed, and memory does not
 * grow with what the folder holds: one megabyte of a segment is looked at a time, beside the indexes of that segment and
 * the producers of one log.
 */

import {
  decodePartitionMetadata,
  DELETED_SUFFIX,
  KAFKA_METADATA_FOLDER,
  PARTITION_METADATA,
  parseFolderName,
  STRAY_SUFFIX,
} from '../file/log-folder.ts'
import { FolderFiles } from './folder-files.ts'
import { LogCheck, type Totals } from './log-check.ts'
import type { ReadableDisk } from './readable-disk.ts'
import { Findings, type Violation } from './violation.ts'

const CLEAN_MARKER = '.kafka_cleanshutdown'
/** The cluster's own logs: whatever else is told of topics, these are there. */
const CLUSTER_LOGS = new Set(['__cluster_metadata', '__odradek_cluster'])
/** Internal topics are compacted whatever their configs. */
const CLEANED_TOPICS = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__odradek_cluster',
])
const DAY_MS = 24 * 3600 * 1000
/** Files of the data folder that are neither logs nor checked by what they hold. */
const KNOWN_FILES =
  /^(\.lock(\..*)?|\.kafka_cleanshutdown|bootstrap\.checkpoint|meta\.properties|(recovery-point|log-start)-offset-checkpoint|replication-offset-checkpoint|cleaner-offset-checkpoint|odradek-end-size-checkpoint|leader-epoch-checkpoint)$/

/** Topics of the cluster by id. */
export type KnownTopics = ReadonlyMap<
  string,
  { name: string; partitions: number; isCompacted?: boolean }
>

export interface VerifyOptions {
  /** Wall time. */
  now: number
  /** Called for each violation as it is found. */
  onViolation: (violation: Violation) => void
  /** What the cluster's log says; left out, nothing is compared with it. */
  topics?: KnownTopics
  /** A broker has just opened the folder: what follows the recovery points is whole, too. */
  isRecovered?: boolean
  /** How long a silent producer is remembered; Kafka's default when left out. */
  producerIdExpirationMs?: number
  /** Called before each log. */
  onLog?: (name: string) => void
}

export interface VerifyResult extends Totals {
  errors: number
  notes: number
  /** Whether the last stop was a clean one. */
  isClean: boolean
}

export async function verifyFolder(
  disk: ReadableDisk,
  directory: string,
  options: VerifyOptions,
): Promise<VerifyResult> {
  return new FolderCheck(disk, directory, options).run()
}

interface FoundFolder {
  name: string
  topic: string
  partitionIndex: number
  topicId: string | undefined
}

class FolderCheck {
  private readonly disk: ReadableDisk
  private readonly directory: string
  private readonly options: VerifyOptions
  private readonly findings: Findings
  private readonly files: FolderFiles
  private readonly isClean: boolean
  private readonly totals: Totals = { logs: 0, segments: 0, batches: 0, records: 0, bytes: 0 }

  constructor(disk: ReadableDisk, directory: string, options: VerifyOptions) {
    this.disk = disk
    this.directory = directory
    this.options = options
    this.findings = new Findings(directory, options.onViolation)
    this.isClean = disk.readFile(`${directory}/${CLEAN_MARKER}`) !== undefined
    this.files = new FolderFiles(disk, directory, this.findings, this.isClean)
  }

  async run(): Promise<VerifyResult> {
    const folders = this.list()
    this.files.checkIdentity(folders.length > 0)
    this.checkIds(folders)
    for (const folder of folders) {
      this.options.onLog?.(folder.name)
      await this.checkLog(folder)
    }
    this.files.checkMissing(new Set(folders.map(({ name }) => name)))
    const { errors, notes } = this.findings
    return { ...this.totals, errors, notes, isClean: this.isClean }
  }

  private list(): FoundFolder[] {
    const folders: FoundFolder[] = []
    const entries = this.disk.list(this.directory) ?? []
    for (const { name, isDirectory } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const parsed = isDirectory ? parseFolderName(name) : undefined
      if (!parsed) {
        this.checkOther(name, isDirectory)
        continue
      }
      // What Kafka left is read once, and no log of ours.
      if (name === KAFKA_METADATA_FOLDER && this.files.isOurs) continue
      const metadata = this.disk.readFile(`${this.directory}/${name}/${PARTITION_METADATA}`)
      folders.push({ name, ...parsed, topicId: decodePartitionMetadata(metadata) })
    }
    return folders
  }

  private checkOther(name: string, isDirectory: boolean): void {
    const path = `${this.directory}/${name}`
    if (!isDirectory && KNOWN_FILES.test(name)) return
    if (isDirectory && name.endsWith(DELETED_SUFFIX)) {
      this.findings.add('intermediate', 'note', path, 'a deleted log is not removed yet')
    } else if (isDirectory && name.endsWith(STRAY_SUFFIX)) {
      this.findings.add('unknown-topic', 'note', path, 'a log was set aside that was of no topic')
    } else if (name.endsWith('.tmp') || name.endsWith('-future')) {
      this.findings.add('intermediate', 'note', path, 'work on this was cut short')
    } else {
      this.findings.add('unknown-file', 'note', path, 'this is no part of a data folder')
    }
  }

  /** Each topic has one id, and each id one topic, and the cluster says the same. */
  private checkIds(folders: readonly FoundFolder[]): void {
    const idOf = new Map<string, string>()
    const nameOf = new Map<string, string>()
    for (const { name, topic, topicId } of folders) {
      const path = `${this.directory}/${name}/${PARTITION_METADATA}`
      if (topicId === undefined) {
        const severity = this.isClean ? 'error' : 'note'
        this.findings.add('partition-metadata', severity, path, 'it does not say the topic id')
        continue
      }
      const otherId = idOf.get(topic)
      const otherName = nameOf.get(topicId)
      if (otherId !== undefined && otherId !== topicId) {
        const text = `topic ${topic} has the id ${topicId} here, and ${otherId} in another partition`
        this.findings.add('topic-id', 'error', path, text)
      } else if (otherName !== undefined && otherName !== topic) {
        const text = `the id ${topicId} is that of topic ${otherName}, too`
        this.findings.add('topic-id', 'error', path, text)
      }
      idOf.set(topic, topicId)
      nameOf.set(topicId, topic)
    }
    if (this.options.topics) this.compareIds(folders, this.options.topics)
  }

  private compareIds(folders: readonly FoundFolder[], topics: KnownTopics): void {
    const idOf = new Map([...topics].map(([topicId, { name }]) => [name, topicId]))
    for (const { name, topic, topicId, partitionIndex } of folders) {
      if (CLUSTER_LOGS.has(topic) || topicId === undefined) continue
      const path = `${this.directory}/${name}`
      const known = topics.get(topicId)
      if (known?.name === topic) {
        if (partitionIndex < known.partitions) continue
        const text = `the cluster knows ${known.partitions} partitions of ${topic}`
        this.findings.add('unknown-topic', 'note', path, text)
      } else if (known || idOf.has(topic)) {
        const told = known ? `is ${known.name}` : `has the id ${idOf.get(topic)}`
        const text = `its id is ${topicId}; for the cluster that topic ${told}`
        this.findings.add('topic-id', 'error', path, text)
      } else {
        this.findings.add('unknown-topic', 'note', path, `the cluster has no topic ${topic}`)
      }
    }
  }

  private async checkLog({ name, topic, topicId }: FoundFolder): Promise<void> {
    const { options, files } = this
    const folder = `${this.directory}/${name}`
    const check = new LogCheck(
      {
        folder,
        isClean: this.isClean,
        isOurs: files.isOurs,
        isRecovered: options.isRecovered ?? false,
        recoveryPoint: files.recoveryPoints.get(name) ?? 0,
        logStartOffset: files.logStarts.get(name),
        // A crash may come between the cleaning of segments and the checkpoint that tells of it.
        mayGap:
          files.cleanerOffsets.has(name) ||
          CLEANED_TOPICS.has(topic) ||
          options.topics?.get(topicId ?? '')?.isCompacted === true,
        now: options.now,
        producerIdExpirationMs: options.producerIdExpirationMs ?? DAY_MS,
      },
      this.disk,
      this.findings,
      this.totals,
    )
    try {
      const found = await check.run()
      files.checkLog(name, found, check)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      const text = `the folder cannot be read: ${error.message}`
      this.findings.add('unreadable-file', 'error', folder, text)
    }
  }
}
