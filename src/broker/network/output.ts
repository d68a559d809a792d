/** What leaves a connection: replies in order, one write at a time that gathers all that is there, never more of it than asked for. */

import type { Duplex } from 'node:stream'
import type { MemoryBudget } from '../memory.ts'

/** Handed to the stream at a time: so progress shows, and what the peer does not take stays ours to drop. */
const MAX_WRITE_BYTES = 1024 * 1024
/** Chunks below this are copied together; larger ones are never copied. */
const SMALL_BYTES = 4096

interface Mark {
  /** Position in the output at which the reply ends. */
  at: number
  readonly done: (written: boolean) => void
}

export class Output {
  private readonly stream: Duplex
  private readonly budget: MemoryBudget
  private readonly onProgress: () => void
  private readonly chunks: Buffer[] = []
  private readonly marks: Mark[] = []
  private queued = 0
  private handedOver = 0
  private written = 0
  private dropped = false

  /** `onProgress` is called when the peer has taken something; the stream's owner learns of errors from the stream. */
  constructor(stream: Duplex, budget: MemoryBudget, onProgress: () => void) {
    this.stream = stream
    this.budget = budget
    this.onProgress = onProgress
  }

  /** Bytes that the peer has not taken. */
  get unsent(): number {
    return this.queued - this.written
  }

  /** Whether a flush would find something. */
  get hasQueued(): boolean {
    return this.chunks.length > 0
  }

  /** Adds a reply, to be written by the next flush. `done` is called once, when it was written or dropped. */
  add(
    chunks: readonly Buffer[],
    size: number,
    done: ((written: boolean) => void) | undefined,
  ): void {
    if (this.dropped) {
      done?.(false)
      return
    }
    for (const chunk of chunks) this.chunks.push(chunk)
    this.queued += size
    this.budget.chargeReply(size)
    if (done) this.marks.push({ at: this.queued, done })
  }

  flush(): void {
    if (this.chunks.length === 0 || this.handedOver > this.written) return
    const parts = this.gather()
    const size = parts.reduce((sum, { length }) => sum + length, 0)
    this.handedOver += size
    const callback = (error?: Error | null): void => {
      if (!error) this.progress(size)
    }
    if (parts.length === 1) {
      this.stream.write(parts[0]!, callback)
      return
    }
    const last = parts.pop()!
    this.stream.cork()
    for (const part of parts) this.stream.write(part)
    this.stream.write(last, callback)
    this.stream.uncork()
  }

  /** Forgets what is not written: the connection is gone. */
  drop(): void {
    if (this.dropped) return
    this.dropped = true
    this.budget.releaseReply(this.unsent)
    this.written = this.queued
    this.chunks.length = 0
    for (const { done } of this.marks.splice(0)) done(false)
  }

  /** Takes chunks for one write out of the queue: small ones that follow each other as one. */
  private gather(): Buffer[] {
    const parts: Buffer[] = []
    let room = MAX_WRITE_BYTES
    let taken = 0
    while (taken < this.chunks.length && room > 0) {
      const chunk = this.chunks[taken]!
      if (chunk.length > room) {
        parts.push(chunk.subarray(0, room))
        this.chunks[taken] = chunk.subarray(room)
        break
      }
      const next = this.chunks[taken + 1]
      if (chunk.length < SMALL_BYTES && next !== undefined && next.length < SMALL_BYTES) {
        const merged = this.merge(taken, room)
        parts.push(merged.bytes)
        room -= merged.bytes.length
        taken += merged.count
      } else {
        parts.push(chunk)
        room -= chunk.length
        taken++
      }
    }
    if (taken === this.chunks.length) this.chunks.length = 0
    else this.chunks.splice(0, taken)
    return parts
  }

  private merge(from: number, room: number): { bytes: Buffer; count: number } {
    let size = 0
    let end = from
    while (end < this.chunks.length) {
      const { length } = this.chunks[end]!
      if (length >= SMALL_BYTES || size + length > room) break
      size += length
      end++
    }
    const bytes = Buffer.allocUnsafe(size)
    let at = 0
    for (let index = from; index < end; index++) {
      const chunk = this.chunks[index]!
      bytes.set(chunk, at)
      at += chunk.length
    }
    return { bytes, count: end - from }
  }

  private progress(size: number): void {
    if (this.dropped) return
    this.written += size
    this.budget.releaseReply(size)
    let done = 0
    while (done < this.marks.length && this.marks[done]!.at <= this.written) done++
    if (done > 0) for (const mark of this.marks.splice(0, done)) mark.done(true)
    this.onProgress()
  }
}
