/** The two indexes of a segment and their files: read at first use, checked, and kept out of memory as far as the files have them. */

import { BatchView, HEADER_SIZE, MAGIC } from '../../protocol/records/batch-view.ts'
import { type Disk, type DiskFile, isNotFound } from './disk.ts'
import type { EntryTable } from './entry-table.ts'
import { OffsetIndex } from './offset-index.ts'
import type { OpenFiles } from './open-files.ts'
import { TimeIndex } from './time-index.ts'

export const OFFSET_ENTRY = 8
export const TIME_ENTRY = 12
/** Entries that stay in memory of the segment that is appended to: of its last megabyte. */
export const KEPT_ENTRIES = 256
/** A segment below this may do without an entry in its offset index. */
const NO_INDEX_BELOW_BYTES = 64 * 1024

type IndexKind = 'index' | 'timeindex'
const KINDS: readonly IndexKind[] = ['index', 'timeindex']

export interface IndexedSegment {
  readonly baseOffset: number
  readonly size: number
  readonly isGone: boolean
  /** Throws StorageError when it is gone. */
  readonly file: DiskFile
  use<T>(work: (file: DiskFile) => Promise<T>): Promise<T>
  pathOf(kind: IndexKind): string
  assertThere(): void
}

export class SegmentIndexes {
  offsets: OffsetIndex
  times: TimeIndex
  /** Whether these are the segment's. */
  isLoaded: boolean
  /** A file was made whose name is not synced. */
  private hasNewNames = false
  private readonly segment: IndexedSegment
  private readonly disk: Disk
  private readonly files: OpenFiles

  constructor(segment: IndexedSegment, disk: Disk, files: OpenFiles) {
    this.segment = segment
    this.disk = disk
    this.files = files
    this.isLoaded = segment.size === 0
    this.offsets = this.offsetIndex()
    this.times = this.timeIndex()
  }

  /** Reads both from their files, as far as `endOffset`; false when those are not the indexes of this segment, as far as a look shows. */
  load(endOffset: number): boolean {
    const offsets = this.disk.readFile(this.segment.pathOf('index'))
    const times = this.disk.readFile(this.segment.pathOf('timeindex'))
    if (!this.take(offsets, times, endOffset)) return false
    const header = Buffer.alloc(HEADER_SIZE)
    const last = this.lastPosition()
    const length = last === undefined ? 0 : this.segment.file.readSync(header, last)
    return this.accept(header.subarray(0, length))
  }

  /** The same without a wait for the disk on the loop, unless they are loaded already. */
  async loadLater(): Promise<boolean> {
    const offsets = await this.readWhole('index')
    const times = await this.readWhole('timeindex')
    if (this.isLoaded) return true
    if (!this.take(offsets, times, Infinity)) return false
    const header = Buffer.alloc(HEADER_SIZE)
    const last = this.lastPosition()
    if (last === undefined) return this.accept(header)
    const taken = this.offsets
    const length = await this.segment.use((file) => file.read(header, last))
    // Who could not wait has loaded them meanwhile.
    if (this.isLoaded || this.offsets !== taken) return this.isLoaded
    return this.accept(header.subarray(0, length))
  }

  /** Resolved: the files have all, and survive a power cut. `kept`: how many entries stay in memory. */
  async sync(kept: number): Promise<void> {
    this.save('index', this.offsets.table, OFFSET_ENTRY)
    this.save('timeindex', this.times.table, TIME_ENTRY)
    for (const kind of KINDS) {
      if (this.segment.isGone) return
      const path = this.segment.pathOf(kind)
      await this.files.use(path, false, (file) => file.sync())
      this.files.forget(path)
    }
    if (this.hasNewNames && !this.segment.isGone) {
      const path = this.segment.pathOf('index')
      await this.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
      this.hasNewNames = false
    }
    this.giveBack(kept)
  }

  /** Gives the memory back of what the files have, but for the last entries. */
  giveBack(kept: number): void {
    this.offsets.table.forgetWritten(kept)
    this.times.table.forgetWritten(kept)
  }

  private take(offsets: Buffer | undefined, times: Buffer | undefined, endOffset: number): boolean {
    this.offsets = this.offsetIndex(offsets)
    this.times = this.timeIndex(times)
    if (!offsets || !times) return false
    return this.offsets.settle(this.segment.size, endOffset) && this.times.settle(endOffset)
  }

  private offsetIndex(bytes?: Buffer): OffsetIndex {
    return new OffsetIndex(this.segment.baseOffset, bytes, () => this.openFile('index'))
  }

  private timeIndex(bytes?: Buffer): TimeIndex {
    return new TimeIndex(this.segment.baseOffset, bytes, () => this.openFile('timeindex'))
  }

  private openFile(kind: IndexKind): DiskFile {
    this.segment.assertThere()
    return this.files.get(this.segment.pathOf(kind), false)
  }

  private async readWhole(kind: IndexKind): Promise<Buffer | undefined> {
    this.segment.assertThere()
    try {
      return await this.files.use(this.segment.pathOf(kind), false, async (file) => {
        const bytes = Buffer.allocUnsafeSlow(file.size())
        return bytes.subarray(0, await file.read(bytes, 0))
      })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** Where the last batch begins that has an entry. */
  private lastPosition(): number | undefined {
    const { count } = this.offsets.table
    return count === 0 ? undefined : this.offsets.positionOf(count - 1)
  }

  /** Whether there are entries where there must be, and the last one points to the batch that it names: `header` is what stands there. */
  private accept(header: Buffer): boolean {
    const { size } = this.segment
    // A saved time index has at least the largest timestamp, and an offset index an entry each few kilobytes.
    if (size > 0 && this.times.table.count === 0) return false
    const last = this.offsets.table.count - 1
    if (last < 0 ? size >= NO_INDEX_BELOW_BYTES : !this.isBatch(header, last)) return false
    this.giveBack(0)
    this.isLoaded = true
    return true
  }

  private isBatch(header: Buffer, entry: number): boolean {
    if (header.length < HEADER_SIZE) return false
    const batch = new BatchView(header)
    return batch.magic === MAGIC && batch.lastOffset === this.offsets.offsetOf(entry)
  }

  private save(kind: IndexKind, table: EntryTable, entrySize: number): void {
    const path = this.segment.pathOf(kind)
    const file = this.files.get(path, true)
    const position = table.writtenCount * entrySize
    const size = file.size()
    if (size === 0) this.hasNewNames = true
    // The file may be longer than what is right of it: torn, cut back, or preallocated by Kafka.
    if (size > position) file.truncate(position)
    file.writeSync([table.unwritten()], position)
    table.writtenCount = table.count
    this.files.forget(path)
  }
}
