/**
 * The aborted transactions of a log, listed in a `.txnindex` file beside each segment that has their markers.
 *
 * In memory is only what is not written yet. No snapshot of producers is written before all is on stable storage: a start
 * believes what the files say of markers before its snapshot, and lists the later ones anew as it reads their batches.
 */

import {
  ABORTED_ENTRY_SIZE,
  type AbortedTransaction,
  overlapping,
  readAborted,
  writeAborted,
} from '../aborted-transactions.ts'
import { StorageError } from '../engine.ts'
import type { Disk } from './disk.ts'
import { EntryTable } from './entry-table.ts'
import type { OpenFiles } from './open-files.ts'
import type { Segment, SegmentFiles } from './segment.ts'

/** Entries that are read from a file in one go. */
const BLOCK_ENTRIES = 128

/** The file of one segment. */
interface Part {
  segment: Segment
  /** Entries in the file; what lies behind them there is of another life. */
  written: number
  pending: EntryTable
  /** How often it was changed, and how many of these changes are on stable storage. */
  changes: number
  syncedChanges: number
}

export class AbortedIndex {
  /** Changes when records and what is listed of them are taken out of the log, or replaced. */
  generation = 0
  private readonly disk: Disk
  private readonly files: OpenFiles
  private readonly folder: string
  /** Of the segments that have a file, or are to have one, in their order. */
  private readonly parts: Part[] = []
  /** How many files were made, and how many of their names are on stable storage. */
  private names = 0
  private syncedNames = 0
  /** Offset of the last marker listed; `undefined` until somebody wants to know. */
  private lastMarker: number | undefined

  constructor({ disk, files, folder }: SegmentFiles) {
    this.disk = disk
    this.files = files
    this.folder = folder
  }

  /** Whether all is on stable storage, and not only on its way there. */
  get isSynced(): boolean {
    return this.names === this.syncedNames && !this.parts.some(isDirty)
  }

  /** Offset of the last marker that is listed; -1 when none is. Throws StorageError. */
  get lastOffset(): number {
    if (this.lastMarker === undefined) {
      const last = this.parts.findLast((part) => countOf(part) > 0)
      this.lastMarker = last ? this.entryAt(last, countOf(last) - 1).lastOffset : -1
    }
    return this.lastMarker
  }

  /** Takes the file that a segment was found with; segments come in their order. */
  open(segment: Segment, sizeInBytes: number): void {
    const written = Math.floor(sizeInBytes / ABORTED_ENTRY_SIZE)
    if (sizeInBytes > 0) this.parts.push(partOf(segment, written))
    this.lastMarker = undefined
  }

  /** Lists a transaction whose marker lies in this segment, behind those that are listed of it. */
  add(segment: Segment, entry: AbortedTransaction): void {
    const part = this.partFor(segment)
    const at = part.pending.add()
    writeAborted(part.pending.raw, at, entry)
    part.changes++
    this.lastMarker = part === this.parts.at(-1) ? entry.lastOffset : undefined
  }

  /** The aborted transactions that reach into the records from `from` to before `to`, in the order of first offsets. Throws StorageError. */
  overlapping(from: number, to: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    if (from > this.lastOffset) return found
    for (let i = this.indexOf(from); i < this.parts.length; i++) {
      const part = this.parts[i]!
      const look = overlapping(this.entries(part, this.firstFrom(part, from)), from, to)
      found.push(...look.found)
      if (look.isComplete) break
    }
    // Some clients expect it; Kafka lists them as they ended.
    return found.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Those whose markers lie in this segment, in the order of markers. */
  ofSegment(segment: Segment): AbortedTransaction[] {
    const part = this.parts.find((one) => one.segment === segment)
    return part ? [...this.entries(part, 0)] : []
  }

  /** The first of these segments that has a damaged file; of files that were not written to since they were synced. */
  damagedAmong(segments: readonly Segment[]): Segment | undefined {
    const damaged = this.parts.find((part) => {
      if (!segments.includes(part.segment)) return false
      try {
        for (const _entry of this.entries(part, 0));
        return false
      } catch (error) {
        if (error instanceof StorageError) return true
        throw error
      }
    })
    return damaged?.segment
  }

  /** Drops what is listed of markers at `offset` and behind it. */
  truncate(offset: number): void {
    for (const part of this.parts.slice(this.indexOf(offset))) {
      const { segment, written, pending } = part
      const kept = this.goodBefore(part, offset)
      if (kept === written && pending.count === 0) continue
      part.written = Math.min(kept, written)
      pending.truncate(Math.max(0, kept - written))
      if (!segment.isGone) part.changes++
    }
    this.lastMarker = undefined
  }

  /** The segments before this offset are no longer the log's. */
  dropBefore(baseOffset: number): void {
    const count = this.parts.findIndex(({ segment }) => segment.baseOffset >= baseOffset)
    const dropped = this.parts.splice(0, count < 0 ? this.parts.length : count)
    if (dropped.length === 0) return
    this.generation++
    this.lastMarker = undefined
  }

  /** One segment has taken the place of others, with a synced file of this size; 0 for none. */
  replace(before: readonly Segment[], after: Segment, sizeInBytes: number): void {
    const rest = this.parts.filter(({ segment }) => !before.includes(segment))
    if (sizeInBytes > 0) rest.push(partOf(after, Math.floor(sizeInBytes / ABORTED_ENTRY_SIZE)))
    rest.sort((a, b) => a.segment.baseOffset - b.segment.baseOffset)
    this.parts.splice(0, this.parts.length, ...rest)
    this.generation++
    this.lastMarker = undefined
  }

  /** Resolved: what was listed before the call survives a power cut. */
  async sync(): Promise<void> {
    const { files, disk, folder } = this
    for (const part of this.parts.filter(isDirty)) {
      const { segment, changes } = part
      if (segment.isGone) continue
      const path = segment.pathOf('txnindex')
      this.write(part, path)
      await files.use(path, false, (file) => file.sync())
      part.syncedChanges = Math.max(part.syncedChanges, changes)
    }
    const { names } = this
    if (names === this.syncedNames) return
    await disk.syncDirectory(folder)
    this.syncedNames = Math.max(this.syncedNames, names)
  }

  private partFor(segment: Segment): Part {
    let i = this.parts.length
    while (i > 0 && this.parts[i - 1]!.segment.baseOffset > segment.baseOffset) i--
    const found = this.parts[i - 1]
    if (found?.segment === segment) return found
    const part = partOf(segment, 0)
    this.parts.splice(i, 0, part)
    return part
  }

  private write(part: Part, path: string): void {
    const { pending, written } = part
    const file = this.files.get(path, true)
    const position = written * ABORTED_ENTRY_SIZE
    const size = file.size()
    if (size === 0) this.names++
    if (size > position) file.truncate(position)
    if (pending.count === 0) return
    file.writeSync([pending.unwritten()], position)
    part.written += pending.count
    part.pending = new EntryTable(ABORTED_ENTRY_SIZE)
  }

  /** The first part that may have markers at or behind an offset. */
  private indexOf(offset: number): number {
    let low = 0
    let high = this.parts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.parts[middle]!.segment.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The first entry of a part whose marker lies at or behind an offset. */
  private firstFrom(part: Part, offset: number): number {
    let low = 0
    let high = countOf(part)
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.entryAt(part, middle).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** How many entries from the start of a part are whole, in order, and of markers before an offset. */
  private goodBefore(part: Part, offset: number): number {
    let count = 0
    try {
      for (const { lastOffset } of this.entries(part, 0)) {
        if (lastOffset >= offset) break
        count++
      }
    } catch (error) {
      // What was not synced may be torn.
      if (!(error instanceof StorageError)) throw error
    }
    return count
  }

  private entryAt(part: Part, i: number): AbortedTransaction {
    return this.good(part, readAborted(this.block(part, i, 1), 0))
  }

  private *entries(part: Part, from: number): Generator<AbortedTransaction, void, undefined> {
    let before = -1
    for (let i = from; i < countOf(part); ) {
      const block = this.block(part, i, BLOCK_ENTRIES)
      for (let at = 0; at < block.length; at += ABORTED_ENTRY_SIZE, i++) {
        const entry = this.good(part, readAborted(block, at))
        if (entry.lastOffset <= before) throw damaged(part)
        before = entry.lastOffset
        yield entry
      }
    }
  }

  /** At least one entry from the `i`-th on, at most `most`. */
  private block({ segment, written, pending }: Part, i: number, most: number): Buffer {
    if (i >= written) {
      const end = Math.min(pending.count, i - written + most)
      return pending.raw.subarray(pending.at(i - written), pending.at(end))
    }
    const block = Buffer.alloc(Math.min(written - i, most) * ABORTED_ENTRY_SIZE)
    const file = this.files.get(segment.pathOf('txnindex'), false)
    const read = file.readSync(block, i * ABORTED_ENTRY_SIZE)
    if (read < block.length) throw new StorageError(`${file.path} has lost its end.`)
    return block
  }

  private good(part: Part, entry: AbortedTransaction | undefined): AbortedTransaction {
    if (!entry || entry.lastOffset < part.segment.baseOffset) throw damaged(part)
    return entry
  }
}

function partOf(segment: Segment, written: number): Part {
  const pending = new EntryTable(ABORTED_ENTRY_SIZE)
  return { segment, written, pending, changes: 0, syncedChanges: 0 }
}

/** Whether the file differs from this, or is not synced. */
function isDirty({ changes, syncedChanges }: Part): boolean {
  return changes !== syncedChanges
}

function countOf({ written, pending }: Part): number {
  return written + pending.count
}

function damaged({ segment }: Part): StorageError {
  return new StorageError(`${segment.pathOf('txnindex')} is damaged.`)
}
