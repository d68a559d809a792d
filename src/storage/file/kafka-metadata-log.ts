/**
 * Kafka's own `__cluster_metadata-0`, read and left as it is: the newest snapshot that is whole, and the log behind it.
 *
 *   <offset>-<epoch>.checkpoint   a snapshot of all before the offset: batches, the first with its header, the last with its footer
 *   <offset>.log                  batches of the raft log, none missing between two others
 */

import {
  batchSizeAt,
  BatchView,
  hasRightChecksum,
  MAGIC,
} from '../../protocol/records/batch-view.ts'
import { iterateRecords } from '../../protocol/records/record-iterator.ts'
import { StorageError } from '../engine.ts'
import type { Disk } from './disk.ts'
import type { EngineLog } from './engine-shares.ts'
import { KAFKA_METADATA_FOLDER, parseFileName } from './log-folder.ts'

const SNAPSHOT_NAME = /^(\d{20})-\d{10}\.checkpoint$/
/** Types of control records, as their keys have them. */
const SNAPSHOT_HEADER = 3
const SNAPSHOT_FOOTER = 4

export interface KafkaMetadataLog {
  /** The offset behind the last batch. */
  endOffset: number
  /** Of the snapshot, then of the log behind it. */
  batches: BatchView[]
}

interface Snapshot {
  offset: number
  path: string
}

/** `undefined` where the folder has none. Throws StorageError, with the reason, where there is one and it cannot be believed. */
export function readKafkaMetadataLog(
  disk: Disk,
  directory: string,
  log: EngineLog,
): KafkaMetadataLog | undefined {
  const folder = `${directory}/${KAFKA_METADATA_FOLDER}`
  const entries = disk.list(folder)
  if (!entries) return undefined
  const names = entries.map(({ name }) => name).sort()
  const segments = names.filter((name) => parseFileName(name)?.kind === 'log')
  const snapshots = names.filter((name) => SNAPSHOT_NAME.test(name))
  if (segments.length + snapshots.length === 0) return undefined
  const logged = batchesOfLog(
    disk,
    segments.map((name) => `${folder}/${name}`),
    log,
  )
  const candidates: Snapshot[] = snapshots
    .map((name) => ({ offset: Number(name.slice(0, 20)), path: `${folder}/${name}` }))
    .sort((a, b) => b.offset - a.offset)
  const logStart = logged[0]?.baseOffset ?? Infinity
  for (const { offset, path } of candidates) {
    const batches = wholeSnapshot(disk.readFile(path))
    if (!batches) {
      log.warn({ file: path }, 'A snapshot of Kafka’s metadata is damaged.')
      continue
    }
    const behind = logged.filter(({ nextOffset }) => nextOffset > offset)
    if (behind.length > 0 && logStart > offset) continue
    return { endOffset: behind.at(-1)?.nextOffset ?? offset, batches: [...batches, ...behind] }
  }
  if (logStart === 0) return { endOffset: logged.at(-1)!.nextOffset, batches: logged }
  throw new StorageError(
    segments.length === 0 || logged.length > 0
      ? `${folder} has no snapshot that is whole, and no log from the beginning on.`
      : `${folder} is empty.`,
  )
}

/** Throws StorageError at damage that is no torn end. */
function batchesOfLog(disk: Disk, paths: readonly string[], log: EngineLog): BatchView[] {
  const batches: BatchView[] = []
  for (const [i, path] of paths.entries()) {
    const bytes = disk.readFile(path) ?? Buffer.alloc(0)
    for (let at = 0; at < bytes.length; ) {
      const size = batchSizeAt(bytes, at)
      const batch = goodBatch(bytes, at, size)
      const expected = batches.at(-1)?.nextOffset
      if (batch && (expected === undefined || batch.baseOffset === expected)) {
        batches.push(batch)
        at += batch.sizeInBytes
        continue
      }
      // Whether the last batch is torn or damaged, nobody was answered that it holds before all of it was synced.
      const isEnd = i === paths.length - 1 && !batch
      const isTorn = isEnd && (size === undefined || at + size === bytes.length)
      if (!isTorn && !(isEnd && isZero(bytes, at))) {
        throw new StorageError(`${path} is damaged at byte ${at}.`)
      }
      log.warn(
        { file: path, position: at, bytes: bytes.length - at },
        'The end of Kafka’s metadata log is torn, and is not read.',
      )
      return batches
    }
  }
  return batches
}

function goodBatch(bytes: Buffer, at: number, size: number | undefined): BatchView | undefined {
  if (size === undefined) return undefined
  const batch = new BatchView(bytes.subarray(at, at + size))
  return batch.magic === MAGIC && hasRightChecksum(batch.bytes) ? batch : undefined
}

/** A snapshot is whole when its last record is a footer: Kafka renames it only then, but a disk may fail. */
function wholeSnapshot(bytes: Buffer | undefined): BatchView[] | undefined {
  if (!bytes) return undefined
  const batches: BatchView[] = []
  for (let at = 0; at < bytes.length; ) {
    const batch = goodBatch(bytes, at, batchSizeAt(bytes, at))
    if (!batch) return undefined
    batches.push(batch)
    at += batch.sizeInBytes
  }
  const [first] = batches
  const last = batches.at(-1)
  if (!first || !last) return undefined
  const isWhole =
    controlTypes(first)[0] === SNAPSHOT_HEADER && controlTypes(last).at(-1) === SNAPSHOT_FOOTER
  return isWhole ? batches : undefined
}

function controlTypes(batch: BatchView): number[] {
  if (!batch.isControl) return []
  return [...iterateRecords(batch)].map(({ key }) =>
    key && key.length >= 4 ? key.readInt16BE(2) : -1,
  )
}

function isZero(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}
