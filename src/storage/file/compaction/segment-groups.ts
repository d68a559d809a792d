/** Which neighbouring segments a compaction makes one of: as many as fit together into a segment. */

import type { LogConfig } from '../../engine.ts'
import { type Disk, isNotFound } from '../disk.ts'
import type { Segment, SegmentFileKind } from '../segment.ts'

const LARGEST_RELATIVE_OFFSET = 0x7fff_ffff

/** `endOffset`: where the last of the segments ends. By the sizes that they have before, as Kafka groups them. */
export function groupsOf(
  segments: readonly Segment[],
  endOffset: number,
  { segmentBytes, segmentIndexBytes }: LogConfig,
  disk: Disk,
): Segment[][] {
  const groups: Segment[][] = []
  let group: Segment[] = []
  let sizes = { log: 0, index: 0, timeindex: 0 }
  for (const [i, segment] of segments.entries()) {
    const next = {
      log: sizes.log + segment.size,
      index: sizes.index + sizeOf(disk, segment, 'index'),
      timeindex: sizes.timeindex + sizeOf(disk, segment, 'timeindex'),
    }
    const lastOffset = (segments[i + 1]?.baseOffset ?? endOffset) - 1
    const fits =
      group.length > 0 &&
      next.log <= segmentBytes &&
      next.index <= segmentIndexBytes &&
      next.timeindex <= segmentIndexBytes &&
      lastOffset - group[0]!.baseOffset <= LARGEST_RELATIVE_OFFSET
    if (fits) {
      group.push(segment)
      sizes = next
      continue
    }
    const { log, index, timeindex } = sizes
    sizes = {
      log: next.log - log,
      index: next.index - index,
      timeindex: next.timeindex - timeindex,
    }
    group = [segment]
    groups.push(group)
  }
  return groups
}

function sizeOf(disk: Disk, segment: Segment, kind: SegmentFileKind): number {
  try {
    return disk.fileSize(segment.pathOf(kind))
  } catch (error) {
    if (isNotFound(error)) return 0
    throw error
  }
}
