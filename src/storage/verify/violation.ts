/** What a check of a data folder can find wrong: the rules by name, each with what to do about it. */

const RESTORE =
  'Restore the folder from a copy, or start the broker: it cuts the log off before the damage and keeps what it cuts.'
const REBUILD = 'Stop the broker and remove this file: it is made anew from the log.'
const NEXT_START = 'The next start of the broker sets this right.'
const CHECKPOINT = 'Stop the broker and remove this file: a start then finds out what it said.'

/** Rules and what to do where one is broken. */
const advices = {
  'batch-framing': RESTORE,
  'batch-checksum': RESTORE,
  'batch-header': RESTORE,
  'batch-records': RESTORE,
  'batch-timestamp': RESTORE,
  'offset-order': RESTORE,
  'offset-gap': 'Records are missing here: restore the folder from a copy if they matter.',
  'sequence-order': 'A batch is there twice or is missing: compare with a copy of the folder.',
  'epoch-order': RESTORE,
  'epoch-checkpoint': CHECKPOINT,
  'offset-index': REBUILD,
  'time-index': REBUILD,
  'transaction-index': REBUILD,
  'producer-snapshot': REBUILD,
  'segment-name': 'A file was renamed or copied here: put it back where it was.',
  'orphan-file': 'Its segment is gone: the file can be removed.',
  'past-segment': 'It lies before the log start, and is removed by the next start or by retention.',
  'recovery-point':
    'Records that were on stable storage are missing: restore the folder from a copy.',
  'log-start': 'Records are missing at the start of the log: restore the folder from a copy.',
  'end-size': NEXT_START,
  'cleaner-offset': CHECKPOINT,
  'high-watermark': CHECKPOINT,
  'checkpoint-format': CHECKPOINT,
  'partition-metadata': NEXT_START,
  'topic-id':
    'Two topics have mixed their folders: see which one the cluster knows, and move the other away.',
  'unknown-topic':
    'The cluster does not know this topic: move the folder away if nobody misses it.',
  'missing-log': 'The folder of a log that had records is gone: restore it from a copy.',
  'meta-properties':
    'Restore the file from a copy, or write it by hand as the documentation shows.',
  intermediate: NEXT_START,
  'kept-remains':
    'Bytes that a recovery cut off: look at them with odradek log dump, then remove the file.',
  'unknown-file': 'Nothing reads this: remove it if it is not yours.',
  'unreadable-file': 'Look at permissions and at the disk.',
  'not-checked': 'Nothing is known to be wrong here.',
} as const

export type Rule = keyof typeof advices

/** `error`: something is lost or wrong. `note`: what a start sets right by itself, or what may stay as it is. */
export type Severity = 'error' | 'note'

export interface Violation {
  rule: Rule
  severity: Severity
  /** Below the data folder. */
  file: string
  /** Byte in the file, where it is about one. */
  position?: number
  /** Offset in the log, where it is about one. */
  offset?: number
  /** What is wrong. */
  text: string
  /** What to do. */
  advice: string
}

export interface Place {
  position?: number
  offset?: number
}

/** Takes violations as they are found, and counts them. */
export class Findings {
  errors = 0
  notes = 0
  private readonly directory: string
  private readonly tell: (violation: Violation) => void

  constructor(directory: string, tell: (violation: Violation) => void) {
    this.directory = directory
    this.tell = tell
  }

  /** `path`: absolute, in the data folder. */
  add(rule: Rule, severity: Severity, path: string, text: string, place: Place = {}): void {
    if (severity === 'error') this.errors++
    else this.notes++
    const file = path.startsWith(`${this.directory}/`)
      ? path.slice(this.directory.length + 1)
      : path
    this.tell({ rule, severity, file, ...place, text, advice: advices[rule] })
  }
}
