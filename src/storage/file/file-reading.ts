/** Reading a stretch of an open file whole: one call of the system may give less than was asked for. */

import * as fs from 'node:fs'

/** Fills `target` from `position` on, and gives how many bytes there were: fewer at the end of the file only. */
export function fillSync(descriptor: number, target: Buffer, position: number): number {
  let filled = 0
  while (filled < target.length) {
    const length = target.length - filled
    const read = fs.readSync(descriptor, target, filled, length, position + filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

/** The same on the thread pool. */
export async function fill(descriptor: number, target: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < target.length) {
    const read = await readSome(descriptor, target, filled, position + filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

function readSome(
  descriptor: number,
  target: Buffer,
  offset: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = target.length - offset
    fs.read(descriptor, target, offset, length, position, (error, read) => {
      if (error) reject(error)
      else resolve(read)
    })
  })
}
