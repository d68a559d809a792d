/**
 * Frames out of a stream of bytes: an int32 length, then so many bytes.
 *
 * All frames that lie whole in a chunk are copied in one go. Any other is assembled in a buffer of its own, which grows with what
 * has come and never follows a claimed length alone.
 */

import { FRAME_SIZE_BYTES, frameSizeAt } from '../../protocol/frame.ts'
import type { Slab } from '../../slab-pool.ts'
import type { Arena, Room } from './arena.ts'

/** A buffer is at most so many times as large as what has come of its frame. */
const GROWTH = 16
const FIRST_STEP_BYTES = 4096
/** From here on it pays to read a frame's rest from the socket straight into its place. */
const LEAST_PLACE_BYTES = 64 * 1024
/** One read at most, so that one read exceeds the memory budget by little. */
const MOST_PLACE_BYTES = 256 * 1024

export interface FrameSink {
  /** Takes a frame, without its length. It lies in `slab`, which is good for this call: to keep the frame is to retain the slab. */
  frame(frame: Buffer, slab: Slab | undefined): void
  /** When true, frames that are whole are kept as the bytes that they are, until `goOn`. */
  readonly isFull: boolean
}

export class FrameAssembler {
  private readonly limit: number
  private readonly arena: Arena
  private readonly sink: FrameSink
  private readonly prefix = Buffer.alloc(FRAME_SIZE_BYTES)
  private prefixBytes = 0
  private claimed = 0
  private filled = 0
  private frame: Room | undefined
  /** Whole frames that the sink had no room for. */
  private backlog: Room | undefined
  /** Frames that began and did not lie whole in one chunk. */
  private begun = 0

  constructor(limit: number, arena: Arena, sink: FrameSink) {
    this.limit = limit
    this.arena = arena
    this.sink = sink
  }

  /** How much of an unfinished frame is there, its length included; 0 between frames. */
  get partialBytes(): number {
    return this.prefixBytes + this.filled
  }

  /** Tells one unfinished frame from the next. */
  get partialNumber(): number {
    return this.begun
  }

  get hasBacklog(): boolean {
    return this.backlog !== undefined
  }

  /** Delivers what was kept, as far as there is room now. */
  goOn(): void {
    const kept = this.backlog
    if (kept === undefined) return
    this.backlog = undefined
    this.deliverAll(kept)
  }

  /**
   * Takes the first `length` bytes of `chunk`, and delivers the frames that are whole now. `lent` says that the chunk will be
   * overwritten. Not to be called with a backlog. Throws ProtocolViolation for a length that is not to be, once what came before it is delivered.
   */
  take(chunk: Buffer, length: number, lent: boolean): void {
    const first = this.partialBytes > 0 ? this.extend(chunk, length) : 0
    const { end, violation } = this.wholeFrames(chunk, first, length)
    if (end > first) this.deliverAll(this.keep(chunk, first, end, lent))
    if (violation !== undefined) throw violation
    if (end < length) {
      this.begun++
      this.extend(chunk.subarray(end, length), length - end)
    }
  }

  /** Where the rest of a large frame should be read to. */
  place(): Buffer | undefined {
    if (this.frame === undefined) return undefined
    if (this.claimed - this.filled < LEAST_PLACE_BYTES) return undefined
    this.grow(Math.min(this.claimed, this.filled + LEAST_PLACE_BYTES))
    return this.frame.bytes.subarray(this.filled, this.filled + MOST_PLACE_BYTES)
  }

  /** So many bytes were read to the place. */
  placed(bytes: number): void {
    this.filled += bytes
    if (this.filled === this.claimed) this.finish()
  }

  /** Where the last frame ends that lies whole in the chunk. */
  private wholeFrames(
    chunk: Buffer,
    from: number,
    length: number,
  ): { end: number; violation: unknown } {
    let end = from
    try {
      while (length - end >= FRAME_SIZE_BYTES) {
        const next = end + FRAME_SIZE_BYTES + frameSizeAt(chunk, end, this.limit)!
        if (next > length) break
        end = next
      }
      return { end, violation: undefined }
    } catch (violation) {
      return { end, violation }
    }
  }

  private keep(chunk: Buffer, from: number, to: number, lent: boolean): Room {
    if (!lent) return { bytes: chunk.subarray(from, to), slab: undefined }
    const kept = this.arena.take(to - from)
    chunk.copy(kept.bytes, 0, from, to)
    return kept
  }

  private deliverAll({ bytes, slab }: Room): void {
    let at = 0
    while (at < bytes.length) {
      if (this.sink.isFull) {
        this.backlog = { bytes: bytes.subarray(at), slab }
        return
      }
      const end = at + FRAME_SIZE_BYTES + bytes.readInt32BE(at)
      this.sink.frame(bytes.subarray(at + FRAME_SIZE_BYTES, end), slab)
      at = end
    }
    slab?.release()
  }

  /** Adds to the unfinished frame. Returns how much of the chunk went there. */
  private extend(chunk: Buffer, length: number): number {
    let at = 0
    while (this.prefixBytes < FRAME_SIZE_BYTES) {
      if (at === length) return at
      this.prefix[this.prefixBytes++] = chunk[at++]!
      if (this.prefixBytes === FRAME_SIZE_BYTES) this.begin(length - at)
    }
    const bytes = Math.min(this.claimed - this.filled, length - at)
    this.grow(this.filled + bytes)
    chunk.copy(this.frame!.bytes, this.filled, at, at + bytes)
    this.placed(bytes)
    return at + bytes
  }

  private begin(available: number): void {
    const size = frameSizeAt(this.prefix, 0, this.limit)!
    this.claimed = size
    this.filled = 0
    this.frame = this.arena.take(capacityFor(size, Math.min(available, size)))
  }

  private grow(needed: number): void {
    const frame = this.frame!
    if (needed <= frame.bytes.length) return
    const larger = this.arena.take(capacityFor(this.claimed, needed))
    frame.bytes.copy(larger.bytes, 0, 0, this.filled)
    frame.slab?.release()
    this.frame = larger
  }

  private finish(): void {
    const { bytes, slab } = this.frame!
    this.frame = undefined
    this.prefixBytes = 0
    this.filled = 0
    this.sink.frame(bytes, slab)
    slab?.release()
  }
}

function capacityFor(claimed: number, there: number): number {
  return Math.min(claimed, Math.max(FIRST_STEP_BYTES, there * GROWTH))
}
