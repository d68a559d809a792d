/**
 * The snapshots of one log's producers: which there are, when the next is due, and how it comes to the disk.
 *
 * The newest one tells a start from which offset on it has to read batches to know all producers. A few producers are
 * written with every checkpoint; many, when there is something new to say of them, and a slice at a time.
 */

import type { Clock } from '../../clock.ts'
import type { ProducerState, ProducerStates } from '../producer-state.ts'
import type { EngineShares } from './engine-shares.ts'
import { fileName } from './log-folder.ts'
import type { Mark } from './log-writer.ts'
import { encodeInSlices, encodeProducerSnapshot, SLICE_PRODUCERS } from './producer-snapshot.ts'

/** Snapshots that pile up before the newest is synced and the others are removed. */
const MOST_SNAPSHOTS = 8
/** Even where no producer has changed, no start is to read more than this to learn that. */
const UNREAD_BYTES = 64 * 1024 * 1024

/**
 * Why a log is checkpointed: in `passing`, because much is dirty; as it regularly is; or because what is written has to
 * be whole and to last, for what it can be made from again goes.
 */
export type Occasion = 'passing' | 'regular' | 'lasting'

/** What the producers were at one point of the log. */
export interface TakenSnapshot {
  readonly end: Mark
  readonly version: number
  readonly states: readonly ProducerState[]
}

export class ProducerSnapshots {
  /** Of those that are there, oldest first. */
  private offsets: number[]
  private readonly folder: string
  private readonly producers: ProducerStates
  private readonly shares: EngineShares
  /** Of the producers and the log when the newest one was taken. */
  private version: number
  private place: number
  private isEnded = false

  /** `end`: where the log ends, whose producers these are. */
  constructor(
    folder: string,
    offsets: readonly number[],
    producers: ProducerStates,
    end: Mark,
    shares: EngineShares,
  ) {
    this.folder = folder
    this.offsets = [...offsets]
    this.producers = producers
    this.shares = shares
    this.version = this.newest === end.offset ? producers.version : -1
    this.place = end.place
  }

  /** Offset of the newest one; -1 when there is none. */
  get newest(): number {
    return this.offsets.at(-1) ?? -1
  }

  /** The log's folder is no longer this log's: nothing is written there any more. */
  end(): void {
    this.isEnded = true
  }

  /** The producers as they are now, at the log's end; `undefined` when no snapshot is due. */
  take(end: Mark, occasion: Occasion): TakenSnapshot | undefined {
    const { producers } = this
    if (this.newest === end.offset || !this.isDue(end, occasion)) return undefined
    return { end, version: producers.version, states: producers.list() }
  }

  /** Resolved: it is written. A power cut may still tear it: its checksum tells, and the ones before it are there. */
  async save({ end, version, states }: TakenSnapshot): Promise<void> {
    const { files, writes } = this.shares
    const bytes = await encodeWithPauses(states, writes.clock)
    if (this.isEnded) return
    const path = this.pathOf(end.offset)
    await files.use(path, true, async (file) => {
      if (file.size() > 0) file.truncate(0)
      await file.write([bytes], 0)
    })
    files.forget(path)
    this.add(end.offset)
    this.version = version
    this.place = end.place
  }

  /** Writes at once what the producers are where a segment begins, as Kafka does. Many of them can wait for the next checkpoint. */
  rolled(offset: number): void {
    if (this.newest === offset || this.isMany) return
    this.shares.disk.writeFile(this.pathOf(offset), encodeProducerSnapshot(this.producers))
    this.add(offset)
  }

  /** Resolved: the newest one up to an offset survives a power cut, and those before it are removed, unless it does not have to last yet and they are few. All records before that offset must be synced; a segment may have begun behind it since. */
  async secure(occasion: Occasion, syncedOffset: number): Promise<void> {
    const { disk, files } = this.shares
    const newest = this.offsets.findLast((offset) => offset <= syncedOffset) ?? -1
    const isEnough = occasion !== 'lasting' && this.offsets.length <= MOST_SNAPSHOTS
    if (newest < 0 || isEnough || this.isEnded) return
    const path = this.pathOf(newest)
    await files.use(path, false, (file) => file.sync())
    files.forget(path)
    if (this.isEnded) return
    await disk.syncDirectory(this.folder)
    if (this.isEnded) return
    for (const offset of this.offsets) if (offset < newest) disk.remove(this.pathOf(offset))
    this.offsets = this.offsets.filter((offset) => offset >= newest)
  }

  private get isMany(): boolean {
    return this.producers.size > SLICE_PRODUCERS
  }

  private isDue(end: Mark, occasion: Occasion): boolean {
    if (!this.isMany || occasion === 'lasting') return true
    if (occasion === 'passing') return false
    return this.producers.version !== this.version || end.place - this.place >= UNREAD_BYTES
  }

  /** A segment may have begun while a snapshot of before it was being written. */
  private add(offset: number): void {
    if (this.offsets.includes(offset)) return
    this.offsets.push(offset)
    this.offsets.sort((a, b) => a - b)
  }

  private pathOf(offset: number): string {
    return `${this.folder}/${fileName(offset, 'snapshot')}`
  }
}

/** Leaves the loop to others between two slices. */
async function encodeWithPauses(states: readonly ProducerState[], clock: Clock): Promise<Buffer> {
  const slices = encodeInSlices(states)
  for (;;) {
    const next = slices.next()
    if (next.done) return next.value
    await new Promise<void>((resolve) => clock.soon(resolve))
  }
}
