/**
 * The disk under the file engine: a dozen verbs, so that a memory disk with crashes can stand in for a real one.
 *
 * Names and small files are handled synchronously (a few microseconds each); bytes go either way, as the caller chooses;
 * whatever waits for the medium is asynchronous. A verb that fails throws or rejects with the system's error (`code` is
 * `ENOSPC`, `EIO`, `ENOENT`, ...). Paths are absolute, with `/` between names.
 */

export interface DiskFile {
  readonly path: string
  size(): number
  /** Writes all the buffers, one behind the other. A failure may leave a part of them. */
  writeSync(buffers: readonly Buffer[], position: number): void
  /** The same; resolved: they are written. The buffers are not changed until then. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  /** Fills `target` from `position` on, and gives how many bytes there were: fewer at the end of the file only. */
  readSync(target: Buffer, position: number): number
  read(target: Buffer, position: number): Promise<number>
  truncate(size: number): void
  /** Resolved: what was written before the call, and the size, survive a power cut (the name: see `syncDirectory`). */
  sync(): Promise<void>
  /** Nothing may be in progress on the file. */
  close(): void
}

export interface DiskEntry {
  name: string
  isDirectory: boolean
}

export interface DiskLock {
  /** Whether the folder is still this process's: exact, also after a process was paused. */
  isHeld(): boolean
  release(): void
}

/** Somebody else has the folder: the text says who. */
export class FolderHeld extends Error {
  override readonly name = 'FolderHeld'
}

/** The folder was this process's, and is another's now: it writes nothing more. */
export class FolderLost extends Error {
  override readonly name = 'FolderLost'
}

export interface Disk {
  /** Opens for reading and writing. `create` makes it when it is not there. */
  open(path: string, options?: { create?: boolean }): DiskFile
  /** The whole of a small file; `undefined` when there is none. */
  readFile(path: string): Buffer | undefined
  /** Writes a whole small file; a power cut may leave any part of it. */
  writeFile(path: string, bytes: Buffer): void
  /** Resolved: the file has these bytes, and survives a power cut. Before that it is the old one or the new one, never a part. */
  replaceFile(path: string, bytes: Buffer): Promise<void>
  /** What is in a folder, in no order; `undefined` when there is no such folder. */
  list(path: string): DiskEntry[] | undefined
  fileSize(path: string): number
  /** Wall time of the last write to a file, in milliseconds since 1970. */
  modifiedAt(path: string): number
  /** Of the volume that a folder is on; -1 where there is no telling. */
  space(path: string): Promise<{ totalBytes: number; usableBytes: number }>
  makeDirectory(path: string): void
  rename(from: string, to: string): void
  /** Removes a file; nothing happens when there is none. */
  remove(path: string): void
  /** Removes a folder with all that is in it, or a file, while others go on. */
  removeDirectory(path: string): Promise<void>
  /** Resolved: files made, renamed and removed in this folder stay so through a power cut. */
  syncDirectory(path: string): Promise<void>
  /**
   * Takes the folder for this process, until released or until the process ends in whatever way; rejects with `FolderHeld`.
   * Verbs that change anything throw `FolderLost` when it is no longer held; `onLost` is called once, as soon as that is known.
   */
  lock(directory: string, onLost: (reason: string) => void): Promise<DiskLock>
}

/** Whether an error is the disk's answer that a file or folder is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Whether this process, or the machine, has as many files open as it may. */
export function isOutOfDescriptors(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'EMFILE' || error.code === 'ENFILE'
}

/** Whether an error is the disk's answer that there is no room. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const isIt = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  return isIt || isFull(error.cause)
}
