/** Golden record batches of Apache Kafka, from beside the project; without them their tests are skipped by name. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const oracles = path.resolve(root, process.env['ODRADEK_ORACLES'] ?? '../shared')
const folder = path.join(oracles, 'kafka/vectors/records')

export const hasVectors = existsSync(folder)

/** What a field longer than 4096 bytes is described by. */
export interface Digest {
  length: number
  sha256: string
}

export interface RecordVector {
  offset: string
  timestamp: string
  key: string | Digest | null
  value: string | Digest | null
  headers?: [string, string | Digest | null][]
  controlType?: string
}

export interface BatchVector {
  baseOffset: string
  batchLength: number
  partitionLeaderEpoch: number
  magic: number
  crc: number
  attributes: number
  lastOffsetDelta: number
  baseTimestamp: string
  maxTimestamp: string
  producerId: string
  producerEpoch: number
  baseSequence: number
  recordCount: number
  lastOffset: string
  compression: string
  timestampType: string
  transactional: boolean
  control: boolean
  records: RecordVector[]
}

export interface Vector {
  name: string
  hex: string
  batches: BatchVector[]
}

export interface InvalidVector {
  name: string
  hex: string
  reason: string
}

export interface ProducedVector {
  name: string
  produceVersion: number
  errorCode: number
  errorMessage: boolean
  recordErrors: number[]
}

export interface AppendVector {
  name: string
  hex: string
  nextOffset: string
  leaderEpoch: number
  now: string
  topicCompression: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  topicTimestampType: 'CreateTime' | 'LogAppendTime'
  stored: string
}

/** A message of magic 0 or 1, or a wrapper with what lies in it. */
export interface MessageVector {
  offset: string
  magic: 0 | 1
  attributes: number
  timestamp?: string
  baseOffset: string
  lastOffset: string
  compression: string
  timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
  records: RecordVector[]
}

export interface MessageSetVector {
  name: string
  hex: string
  readableBytes?: number
  batches: MessageVector[]
}

export interface UpConversionVector extends AppendVector {
  error?: string
  nextOffsetAfter: string
}

export interface DownConversionVector {
  name: string
  hex: string
  toMagic: 0 | 1
  firstOffset: string
  converted?: string
  error?: string
  batches: MessageVector[]
}

export interface InvalidMessageVector {
  name: string
  hex: string
  reason: string
  iterate: string
  append: string
}

export function vectors<T>(file: string): T[] {
  if (!hasVectors) return []
  return readFileSync(path.join(folder, `${file}.ndjson`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}
