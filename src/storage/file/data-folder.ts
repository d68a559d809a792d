/** The data folder itself: made so that it lasts. */

import type { Disk } from './disk.ts'
import { META_PROPERTIES } from './meta-properties.ts'

/** Makes a folder and those above it, so that they survive a power cut. */
export async function makeDirectories(disk: Disk, directory: string): Promise<void> {
  if (disk.list(directory)) return
  const parent = parentOf(directory)
  if (parent !== '/') await makeDirectories(disk, parent)
  disk.makeDirectory(directory)
  await disk.syncDirectory(parent)
}

/** A start before this one may have made the folder, and have died before its name would survive a power cut. */
export async function keepName(disk: Disk, directory: string): Promise<void> {
  if (disk.readFile(`${directory}/${META_PROPERTIES}`)) return
  // Who may not look into the folder above has not made this one there.
  await disk.syncDirectory(parentOf(directory)).catch(() => undefined)
}

function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf('/')) || '/'
}
