/**
 * The transactions of a log that have not ended, or whose end is not acknowledged: what holds the last stable offset back. Pure.
 *
 * A transaction is known by its first offset, as no two have the same.
 */

/** One that has ended, by a marker which readers do not see yet. */
interface Ended {
  readonly firstOffset: number
  readonly markerOffset: number
}

export class OpenTransactions {
  /** In the order of offsets, but for what a snapshot has brought in. */
  private starts = new Set<number>()
  private newest = -1
  private isSorted = true
  private firstStart: number | undefined
  /** In the order of markers, and of first offsets: one that began before another and ends after it holds as much back without that. */
  private ended: Ended[] = []

  get size(): number {
    return this.starts.size
  }

  /** Where the earliest of those that have not ended began. */
  get first(): number | undefined {
    if (this.firstStart === undefined && this.starts.size > 0) {
      if (!this.isSorted) this.starts = new Set([...this.starts].sort((a, b) => a - b))
      this.isSorted = true
      this.firstStart = this.starts.values().next().value
    }
    return this.firstStart
  }

  begin(firstOffset: number): void {
    if (firstOffset < this.newest) {
      this.isSorted = false
      this.firstStart = undefined
    }
    this.newest = Math.max(this.newest, firstOffset)
    this.starts.add(firstOffset)
  }

  end(firstOffset: number, markerOffset: number): void {
    this.starts.delete(firstOffset)
    if (this.firstStart === firstOffset) this.firstStart = undefined
    while (this.ended.length > 0 && this.ended.at(-1)!.firstOffset >= firstOffset) this.ended.pop()
    this.ended.push({ firstOffset, markerOffset })
  }

  /** Readers see all before this offset: transactions whose markers lie there hold nothing back any more. */
  acknowledged(highWatermark: number): void {
    let count = 0
    while (count < this.ended.length && this.ended[count]!.markerOffset < highWatermark) count++
    if (count > 0) this.ended.splice(0, count)
  }

  /** The first offset of the earliest transaction that readers do not know the end of, or the high watermark. */
  lastStableOffset(highWatermark: number, logStartOffset: number): number {
    const unstable = Math.min(this.first ?? Infinity, this.ended[0]?.firstOffset ?? Infinity)
    // A transaction may have begun in records that are deleted by now.
    return Math.min(Math.max(unstable, logStartOffset), highWatermark)
  }
}
