/**
 * Where the last reads of a segment have ended: whoever reads on begins there, and not at the entry of the offset index before
 * it, which with large batches is a whole batch earlier. What once stands at a place of a segment stays there.
 */

/** As many readers of one segment are told apart. */
const MOST_ENDS = 16

export class ReadEnds {
  private readonly offsets: number[] = []
  private readonly positions: number[] = []
  private next = 0

  /** The first batch at or behind `offset` begins at `position`. */
  add(offset: number, position: number): void {
    const known = this.offsets.indexOf(offset)
    const at = known < 0 ? this.next : known
    this.offsets[at] = offset
    this.positions[at] = position
    if (known < 0) this.next = (at + 1) % MOST_ENDS
  }

  /** Where a read from exactly this offset begins; `undefined` where none has ended. */
  positionOf(offset: number): number | undefined {
    const at = this.offsets.indexOf(offset)
    return at < 0 ? undefined : this.positions[at]
  }
}
