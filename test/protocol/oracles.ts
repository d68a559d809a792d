/** Kafka's message specs and golden vectors, where they stand beside the project. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const kafka = join(
  process.env.ODRADEK_ORACLES ?? join(import.meta.dirname, '../../../shared'),
  'kafka',
)

export const hasOracles = existsSync(join(kafka, 'messages/apis.json'))

export interface SpecField {
  name: string
  type: string
  versions: string
  nullableVersions?: string
  taggedVersions?: string
  flexibleVersions?: string
  tag?: number
  default?: string
  ignorable?: boolean
  fields?: SpecField[]
}

export interface Spec {
  name: string
  apiKey?: number
  validVersions: string
  flexibleVersions: string
  fields: SpecField[]
  commonStructs?: { name: string; fields: SpecField[] }[]
}

const folders = [
  'clients',
  'clients-3.9',
  'group-coordinator',
  'transaction-coordinator',
  'share-coordinator',
  'metadata',
  'storage',
  'raft',
]

/** The spec of Kafka 4.4 first, then that of 3.9 where it has versions that 4.4 dropped. */
export function specsOf(name: string): Spec[] {
  return folders
    .map((folder) => join(kafka, 'messages', folder, `${name}.json`))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Spec)
}

/** The name of every message that Kafka has, or had in 3.9. */
export function specNames(): string[] {
  const files = folders.flatMap((folder) => readdirSync(join(kafka, 'messages', folder)))
  return [...new Set(files.map((file) => basename(file, '.json')))].sort()
}

export interface SpecApi {
  apiKey: number
  name: string
  versions: string
  flexible: string
  listeners: string[]
}

export function specApis(): SpecApi[] {
  return JSON.parse(readFileSync(join(kafka, 'messages/apis.json'), 'utf8')) as SpecApi[]
}

/** Rows of a table, cut at the tabs. */
export function table(name: string): string[][] {
  return readFileSync(join(kafka, 'tables', `${name}.tsv`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
}

export interface Vector {
  name: string
  type:
    | 'request'
    | 'response'
    | 'header'
    | 'coordinator-key'
    | 'coordinator-value'
    | 'metadata'
    | 'data'
  version: number
  case: string
  prefix?: string
  hex: string
  value: Record<string, unknown>
}

/** The vectors of a message, of all of its versions. */
export function vectorsOf(name: string): Vector[] {
  return folders.flatMap((folder) => {
    const path = join(kafka, 'vectors', folder, `${name}.ndjson`)
    return existsSync(path) ? lines<Vector>(path) : []
  })
}

export interface FrameVector {
  api: number
  type: 'request' | 'response'
  name: string
  version: number
  headerVersion: number
  correlationId: number
  clientId?: string
  hex: string
}

export function frameVectors(): FrameVector[] {
  return lines<FrameVector>(join(kafka, 'vectors/frames.ndjson'))
}

function lines<Row>(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}
