/**
 * The broker's memory budget: what connections hold in frames that came and replies that have not left, and what reads of the
 * store are about to bring.
 *
 * Over it no new frame is begun. Frames that have begun are finished one at a time, the oldest first, as long as those that are
 * whole leave room: so there is always one that can finish, or a request whose end makes room. A frame that stands still is
 * given up with its connection, and so is a reply that nobody reads. A connection hears that it may not read when its next bytes
 * come: the budget may be exceeded by one read of each, and by one frame. It may be exceeded by one reply as well: a read begins
 * as long as replies and the reads before it leave any room in their half. Reads end by themselves, and replies leave or are
 * given up, so that its turn comes. The other half is for frames, however many peers do not take their replies: who produces
 * must not suffer from who does not read.
 */

import { totalmem } from 'node:os'
import type { Clock, Timer } from '../clock.ts'

/** How long a frame or a reply may stand still while there is no memory for others. */
const STALL_MS = 5000
const CHECK_INTERVAL_MS = 1000
/** What the one frame that may go on has to bring within each stall time. */
const LEAST_PROGRESS_BYTES = 16 * 1024

/** A connection, as the budget sees it. */
export interface Claimant {
  /** When its unfinished frame began, from `nextTurn`; undefined without one. */
  readonly frameTurn: number | undefined
  /** How much of that frame is there. */
  readonly frameBytes: number
  /** Whether a part of a reply has not been taken by the peer. */
  readonly hasUnsent: boolean
  /** Clock time when bytes last came or went. */
  readonly movedAt: number
  /** There is room, or it is this one's turn: read on, and start what waits. */
  proceed(): void
  /** Closes at once. */
  abandon(reason: string): void
}

/** What may be held when nothing is configured: a quarter of the memory that this machine or container has. */
export function memoryLimit(queuedMaxRequestBytes: number): number {
  if (queuedMaxRequestBytes > 0) return queuedMaxRequestBytes
  const constrained = process.constrainedMemory()
  const total = totalmem()
  return Math.floor((constrained > 0 ? Math.min(constrained, total) : total) / 4)
}

export class MemoryBudget {
  readonly limit: number
  private readonly clock: Clock
  /** Bytes of all frames, of those that are whole, of replies, and what reads under way may bring. */
  private frames = 0
  private whole = 0
  private replies = 0
  private reads = 0
  private turns = 0
  private readonly claimants = new Set<Claimant>()
  /** Those that were not let read, and those that were not let start a request. */
  private readonly waiting = new Set<Claimant>()
  private readonly starting = new Set<Claimant>()
  /** Reads that have not begun, in the order in which they came. */
  private readonly readers: (() => void)[] = []
  private favoured: { claimant: Claimant; turn: number; since: number; bytes: number } | undefined
  private check: Timer | undefined

  constructor(limit: number, clock: Clock) {
    this.limit = limit
    this.clock = clock
  }

  get used(): number {
    return this.frames + this.replies + this.reads
  }

  /** No new frame is begun. */
  get isOver(): boolean {
    return this.frames + Math.min(this.replies + this.reads, this.readLimit) > this.limit
  }

  join(claimant: Claimant): void {
    this.claimants.add(claimant)
  }

  /** It closes. What it has charged it gives back itself. */
  leave(claimant: Claimant): void {
    this.claimants.delete(claimant)
    this.starting.delete(claimant)
    this.withdraw(claimant)
  }

  /** A number for a frame that begins: older frames have lower ones. */
  nextTurn(): number {
    return this.turns++
  }

  chargeFrame(bytes: number): void {
    this.frames += bytes
    if (this.isOver) this.watch()
  }

  /** So much of what was charged is a whole frame now, and held until its request is settled. */
  frameIsWhole(bytes: number): void {
    this.whole += bytes
  }

  releaseWholeFrame(bytes: number): void {
    this.whole -= bytes
    this.releaseFrame(bytes)
    if (this.waiting.size > 0 && this.favoured === undefined) this.favour(undefined)
  }

  releaseFrame(bytes: number): void {
    this.frames -= bytes
    this.wake()
  }

  chargeReply(bytes: number): void {
    this.replies += bytes
    if (this.isOver) this.watch()
  }

  releaseReply(bytes: number): void {
    this.replies -= bytes
    if (this.starting.size > 0 && this.replies <= this.limit) callAll(this.starting)
    this.beginReads()
    this.wake()
  }

  /**
   * Begins to read when there is room. What is not there at once is charged with `most()` bytes until it has come, and
   * whoever asked for it has charged it as a reply.
   */
  read<T>(begin: () => T | Promise<T>, most: () => number): T | Promise<T> {
    if (this.readers.length === 0 && this.hasRoomToRead) return this.reading(begin, most)
    this.watch()
    return new Promise((resolve, reject) => {
      this.readers.push(() => {
        try {
          resolve(this.reading(begin, most))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** Whether it may go on reading; if not, it is called when it may. */
  mayRead(claimant: Claimant): boolean {
    if (!this.isOver) return true
    const current = this.favoured
    if (current && current.claimant === claimant && current.turn === claimant.frameTurn) return true
    this.waiting.add(claimant)
    if (current === undefined || current.claimant === claimant) this.favour(claimant)
    return this.favoured?.claimant === claimant
  }

  /** Whether a request may start that will have a reply; if not, it is called when it may. */
  mayStart(claimant: Claimant): boolean {
    if (this.replies <= this.limit) return true
    this.starting.add(claimant)
    this.watch()
    return false
  }

  /** It does not read for reasons of its own, so it is not its turn. */
  withdraw(claimant: Claimant): void {
    this.waiting.delete(claimant)
    if (this.favoured?.claimant === claimant) this.favour(undefined)
  }

  private get readLimit(): number {
    return this.limit / 2
  }

  private get hasRoomToRead(): boolean {
    return this.replies + this.reads <= this.readLimit
  }

  /** Whether anybody waits for memory that somebody else holds. */
  private get isWanted(): boolean {
    return this.isOver || this.readers.length > 0 || this.starting.size > 0
  }

  private reading<T>(begin: () => T | Promise<T>, most: () => number): T | Promise<T> {
    const result = begin()
    if (!(result instanceof Promise)) return result
    const bytes = most()
    this.reads += bytes
    if (this.isOver) this.watch()
    return result.finally(() => this.clock.soon(() => this.readIsOver(bytes)))
  }

  private readIsOver(bytes: number): void {
    this.reads -= bytes
    this.beginReads()
    this.wake()
  }

  /** One at a time: what it brings is charged before the next. */
  private beginReads(): void {
    if (this.readers.length === 0 || !this.hasRoomToRead) return
    this.readers.shift()!()
    if (this.readers.length > 0) this.clock.soon(() => this.beginReads())
  }

  /** Gives the turn to the oldest frame that waits, and calls its connection unless that is the one that asks. */
  private favour(asking: Claimant | undefined): void {
    this.favoured = undefined
    if (this.whole > this.limit) return
    let oldest: Claimant | undefined
    for (const claimant of this.waiting) {
      const turn = claimant.frameTurn
      if (turn !== undefined && turn < (oldest?.frameTurn ?? Infinity)) oldest = claimant
    }
    if (oldest?.frameTurn === undefined) return
    this.waiting.delete(oldest)
    this.favoured = {
      claimant: oldest,
      turn: oldest.frameTurn,
      since: this.clock.monotonic(),
      bytes: oldest.frameBytes,
    }
    if (oldest !== asking) oldest.proceed()
  }

  private wake(): void {
    if (this.waiting.size === 0 || this.isOver) return
    this.favoured = undefined
    callAll(this.waiting)
  }

  private watch(): void {
    this.check ??= this.clock.after(CHECK_INTERVAL_MS, () => {
      this.check = undefined
      if (!this.isWanted) return
      this.abandonStalled()
      if (this.isWanted) this.watch()
    })
  }

  private abandonStalled(): void {
    const now = this.clock.monotonic()
    for (const claimant of this.claimants) {
      if (!this.isWanted) return
      const reason = this.stallOf(claimant, now)
      if (reason !== undefined) claimant.abandon(reason)
    }
  }

  private stallOf(claimant: Claimant, now: number): string | undefined {
    const favoured = this.favoured
    if (favoured?.claimant === claimant && favoured.turn === claimant.frameTurn) {
      if (now - favoured.since < STALL_MS) return undefined
      const progress = claimant.frameBytes - favoured.bytes
      if (progress < LEAST_PROGRESS_BYTES)
        return 'its frame does not come, and others wait for memory'
      favoured.since = now
      favoured.bytes = claimant.frameBytes
      return undefined
    }
    if (now - claimant.movedAt < STALL_MS) return undefined
    if (claimant.hasUnsent) return 'its replies are not read, and others wait for memory'
    // Who waits was not let read: that its frame stands still is our doing.
    if (claimant.frameTurn !== undefined && !this.waiting.has(claimant)) {
      return 'its frame does not come, and others wait for memory'
    }
    return undefined
  }
}

/** Who is called may come back into the set at once. */
function callAll(claimants: Set<Claimant>): void {
  const called = [...claimants]
  claimants.clear()
  for (const claimant of called) claimant.proceed()
}
