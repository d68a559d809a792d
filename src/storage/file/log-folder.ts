/** The names of a log's folder and files, as Kafka gives them, and the file that says whose log it is. */

const OFFSET_DIGITS = 20
/** Longest file name that common file systems take. */
const LONGEST_NAME = 255

export const PARTITION_METADATA = 'partition.metadata'
export const DELETED_SUFFIX = '-delete'
/** Of files that are no longer the log's, and are removed after a while. */
export const DELETED_ENDING = '.deleted'
export const STRAY_SUFFIX = '-stray'
/** Of a log in Kafka's raft format, which is read once and never written to. */
export const KAFKA_METADATA_FOLDER = '__cluster_metadata-0'

export function folderName(topic: string, partitionIndex: number): string {
  return `${topic}-${partitionIndex}`
}

export function parseFolderName(
  name: string,
): { topic: string; partitionIndex: number } | undefined {
  const match = /^([a-zA-Z0-9._-]{1,249})-(0|[1-9]\d{0,9})$/.exec(name)
  return match ? { topic: match[1]!, partitionIndex: Number(match[2]) } : undefined
}

/** What a folder is called once its log is deleted (`-delete`) or set aside (`-stray`): `<log>.<unique><suffix>`, the log's name cut where that is too long. */
export function retiredName(folder: string, unique: string, suffix: string): string {
  const ending = `.${unique}${suffix}`
  return `${folder.slice(0, LONGEST_NAME - ending.length)}${ending}`
}

/** Whether a folder is a deleted log's, by the name that `retiredName` gives. */
export function isDeletedFolder(name: string): boolean {
  return /^.+\.[0-9a-f]{32}-delete$/.test(name)
}

export type LogFileKind = 'log' | 'index' | 'timeindex' | 'txnindex' | 'snapshot'

export function fileName(baseOffset: number, kind: LogFileKind): string {
  return `${String(baseOffset).padStart(OFFSET_DIGITS, '0')}.${kind}`
}

export function parseFileName(name: string): { offset: number; kind: LogFileKind } | undefined {
  const match = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/.exec(name)
  return match ? { offset: Number(match[1]), kind: match[2] as LogFileKind } : undefined
}

/** Whether a file was to be removed, or to become another: nobody but a broker names files so. */
export function isLeftover(name: string): boolean {
  return /^(\d{20}\.\w+|leader-epoch-checkpoint|partition\.metadata)\.(deleted|cleaned|tmp)$/.test(
    name,
  )
}

export function encodePartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: 0\ntopic_id: ${topicId}\n`)
}

/** The topic id; `undefined` where the file is missing or torn. Kafka ends no line behind it. */
export function decodePartitionMetadata(bytes: Buffer | undefined): string | undefined {
  const match = /^version: 0\r?\ntopic_id: ([A-Za-z0-9_-]{22})(?:\r?\n|$)/.exec(
    bytes?.toString() ?? '',
  )
  return match?.[1]
}
