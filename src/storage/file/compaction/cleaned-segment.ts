/**
 * The segment that a compaction writes in the place of others.
 *
 *   <first base offset>.{log,index,timeindex,txnindex}.cleaned   not part of the log yet: a start removes them
 */

import { BatchView } from '../../../protocol/records/batch-view.ts'
import type { LogConfig } from '../../engine.ts'
import { Segment, type SegmentFiles } from '../segment.ts'
import { type AbortedTransaction, encodeAborted } from '../../aborted-transactions.ts'

const MOST_SEGMENT_BYTES = 0x7fff_ffff
/** A sync of more than this at once would hold up those of others. */
const SYNC_BYTES = 64 * 1024 * 1024
const MOST_PENDING = 512

export class CleanedSegment {
  readonly segment: Segment
  /** Of the list of aborted transactions. */
  abortedBytes = 0
  private readonly disk: SegmentFiles['disk']
  private readonly files: SegmentFiles['files']
  private readonly folder: string
  private readonly indexIntervalBytes: number
  private readonly assertNeeded: () => void
  private pending: Buffer[] = []
  private pendingBytes = 0
  private unsynced = 0

  /** `assertNeeded` throws when the folder may be another log's by now. */
  constructor(
    baseOffset: number,
    files: SegmentFiles,
    config: LogConfig,
    assertNeeded: () => void,
  ) {
    this.assertNeeded = assertNeeded
    assertNeeded()
    this.disk = files.disk
    this.files = files.files
    this.folder = files.folder
    this.indexIntervalBytes = config.indexIntervalBytes
    // What an earlier round has left.
    new Segment(baseOffset, 0, files, '.cleaned').removeFiles()
    this.segment = new Segment(baseOffset, 0, files, '.cleaned')
    this.files.get(this.segment.path, true)
  }

  /** Bytes that wait to be written. */
  get waiting(): number {
    return this.pendingBytes
  }

  /** Puts a batch at the end. Its bytes must stay as they are until `write` has resolved. */
  add(bytes: Buffer): void {
    const { segment } = this
    if (segment.size + bytes.length > MOST_SEGMENT_BYTES) {
      throw new Error(`${segment.path} becomes larger than a segment can be.`)
    }
    const { lastOffset, maxTimestamp } = new BatchView(bytes)
    segment.added(bytes.length, lastOffset, maxTimestamp, this.indexIntervalBytes)
    this.pending.push(bytes)
    this.pendingBytes += bytes.length
  }

  /** Resolved: what was added is in the file. */
  async write(): Promise<void> {
    const { segment, files } = this
    let position = segment.size - this.pendingBytes
    const buffers = this.pending
    this.pending = []
    this.unsynced += this.pendingBytes
    this.pendingBytes = 0
    for (let i = 0; i < buffers.length; i += MOST_PENDING) {
      const some = buffers.slice(i, i + MOST_PENDING)
      const at = position
      this.assertNeeded()
      await files.use(segment.path, true, (file) => file.write(some, at))
      for (const { length } of some) position += length
    }
    if (this.unsynced < SYNC_BYTES) return
    this.unsynced = 0
    await segment.use((file) => file.sync())
  }

  /** Resolved: the segment and its indexes are whole, and survive a power cut. */
  async finish(aborted: readonly AbortedTransaction[]): Promise<void> {
    const { segment, disk, files } = this
    await this.write()
    await segment.use((file) => file.sync())
    this.assertNeeded()
    await segment.syncIndexes()
    this.assertNeeded()
    // Of a segment without aborted transactions, too: what lies there takes the place of the index that was.
    const path = segment.pathOf('txnindex')
    const bytes = encodeAborted(aborted)
    this.abortedBytes = bytes.length
    disk.writeFile(path, bytes)
    await files.use(path, false, (file) => file.sync())
    files.forget(path)
    await disk.syncDirectory(this.folder)
  }

  /** Removes its files. */
  discard(): void {
    this.segment.removeFiles()
  }
}
