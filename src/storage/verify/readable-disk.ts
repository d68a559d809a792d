/** The part of a disk that only looks, so that a check cannot change what it checks; and the machine's own, opened for reading alone. */

import * as fs from 'node:fs'
import { isNotFound } from '../file/disk.ts'

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
    let filled = 0
    while (filled < target.length) {
      const left = target.length - filled
      const read = fs.readSync(this.descriptor, target, filled, left, position + filled)
      if (read === 0) break
      filled += read
    }
    return filled
  }

  async read(target: Buffer, position: number): Promise<number> {
    let filled = 0
    while (filled < target.length) {
      const read = await this.readSome(target, filled, position + filled)
      if (read === 0) break
      filled += read
    }
    return filled
  }

  close(): void {
    fs.closeSync(this.descriptor)
  }

  private readSome(target: Buffer, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const length = target.length - offset
      fs.read(this.descriptor, target, offset, length, position, (error, read) => {
        if (error) reject(error)
        else resolve(read)
      })
    })
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
