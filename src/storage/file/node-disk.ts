/** The disk of the machine, over node:fs. */

import * as fs from 'node:fs'
import { promisify } from 'node:util'
import type { Clock } from '../../clock.ts'
import {
  type Disk,
  type DiskEntry,
  type DiskFile,
  type DiskLock,
  FolderLost,
  isNotFound,
} from './disk.ts'
import type { EngineLog } from './engine-shares.ts'
import { lockFolder } from './folder-lock.ts'
import type { Presence } from './presence.ts'
import { fill, fillSync } from './file-reading.ts'

const fsync = promisify(fs.fsync)
const fdatasync = promisify(fs.fdatasync)
const statfs = promisify(fs.statfs)

class NodeFile implements DiskFile {
  readonly path: string
  private readonly descriptor: number
  /** Throws where nothing may be written any more. */
  private readonly guard: () => void

  constructor(path: string, descriptor: number, guard: () => void) {
    this.path = path
    this.descriptor = descriptor
    this.guard = guard
  }

  size(): number {
    return fs.fstatSync(this.descriptor).size
  }

  writeSync(buffers: readonly Buffer[], position: number): void {
    this.guard()
    let rest = buffers
    let at = position
    while (rest.length > 0) {
      const [first] = rest
      const written =
        rest.length === 1
          ? fs.writeSync(this.descriptor, first!, 0, first!.length, at)
          : fs.writevSync(this.descriptor, rest, at)
      at += written
      rest = behind(rest, written)
    }
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    let rest = buffers
    let at = position
    while (rest.length > 0) {
      this.guard()
      const written = await this.writeSome(rest, at)
      at += written
      rest = behind(rest, written)
    }
  }

  readSync(target: Buffer, position: number): number {
    return fillSync(this.descriptor, target, position)
  }

  read(target: Buffer, position: number): Promise<number> {
    return fill(this.descriptor, target, position)
  }

  truncate(size: number): void {
    this.guard()
    fs.ftruncateSync(this.descriptor, size)
  }

  async sync(): Promise<void> {
    await fdatasync(this.descriptor)
  }

  close(): void {
    fs.closeSync(this.descriptor)
  }

  private writeSome(buffers: readonly Buffer[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.writev(this.descriptor, buffers as Buffer[], position, (error, written) => {
        if (error) reject(error)
        else resolve(written)
      })
    })
  }
}

/** What is left to write of these buffers after `written` bytes. */
function behind(buffers: readonly Buffer[], written: number): readonly Buffer[] {
  let skipped = written
  for (let i = 0; i < buffers.length; i++) {
    const buffer = buffers[i]!
    if (skipped < buffer.length) {
      return skipped === 0 ? buffers.slice(i) : [buffer.subarray(skipped), ...buffers.slice(i + 1)]
    }
    skipped -= buffer.length
  }
  return []
}

export interface NodeDiskOptions {
  /** What tells at once whether the holder of a folder lives, where its start time cannot. */
  presence?: Presence
  log?: EngineLog
}

export class NodeDisk implements Disk {
  private readonly clock: Clock
  private readonly options: NodeDiskOptions
  private held: DiskLock | undefined

  /** The clock beats the heart of the folder's lock. */
  constructor(clock: Clock, options: NodeDiskOptions = {}) {
    this.clock = clock
    this.options = options
  }

  open(path: string, options?: { create?: boolean }): DiskFile {
    const { O_RDWR, O_CREAT } = fs.constants
    if (options?.create) this.guard()
    const flags = options?.create ? O_RDWR | O_CREAT : O_RDWR
    return new NodeFile(path, fs.openSync(path, flags, 0o644), () => this.guard())
  }

  readFile(path: string): Buffer | undefined {
    try {
      return fs.readFileSync(path)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  writeFile(path: string, bytes: Buffer): void {
    this.guard()
    fs.writeFileSync(path, bytes)
  }

  async replaceFile(path: string, bytes: Buffer): Promise<void> {
    this.guard()
    const temporary = `${path}.tmp`
    const descriptor = fs.openSync(temporary, 'w', 0o644)
    try {
      fs.writeFileSync(descriptor, bytes)
      await fdatasync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
    this.guard()
    fs.renameSync(temporary, path)
    await this.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  list(path: string): DiskEntry[] | undefined {
    try {
      const entries = fs.readdirSync(path, { withFileTypes: true })
      return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  fileSize(path: string): number {
    return fs.statSync(path).size
  }

  modifiedAt(path: string): number {
    return fs.statSync(path).mtimeMs
  }

  async space(path: string): Promise<{ totalBytes: number; usableBytes: number }> {
    const { bsize, blocks, bavail } = await statfs(path)
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  }

  makeDirectory(path: string): void {
    this.guard()
    // Never recursive: Node goes round in circles where a file system makes no folders, such as /proc.
    try {
      fs.mkdirSync(path)
    } catch (error) {
      if (!fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
    }
  }

  rename(from: string, to: string): void {
    this.guard()
    fs.renameSync(from, to)
  }

  remove(path: string): void {
    this.guard()
    try {
      fs.unlinkSync(path)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  async removeDirectory(path: string): Promise<void> {
    this.guard()
    await fs.promises.rm(path, { recursive: true, force: true })
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows opens no folder, and needs no sync of one.
    if (process.platform === 'win32') return
    const descriptor = fs.openSync(path, 'r')
    try {
      await fsync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  async lock(directory: string, onLost: (reason: string) => void): Promise<DiskLock> {
    const { clock } = this
    const lock = await lockFolder(directory, { ...this.options, clock, onLost })
    this.held = lock
    const release = (): void => {
      lock.release()
      if (this.held === lock) this.held = undefined
    }
    return { isHeld: () => lock.isHeld(), release }
  }

  private guard(): void {
    if (this.held?.isHeld() === false) {
      throw new FolderLost('The data folder is in the hands of another process.')
    }
  }
}
