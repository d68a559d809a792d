/** Memory for the page cache, taken before anything is measured: a virtual machine is given its memory at first touch, which is slow. */

import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import path from 'node:path'

const WARM_BYTES = 4e9
const WRITE_BYTES = 1e6

/** Writes a large file and removes it: its memory is the next to be used again. */
export function warmPageCache(folder) {
  const { bavail, bsize } = statfsSync(folder)
  const bytes = Math.min(WARM_BYTES, (bavail * bsize) / 4)
  const file = path.join(folder, 'warm')
  const descriptor = openSync(file, 'w')
  const chunk = Buffer.alloc(WRITE_BYTES)
  for (let written = 0; written < bytes; written += WRITE_BYTES) writeSync(descriptor, chunk)
  closeSync(descriptor)
  rmSync(file)
}
