/** The leader epochs of a log: their checkpoint in order, and what it says of every batch. */

import type { BatchView } from '../../protocol/records/batch-view.ts'
import { decodeEpochs, type EpochStart } from '../file/checkpoints.ts'
import { checkpointFault } from './checkpoint-check.ts'
import type { Place } from './violation.ts'

const FIELDS = 2

/** Reads the file, and says what is wrong with its form and its order. */
export function checkedEpochs(
  bytes: Buffer | undefined,
  blame: (text: string) => void,
): EpochStart[] {
  if (bytes === undefined) return []
  const fault = checkpointFault(bytes, FIELDS)
  if (fault) blame(fault)
  const starts = decodeEpochs(bytes)
  for (const [i, { epoch, startOffset }] of starts.entries()) {
    const before = starts[i - 1]
    if (!before || (epoch > before.epoch && startOffset >= before.startOffset)) continue
    blame(
      `epoch ${epoch} from ${startOffset} stands behind epoch ${before.epoch} from ${before.startOffset}`,
    )
    break
  }
  return starts
}

export class EpochsCheck {
  private readonly starts: readonly EpochStart[]
  private readonly logStartOffset: number
  private readonly blame: (text: string, place: Place) => void
  private at = -1
  private latest = -1
  private isBlamed = false

  constructor(
    starts: readonly EpochStart[],
    logStartOffset: number,
    blame: (text: string, place: Place) => void,
  ) {
    this.starts = starts
    this.logStartOffset = logStartOffset
    this.blame = blame
  }

  /** Takes the next batch; says whether its epoch is older than that of one before. */
  take({ partitionLeaderEpoch: epoch, baseOffset }: BatchView): string | undefined {
    if (epoch < 0) return undefined
    if (epoch < this.latest) {
      return `a batch has leader epoch ${epoch}, and one before it ${this.latest}`
    }
    this.latest = epoch
    // Of what lies before the log start nothing is told any more.
    if (baseOffset >= this.logStartOffset) this.compare(epoch, baseOffset)
    return undefined
  }

  private compare(epoch: number, offset: number): void {
    const { starts } = this
    while (this.at + 1 < starts.length && starts[this.at + 1]!.startOffset <= offset) this.at++
    const told = starts[this.at]?.epoch
    if (told === epoch || this.isBlamed) return
    this.isBlamed = true
    const claim = told === undefined ? 'no epoch' : `epoch ${told}`
    this.blame(`it says ${claim} for offset ${offset}, and the batch has ${epoch}`, { offset })
  }

  /** All batches were told. */
  end(endOffset: number): void {
    const last = this.starts.at(-1)
    if (!last || last.startOffset <= endOffset || this.isBlamed) return
    this.blame(
      `epoch ${last.epoch} begins at ${last.startOffset}, and the log ends at ${endOffset}`,
      {
        offset: last.startOffset,
      },
    )
  }

  /** Whether the file knows of records before this offset. */
  knowsBefore(offset: number): boolean {
    return (this.starts[0]?.startOffset ?? offset) < offset
  }
}
