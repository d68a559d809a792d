/**
 * A full disk, from the write that found it so to the room that came back.
 *
 *   a write fails          the log is offline, as after any failed write; what was to be deleted later is deleted now
 *   reopened at once       what was not written is cut off; readers are served, appends are refused
 *   room again             told by a probe; appends are taken again
 *
 * A failed sync is another matter: nobody knows what it left, and the log stays offline until the next start.
 */

import type { Clock, Timer } from '../../clock.ts'
import { type LogId, StorageError } from '../engine.ts'
import { type Disk, isFull, isNotFound } from './disk.ts'
import type { EngineLog } from './engine-shares.ts'
import type { PartitionLog } from './partition-log.ts'

const PROBE_MS = 1000
/** Less than this is not worth beginning again for. */
const PROBE_BYTES = 1024 * 1024
const PROBE_FILE = 'odradek-space-probe.tmp'

export interface FullDiskOwner {
  get(id: LogId): PartitionLog | undefined
  /** Resolved: the log is open, anew if it was offline. */
  reopened(id: LogId): Promise<PartitionLog>
}

export interface FullDiskSettings {
  disk: Disk
  directory: string
  clock: Clock
  log: EngineLog
  /** Has what can be freed freed at once, or as ever again. */
  readonly hurry: (isFull: boolean) => void
}

export class FullDisk {
  isFull = false
  private readonly settings: FullDiskSettings
  private owner: FullDiskOwner | undefined
  /** Logs that take no appends for want of room. */
  private readonly refusing = new Set<LogId>()
  private timer: Timer | undefined
  private work: Promise<void> = Promise.resolve()
  private isClosed = false

  constructor(settings: FullDiskSettings) {
    this.settings = settings
    // A crash may have left one.
    settings.disk.remove(this.probePath)
  }

  serve(owner: FullDiskOwner): void {
    this.owner = owner
  }

  /** Something could not be written for want of room. */
  noticed(cause: unknown): void {
    if (this.isClosed) return
    const { log, directory, hurry, clock } = this.settings
    if (!this.isFull) {
      this.isFull = true
      const text =
        'The disk is full. Logs that cannot be written refuse appends, and take them again as soon as there is room.'
      log.error({ err: cause, folder: directory }, text)
    }
    hurry(true)
    this.timer ??= clock.every(PROBE_MS, () => this.run(true))
  }

  /** A log went offline because it could not be written. */
  failed(id: LogId, cause: unknown): void {
    if (!isFull(cause) || this.isClosed) return
    this.refusing.add(id)
    this.noticed(cause)
    // For readers. Appends wait for the next probe, so that a disk with little room does not go to and fro with each.
    this.run(false)
  }

  /** A log of before is open again. */
  refuse(log: PartitionLog): void {
    if (!this.refusing.has(log.id)) return
    const { directory } = this.settings
    log.refusal = new StorageError(`${directory} is full: ${log.folder} takes no records for now.`)
  }

  /** Resolved: nothing is under way any more. */
  async close(): Promise<void> {
    this.isClosed = true
    this.timer?.cancel()
    await this.work
  }

  private get probePath(): string {
    return `${this.settings.directory}/${PROBE_FILE}`
  }

  private run(isProbe: boolean): void {
    this.work = this.work.then(() => this.round(isProbe))
  }

  private async round(isProbe: boolean): Promise<void> {
    if (this.isClosed || !this.isFull) return
    const hasRoom = isProbe && this.hasRoom()
    const ids = [...this.refusing]
    for (const id of ids) {
      if (this.isClosed) return
      const isOpen = await this.reopen(id)
      if (isOpen && hasRoom) this.restore(id)
    }
    if (!hasRoom || this.refusing.size > 0) return
    this.isFull = false
    this.timer?.cancel()
    this.timer = undefined
    const { log, directory, hurry } = this.settings
    hurry(false)
    log.info({ folder: directory }, 'There is room on the disk again: all logs take appends.')
  }

  /** Whether the log is open, anew if need be. One that is gone, or cannot be opened for another reason, is no longer this one's matter. */
  private async reopen(id: LogId): Promise<boolean> {
    const log = this.owner?.get(id)
    try {
      if (log && !log.isDoubtful) {
        await this.owner?.reopened(id)
        return true
      }
    } catch (err) {
      if (isFull(err)) return false
      const text =
        'A log that a full disk took offline could not be opened again, and stays offline.'
      this.settings.log.error({ err, folder: log?.folder }, text)
    }
    this.refusing.delete(id)
    return false
  }

  private restore(id: LogId): void {
    this.refusing.delete(id)
    const log = this.owner?.get(id)
    if (log) log.refusal = undefined
  }

  private hasRoom(): boolean {
    const { disk } = this.settings
    try {
      disk.writeFile(this.probePath, Buffer.alloc(PROBE_BYTES, 1))
      return true
    } catch {
      return false
    } finally {
      this.removeProbe()
    }
  }

  private removeProbe(): void {
    try {
      this.settings.disk.remove(this.probePath)
    } catch {
      // The next probe writes over it.
    }
  }
}

/** Cuts off what a failed write has left behind the last one that ended well: whoever sent it was refused. The log has ended. */
export function cutBack(log: PartitionLog, disk: Disk): void {
  const { written } = log.writer
  for (const [i, segment] of log.segments.entries()) {
    const end = Number.isNaN(segment.place) ? Infinity : written.place - segment.place
    if (end >= segment.size) continue
    try {
      if (end <= 0 && i > 0) disk.remove(segment.path)
      else cutFile(disk, segment.path, Math.max(end, 0))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

function cutFile(disk: Disk, path: string, size: number): void {
  const file = disk.open(path)
  try {
    if (file.size() > size) file.truncate(size)
  } finally {
    file.close()
  }
}
