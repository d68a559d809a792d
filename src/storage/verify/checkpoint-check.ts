/** The form of checkpoint files: a version, a count, and so many lines of whole numbers behind a name. */

import { decodeOffsetCheckpoint, type OffsetCheckpoint } from '../file/checkpoints.ts'

const VERSION = '0'
const OFFSET_FIELDS = 3

/** What is wrong with a checkpoint whose lines have so many fields; `undefined` when nothing is. */
export function checkpointFault(bytes: Buffer, fields: number): string | undefined {
  const text = bytes.toString('utf8')
  const [version, count, ...lines] = text.split('\n')
  if (version !== VERSION) return `its version is '${(version ?? '').slice(0, 20)}', not 0`
  if (!/^\d{1,9}$/.test(count ?? '')) return `its count is '${(count ?? '').slice(0, 20)}'`
  const entries = lines.filter((line) => line !== '')
  if (entries.length !== Number(count))
    return `it counts ${count} lines, and ${entries.length} are there`
  for (const [i, line] of entries.entries()) {
    const words = line.split(' ')
    const numbers = words.slice(fields === OFFSET_FIELDS ? 1 : 0)
    if (words.length !== fields || !numbers.every((word) => /^-?\d{1,16}$/.test(word))) {
      return `line ${i + 3} is '${line.slice(0, 80)}'`
    }
  }
  return undefined
}

/** A checkpoint of the data folder: its offsets, and what is wrong with its form. */
export function readCheckpoint(bytes: Buffer | undefined): {
  offsets: OffsetCheckpoint
  fault: string | undefined
} {
  // Kafka makes the file before it has anything to say.
  if (bytes === undefined || bytes.length === 0) return { offsets: new Map(), fault: undefined }
  const offsets = decodeOffsetCheckpoint(bytes) ?? new Map<string, number>()
  return { offsets, fault: checkpointFault(bytes, OFFSET_FIELDS) ?? repeatFault(bytes, offsets) }
}

function repeatFault(bytes: Buffer, offsets: OffsetCheckpoint): string | undefined {
  const count = Number(bytes.toString('utf8').split('\n')[1])
  return offsets.size === count ? undefined : 'it names a log twice'
}
