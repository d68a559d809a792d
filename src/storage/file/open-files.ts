/** The files that are open now: thousands of logs share a bounded number of descriptors, the longest unused is closed first. */

import { type Disk, type DiskFile, isOutOfDescriptors } from './disk.ts'

/** Files that are closed at once where the machine gives no more descriptors: others want some too. */
const CLOSED_AT_ONCE = 16

interface OpenFile {
  file: DiskFile
  pins: number
  /** To be closed as soon as nobody has it pinned. */
  forgotten: boolean
}

export class OpenFiles {
  private readonly disk: Disk
  private limit: number
  /** Longest unused first. */
  private readonly files = new Map<string, OpenFile>()

  constructor(disk: Disk, limit: number) {
    this.disk = disk
    this.limit = limit
  }

  /** The file, made when it is not there if so said; good until the caller gives up control. */
  get(path: string, create: boolean): DiskFile {
    return this.opened(path, create).file
  }

  /** Gives the file to `work`, and keeps it open until that has ended. */
  async use<T>(path: string, create: boolean, work: (file: DiskFile) => Promise<T>): Promise<T> {
    const entry = this.opened(path, create)
    entry.pins++
    try {
      return await work(entry.file)
    } finally {
      entry.pins--
      if (entry.forgotten && entry.pins === 0) entry.file.close()
    }
  }

  /** Closes the file when those who use it have done: before its name goes to another, or at the end. */
  forget(path: string): void {
    const entry = this.files.get(path)
    if (!entry) return
    this.files.delete(path)
    this.retire(entry)
  }

  private opened(path: string, create: boolean): OpenFile {
    let entry = this.files.get(path)
    if (entry) {
      if (this.files.size * 2 > this.limit) {
        this.files.delete(path)
        this.files.set(path, entry)
      }
      return entry
    }
    // Room is made first, so that there are never more.
    this.closeOldest(this.files.size + 1 - this.limit)
    entry = { file: this.open(path, create), pins: 0, forgotten: false }
    this.files.set(path, entry)
    return entry
  }

  /** Goes on with fewer files where the machine gives no more. */
  private open(path: string, create: boolean): DiskFile {
    for (;;) {
      try {
        return this.disk.open(path, { create })
      } catch (error) {
        if (!isOutOfDescriptors(error)) throw error
        if (this.closeOldest(CLOSED_AT_ONCE) === 0) throw error
        this.limit = this.files.size + 1
      }
    }
  }

  /** Closes up to so many files that nobody has pinned; gives how many. */
  private closeOldest(count: number): number {
    let closed = 0
    for (const [path, { pins }] of this.files) {
      if (closed >= count) break
      if (pins > 0) continue
      this.forget(path)
      closed++
    }
    return closed
  }

  private retire(entry: OpenFile): void {
    entry.forgotten = true
    if (entry.pins === 0) entry.file.close()
  }
}
