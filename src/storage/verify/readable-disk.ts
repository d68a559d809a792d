/** The part of a disk that only looks, so that a check cannot change what it checks; and the machine's own, opened for reading alone. */

import * as fs from 'node:fs'
import { isNotFound } from '../file/disk.ts'
import { fill, fillSync } from '../file/file-reading.ts'

export interface ReadableFile {
  readonly path: string
  size(): number
  /** Fills `target` from `position` on, and gives how many bytes there were: fewer at the end of the file only. */
  readSync(target: Buffer, position: number): number
  read(target: Buffer, position: number): Promise<number>
  close(): void
}

export interface ReadableDisk {
  open(path: string): ReadableFile
  /** `undefined` when there is none. */
  readFile(path: string): Buffer | undefined
  /** `undefined` when there is no such folder. */
  list(path: string): { name: string; isDirectory: boolean }[] | undefined
  fileSize(path: string): number
}

class ReadOnlyFile implements ReadableFile {
  readonly path: string
  private readonly descriptor: number

  constructor(path: string) {
    this.path = path
    this.descriptor = fs.openSync(path, 'r')
  }

  size(): number {
    return fs.fstatSync(this.descriptor).size
  }

  readSync(target: Buffer, position: number): number {
    return fillSync(this.descriptor, target, position)
  }

  read(target: Buffer, position: number): Promise<number> {
    return fill(this.descriptor, target, position)
  }

  close(): void {
    fs.closeSync(this.descriptor)
  }
}

export const readOnlyDisk: ReadableDisk = {
  open: (path) => new ReadOnlyFile(path),
  readFile: (path) => orUndefined(() => fs.readFileSync(path)),
  list: (path) =>
    orUndefined(() =>
      fs
        .readdirSync(path, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() })),
    ),
  fileSize: (path) => fs.statSync(path).size,
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
