/**
 * Kafka's checkpoint files: a version, a count, then one line an entry.
 *
 *   recovery-point-offset-checkpoint, log-start-offset-checkpoint   `<topic> <partition> <offset>`   in the data folder
 *   cleaner-offset-checkpoint                                       `<topic> <partition> <offset>`   in the data folder
 *   odradek-end-size-checkpoint                                     `<topic> <partition> <bytes>`    in the data folder
 *   leader-epoch-checkpoint                                         `<epoch> <start offset>`         in a log's folder
 */

export const RECOVERY_POINTS = 'recovery-point-offset-checkpoint'
export const LOG_STARTS = 'log-start-offset-checkpoint'
/** Where the compaction of each log has come to. */
export const CLEANED_TO = 'cleaner-offset-checkpoint'
/** Ours: the size of each log's last segment at a clean stop. */
export const END_SIZES = 'odradek-end-size-checkpoint'
export const LEADER_EPOCHS = 'leader-epoch-checkpoint'

const VERSION = '0'

/** Offsets by log folder, `<topic>-<partition>`. */
export type OffsetCheckpoint = Map<string, number>

export interface EpochStart {
  epoch: number
  startOffset: number
}

export function encodeOffsetCheckpoint(offsets: OffsetCheckpoint): Buffer {
  const lines: string[] = []
  for (const [folder, offset] of offsets) {
    const dash = folder.lastIndexOf('-')
    lines.push(`${folder.slice(0, dash)} ${folder.slice(dash + 1)} ${offset}`)
  }
  return encode(lines)
}

/** `undefined` for what is no such file; a line that cannot be read is left out. */
export function decodeOffsetCheckpoint(bytes: Buffer | undefined): OffsetCheckpoint | undefined {
  const lines = decode(bytes)
  if (!lines) return undefined
  const offsets: OffsetCheckpoint = new Map()
  for (const line of lines) {
    const [topic, partition, offset, ...more] = line.split(' ')
    if (topic && isWhole(partition) && isWhole(offset) && more.length === 0) {
      offsets.set(`${topic}-${partition}`, Number(offset))
    }
  }
  return offsets
}

export function encodeEpochs(epochs: readonly EpochStart[]): Buffer {
  return encode(epochs.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

export function decodeEpochs(bytes: Buffer | undefined): EpochStart[] {
  const epochs: EpochStart[] = []
  for (const line of decode(bytes) ?? []) {
    const [epoch, startOffset, ...more] = line.split(' ')
    if (isWhole(epoch) && isWhole(startOffset) && more.length === 0) {
      epochs.push({ epoch: Number(epoch), startOffset: Number(startOffset) })
    }
  }
  return epochs
}

/** Whether a file is there, to its last line. */
export function isWholeCheckpoint(bytes: Buffer | undefined): boolean {
  if (!bytes) return false
  const lines = bytes.toString('utf8').split('\n')
  return lines[0] === VERSION && lines.at(-1) === '' && lines.length === Number(lines[1]) + 3
}

function encode(lines: readonly string[]): Buffer {
  return Buffer.from(`${[VERSION, lines.length, ...lines].join('\n')}\n`)
}

function decode(bytes: Buffer | undefined): string[] | undefined {
  if (!bytes) return undefined
  const [version, count, ...lines] = bytes.toString('utf8').split('\n')
  if (version !== VERSION || !isWhole(count)) return undefined
  return lines.slice(0, Number(count))
}

function isWhole(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,16}$/.test(text)
}
