/**
 * `meta.properties`: whose folder this is. Kafka's own keys, and our format's version.
 *
 *   version=1            Kafka's version of this file
 *   cluster.id           22 characters of base64url, the same for the folder's life
 *   node.id
 *   directory.id
 *   odradek.format=1     absent in a folder that Kafka made
 */

import type { Random } from '../../random.ts'
import { StorageError } from '../engine.ts'
import type { Disk } from './disk.ts'
import type { EngineLog } from './engine-shares.ts'
import { parseFolderName } from './log-folder.ts'

export const META_PROPERTIES = 'meta.properties'
/** The newest format of a data folder that this code reads and writes. */
export const FORMAT = 1

export interface FolderIdentity {
  clusterId: string
  nodeId: number
  directoryId: string
}

export interface Expected {
  clusterId?: string
  nodeId?: number
}

interface Settings {
  disk: Disk
  directory: string
  random: Random
  log: EngineLog
}

/** Reads the folder's identity, or gives it one. Rejects with `StorageError` when the folder is another cluster's or node's, or of a newer format. */
export async function openIdentity(
  { disk, directory, random, log }: Settings,
  expected: Expected,
): Promise<FolderIdentity> {
  const path = `${directory}/${META_PROPERTIES}`
  const properties = parseProperties(disk.readFile(path))
  const isNew = properties.size === 0
  if (!isNew) refuseForeign(path, properties, expected)
  const identity = {
    clusterId: properties.get('cluster.id') ?? expected.clusterId ?? random.uuid(),
    nodeId: Number(properties.get('node.id') ?? expected.nodeId ?? 1),
    directoryId: properties.get('directory.id') ?? random.uuid(),
  }
  if (isNew && hasLogs(disk, directory)) {
    log.warn(
      { folder: directory, clusterId: identity.clusterId, nodeId: identity.nodeId },
      `${directory} has logs, but no ${META_PROPERTIES}: it is given to cluster ${identity.clusterId}, whatever cluster it was of.`,
    )
  }
  properties.set('version', '1')
  properties.set('cluster.id', identity.clusterId)
  properties.set('node.id', String(identity.nodeId))
  properties.set('directory.id', identity.directoryId)
  if (properties.get('odradek.format') !== String(FORMAT)) {
    properties.set('odradek.format', String(FORMAT))
    const lines = [...properties].map(([key, value]) => `${key}=${value}\n`)
    await disk.replaceFile(path, Buffer.from(lines.join('')))
  }
  return identity
}

function hasLogs(disk: Disk, directory: string): boolean {
  const entries = disk.list(directory) ?? []
  return entries.some(({ name, isDirectory }) => isDirectory && parseFolderName(name) !== undefined)
}

function refuseForeign(path: string, found: Map<string, string>, expected: Expected): void {
  const format = Number(found.get('odradek.format') ?? FORMAT)
  if (!(format <= FORMAT)) {
    throw new StorageError(
      `${path} says that the folder has format ${found.get('odradek.format')}; this version of Odradek reads formats up to ${FORMAT}. Start the newer version that wrote it.`,
    )
  }
  const version = found.get('version')
  if (version !== '1') {
    throw new StorageError(
      `${path} has version ${version ?? 'none'}; only version 1, of Kafka in KRaft mode, can be read.`,
    )
  }
  refuseOther(path, 'cluster.id', found.get('cluster.id'), expected.clusterId)
  refuseOther(path, 'node.id', found.get('node.id'), expected.nodeId?.toString())
}

function refuseOther(path: string, key: string, found?: string, expected?: string): void {
  if (found === undefined || expected === undefined || found === expected) return
  throw new StorageError(
    `${path} has ${key}=${found}, but the configuration says ${expected}: this folder belongs to another.`,
  )
}

export function parseProperties(bytes: Buffer | undefined): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of bytes?.toString('utf8').split(/\r?\n/) ?? []) {
    const equals = line.indexOf('=')
    if (line.startsWith('#') || line.startsWith('!') || equals < 0) continue
    properties.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  return properties
}
