/** Where a segment ends that is not written to any more, from a few reads. */

import {
  BatchView,
  HEADER_SIZE,
  LENGTH_OVERHEAD,
  MAGIC,
} from '../../protocol/records/batch-view.ts'
import { type Disk, type DiskFile, isNotFound } from './disk.ts'
import type { Segment } from './segment.ts'

const INDEX_ENTRY = 8
const POSITION = 4
/** Most batches that lie behind the last index entry where all is well: index entries stand each few kilobytes. */
const MOST_BATCHES = 1000
const WINDOW_BYTES = 8 * 1024

/** The offset behind the segment's last batch; undefined unless that batch ends with the file, as far as a look shows. */
export function endOffsetOf(disk: Disk, segment: Segment): number | undefined {
  if (segment.size === 0) return undefined
  const file = disk.open(segment.path)
  try {
    return walk(file, lastPosition(disk, segment), segment.size)
  } finally {
    file.close()
  }
}

/** Where the last batch begins that the index file knows. */
function lastPosition(disk: Disk, segment: Segment): number {
  const entry = Buffer.alloc(INDEX_ENTRY)
  let index: DiskFile | undefined
  try {
    index = disk.open(segment.pathOf('index'))
    const end = index.size() - INDEX_ENTRY
    if (end < 0 || index.readSync(entry, end) < INDEX_ENTRY) return 0
    return entry.readInt32BE(POSITION)
  } catch (error) {
    if (isNotFound(error)) return 0
    throw error
  } finally {
    index?.close()
  }
}

function walk(file: DiskFile, from: number, size: number): number | undefined {
  const window = Buffer.allocUnsafe(WINDOW_BYTES)
  let windowStart = 0
  let windowEnd = 0
  let end: number | undefined
  let position = from
  for (let count = 0; position < size; count++) {
    if (count === MOST_BATCHES || position < 0 || position + HEADER_SIZE > size) return undefined
    if (position + HEADER_SIZE > windowEnd) {
      windowStart = position
      windowEnd = position + file.readSync(window, position)
      if (position + HEADER_SIZE > windowEnd) return undefined
    }
    const at = position - windowStart
    const batch = new BatchView(window.subarray(at, at + HEADER_SIZE))
    const length = batch.batchLength + LENGTH_OVERHEAD
    if (batch.magic !== MAGIC || length < HEADER_SIZE || batch.lastOffsetDelta < 0) return undefined
    end = batch.nextOffset
    position += length
  }
  return position === size ? end : undefined
}
