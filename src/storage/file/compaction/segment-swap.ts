/**
 * Puts a cleaned segment in the place of those that it was made of. A power cut between any two steps loses no record and
 * shows none twice:
 *
 *   X.*.cleaned              whole and synced; a start removes it, the log is as it was
 *   X.log.swap               synced: from here on a start goes through with it
 *   old ones are .deleted, X's indexes in place; in life readers go over in the same moment
 *   synced; the indexes of old ones are .deleted, then X.log.swap -> X.log, synced
 *
 * A start that finds `X.log.swap` removes the segments that it reaches over. Those of its group that lie behind its last record
 * may stay: they hold nothing but what was replaced anyway, and are cleaned again.
 */

import type { Disk } from '../disk.ts'
import { isNotFound } from '../disk.ts'
import { BatchView, HEADER_SIZE, LENGTH_OVERHEAD } from '../../../protocol/records/batch-view.ts'
import { fileName, parseFileName } from '../log-folder.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { Segment } from '../segment.ts'
import type { CleanedSegment } from './cleaned-segment.ts'

const INDEXES = ['index', 'timeindex', 'txnindex'] as const
const SWAP = '.swap'
const CLEANED = '.cleaned'
const WINDOW_BYTES = 256 * 1024

/** Resolved: the cleaned segment is the log's, and will be after a crash. Gives the segments that are no longer, whose files are to be removed after a while. */
export async function swapIn(
  log: PartitionLog,
  made: CleanedSegment,
  group: readonly Segment[],
  disk: Disk,
): Promise<Segment[]> {
  const cleaned = made.segment
  cleaned.renameLog(SWAP)
  await disk.syncDirectory(log.folder)
  if (log.isEnded) return []
  const replaced = switchOver(log, made, group)
  await disk.syncDirectory(log.folder)
  if (!log.isEnded) {
    for (const segment of replaced) {
      if (segment.baseOffset !== cleaned.baseOffset) segment.renameIndexes('.deleted')
    }
  }
  if (!log.isEnded && !cleaned.isGone) {
    cleaned.renameLog('')
    if (made.abortedBytes === 0) disk.remove(cleaned.pathOf('txnindex'))
    await disk.syncDirectory(log.folder)
  }
  return replaced
}

/** The one moment in which readers go over. What lies before the log's start has gone meanwhile. */
function switchOver(
  log: PartitionLog,
  { segment: cleaned, abortedBytes }: CleanedSegment,
  group: readonly Segment[],
): Segment[] {
  const replaced = group.filter((segment) => log.segments.includes(segment))
  if (replaced.length === 0) {
    cleaned.removeFiles()
    return []
  }
  for (const segment of replaced) {
    segment.renameLog('.deleted')
    // A power cut may bring others back, which have to have theirs, and the list of what was aborted in them above all.
    if (segment.baseOffset === cleaned.baseOffset) segment.renameIndexes('.deleted')
  }
  cleaned.renameIndexes('')
  log.replaceSegments(replaced, cleaned, abortedBytes)
  return replaced
}

/** Goes through with what a crash has interrupted. Resolved: there is no segment in the folder that is to take the place of others. */
export async function finishSwaps(disk: Disk, folder: string): Promise<void> {
  const names = (disk.list(folder) ?? []).map(({ name }) => name)
  for (const name of names) {
    if (!name.endsWith(`.log${SWAP}`)) continue
    const file = parseFileName(name.slice(0, -SWAP.length))
    if (file) await finishSwap(disk, folder, file.offset, names)
  }
}

async function finishSwap(
  disk: Disk,
  folder: string,
  baseOffset: number,
  names: readonly string[],
): Promise<void> {
  const log = `${folder}/${fileName(baseOffset, 'log')}`
  const nextOffset = nextOffsetOf(disk, `${log}${SWAP}`) ?? baseOffset
  for (const name of names) {
    const file = parseFileName(name)
    if (!file || file.kind === 'snapshot') continue
    if (file.offset > baseOffset && file.offset < nextOffset) disk.remove(`${folder}/${name}`)
  }
  for (const kind of INDEXES) {
    const index = `${folder}/${fileName(baseOffset, kind)}`
    // Kafka's cleaner gives indexes the same suffix as the log.
    for (const suffix of [CLEANED, SWAP]) {
      if (exists(disk, `${index}${suffix}`)) disk.rename(`${index}${suffix}`, index)
    }
  }
  await disk.syncDirectory(folder)
  disk.rename(`${log}${SWAP}`, log)
  await disk.syncDirectory(folder)
}

/** The offset behind a file's last batch; undefined where there is none. */
function nextOffsetOf(disk: Disk, path: string): number | undefined {
  const file = disk.open(path)
  try {
    const size = file.size()
    const window = Buffer.allocUnsafe(WINDOW_BYTES)
    let start = 0
    let end = 0
    let next: number | undefined
    for (let position = 0; position + HEADER_SIZE <= size; ) {
      if (position + HEADER_SIZE > end) {
        start = position
        end = position + file.readSync(window, position)
      }
      const at = position - start
      const batch = new BatchView(window.subarray(at, at + HEADER_SIZE))
      next = batch.nextOffset
      position += batch.batchLength + LENGTH_OVERHEAD
    }
    return next
  } finally {
    file.close()
  }
}

function exists(disk: Disk, path: string): boolean {
  try {
    disk.fileSize(path)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
