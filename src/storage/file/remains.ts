/**
 * What lies behind the first wrong batch of a log: counted, and kept aside before it is cut off.
 *
 *   <segment>.log.<end offset of the log>.cut    the bytes that a segment lost, or a whole segment; Kafka does not know the name
 */

import { type Disk, isNotFound } from './disk.ts'
import { BatchSearch } from './batch-search.ts'
import type { Segment } from './segment.ts'

const COPY_BYTES = 1024 * 1024

export interface Remains {
  /** Whole batches with a right checksum, and the records in them. */
  batches: number
  records: number
}

/** Counts what is good in a segment from `position` on, where a wrong batch stands, behind `offset`. */
export async function remainsOf(
  segment: Segment,
  position: number,
  end: number,
  offset: number,
): Promise<Remains> {
  const search = new BatchSearch(segment, end)
  const remains = { batches: 0, records: 0 }
  let from: number | undefined = position
  let next = offset
  while (from !== undefined) {
    const batch = await search.at(from, next)
    if (batch) {
      remains.batches++
      remains.records += batch.recordCount
      next = batch.nextOffset
      from += batch.sizeInBytes
    } else {
      from = await search.after(from, next)
    }
  }
  return remains
}

/** Resolved: the segment's bytes from `position` on are in a file of their own, and survive a power cut. Gives its path. */
export async function copyAside(
  disk: Disk,
  segment: Segment,
  position: number,
  end: number,
  endOffset: number,
): Promise<string> {
  const path = freePath(disk, segment, endOffset)
  const copy = disk.open(path, { create: true })
  try {
    for (let at = position; at < end; ) {
      const bytes = Buffer.allocUnsafe(Math.min(COPY_BYTES, end - at))
      const from = at
      const read = await segment.use((file) => file.read(bytes, from))
      if (read === 0) break
      await copy.write([bytes.subarray(0, read)], at - position)
      at += read
    }
    await copy.sync()
  } finally {
    copy.close()
  }
  await disk.syncDirectory(folderOf(segment))
  return path
}

/** Takes a whole segment out of the log, and gives where its bytes are. The folder is to be synced. */
export function moveAside(disk: Disk, segment: Segment, endOffset: number): string {
  const path = freePath(disk, segment, endOffset)
  segment.retire()
  disk.rename(segment.path, path)
  for (const kind of ['index', 'timeindex', 'txnindex'] as const) disk.remove(segment.pathOf(kind))
  return path
}

/** What was set aside before is not overwritten. */
function freePath(disk: Disk, segment: Segment, endOffset: number): string {
  const path = `${segment.path}.${endOffset}`
  for (let i = 1; ; i++) {
    const free = i === 1 ? `${path}.cut` : `${path}.${i}.cut`
    try {
      disk.fileSize(free)
    } catch (error) {
      if (isNotFound(error)) return free
      throw error
    }
  }
}

function folderOf({ path }: Segment): string {
  return path.slice(0, path.lastIndexOf('/'))
}
