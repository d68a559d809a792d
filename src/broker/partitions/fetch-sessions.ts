/**
 * The fetch sessions that this broker remembers (KIP-227), and which of them has to go when a new one wants its place.
 *
 * A session outlives the connections that use it: it ends when its client says so, or by losing its place to another.
 */

import type { Clock } from '../../clock.ts'
import type { Random } from '../../random.ts'
import type { StorageEngine } from '../../storage/engine.ts'
import { FetchSession } from './fetch-session.ts'

/** Unused for longer, a session gives way to any other; in use for longer, to one that is more worth. */
const SAFE_MS = 120_000
const LAST_ID = 2 ** 31 - 1

/** What a new session would be, before it is known whether there is a place for it. */
export interface SessionClaim {
  /** A follower's: it does not give way to a consumer's. */
  isPrivileged: boolean
  usesTopicIds: boolean
  /** How many partitions it has. */
  size: number
}

interface Slot {
  session: FetchSession
  isPrivileged: boolean
  /** As it was when the session was used last, like all that decides what it is worth. */
  size: number
  madeAt: number
  usedAt: number
}

export interface FetchSessionsOptions {
  engine: StorageEngine
  clock: Clock
  random: Random
  /** How many there may be. */
  slots: number
}

export class FetchSessions {
  private readonly engine: StorageEngine
  private readonly clock: Clock
  private readonly random: Random
  private readonly slots: number
  /** The one that was not used for the longest time comes first. */
  private readonly byId = new Map<number, Slot>()

  constructor({ engine, clock, random, slots }: FetchSessionsOptions) {
    this.engine = engine
    this.clock = clock
    this.random = random
    this.slots = slots
  }

  get size(): number {
    return this.byId.size
  }

  find(id: number): FetchSession | undefined {
    return this.byId.get(id)?.session
  }

  /** A new session, at epoch 1 and without partitions; undefined when all others have more right to their places. */
  create({ isPrivileged, usesTopicIds, size }: SessionClaim): FetchSession | undefined {
    const now = this.clock.monotonic()
    if (this.byId.size >= this.slots && !this.makeRoom({ isPrivileged, size }, now)) {
      return undefined
    }
    const session = new FetchSession(this.engine, this.newId(), usesTopicIds)
    this.byId.set(session.id, { session, isPrivileged, size, madeAt: now, usedAt: now })
    return session
  }

  /** It is used now, and what it has become counts from now on. */
  touch(session: FetchSession): void {
    const slot = this.byId.get(session.id)
    if (!slot) return
    slot.size = session.size
    slot.usedAt = this.clock.monotonic()
    this.byId.delete(session.id)
    this.byId.set(session.id, slot)
  }

  close(id: number): void {
    const slot = this.byId.get(id)
    if (!slot) return
    this.byId.delete(id)
    slot.session.close()
  }

  private makeRoom(claim: { isPrivileged: boolean; size: number }, now: number): boolean {
    const [oldest] = this.byId.values()
    if (!oldest) return false
    const loser = now - oldest.usedAt > SAFE_MS ? oldest : this.leastWorth(claim)
    if (loser) this.close(loser.session.id)
    return loser !== undefined
  }

  /** A follower's session is worth more than a consumer's, and a larger one more than a smaller. Of equals the one in place stays. */
  private leastWorth(claim: { isPrivileged: boolean; size: number }): Slot | undefined {
    let least: Slot | undefined
    for (const slot of this.byId.values()) {
      const isEvictable =
        slot.usedAt - slot.madeAt > SAFE_MS || (claim.isPrivileged && !slot.isPrivileged)
      if (isEvictable && (!least || compareWorth(slot, least) < 0)) least = slot
    }
    return least && compareWorth(claim, least) > 0 ? least : undefined
  }

  private newId(): number {
    for (;;) {
      const id = 1 + this.random.below(LAST_ID)
      if (!this.byId.has(id)) return id
    }
  }
}

function compareWorth(
  a: { isPrivileged: boolean; size: number },
  b: { isPrivileged: boolean; size: number },
): number {
  return Number(a.isPrivileged) - Number(b.isPrivileged) || a.size - b.size
}
