/** The files that are open now: thousands of logs share a bounded number of descriptors, the longest unused is closed first. */

import type { Disk, DiskFile } from './disk.ts'

interface OpenFile {
  file: DiskFile
  pins: number
  /** To be closed as soon as nobody has it pinned. */
  forgotten: boolean
}

export class OpenFiles {
  private readonly disk: Disk
  private readonly limit: number
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
    entry = { file: this.disk.open(path, { create }), pins: 0, forgotten: false }
    this.files.set(path, entry)
    if (this.files.size > this.limit) this.closeOldest(path)
    return entry
  }

  private closeOldest(except: string): void {
    for (const [path, entry] of this.files) {
      if (path === except || entry.pins > 0) continue
      this.forget(path)
      return
    }
  }

  private retire(entry: OpenFile): void {
    entry.forgotten = true
    if (entry.pins === 0) entry.file.close()
  }
}
