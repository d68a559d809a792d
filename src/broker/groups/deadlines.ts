/**
 * Many deadlines on one timer.
 *
 * Most deadlines are put off again and again (a member's session with each heartbeat), so putting one off only notes the
 * new time: the queue finds out when the old time comes, and lines it up anew.
 */

import type { Clock, Timer } from '../../clock.ts'

export class Deadline {
  /** In monotonic time; undefined when it is off. */
  at: number | undefined
  /** The time it is lined up for; undefined when it is not in the queue. */
  queuedAt: number | undefined
  readonly onDue: () => void

  constructor(onDue: () => void) {
    this.onDue = onDue
  }
}

export class Deadlines {
  private readonly clock: Clock
  /** A binary heap, the earliest first. */
  private readonly queue: { at: number; deadline: Deadline }[] = []
  private timer: Timer | undefined
  private timerAt = Infinity

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Sets a deadline, puts it off, or brings it forward. */
  set(deadline: Deadline, at: number): void {
    deadline.at = at
    if (deadline.queuedAt === undefined || at < deadline.queuedAt) this.enqueue(deadline, at)
  }

  cancel(deadline: Deadline): void {
    deadline.at = undefined
  }

  /** None falls due any more. */
  clear(): void {
    for (const { deadline } of this.queue) {
      deadline.at = undefined
      deadline.queuedAt = undefined
    }
    this.queue.length = 0
    this.timer?.cancel()
    this.timerAt = Infinity
  }

  private enqueue(deadline: Deadline, at: number): void {
    deadline.queuedAt = at
    this.push({ at, deadline })
    if (at < this.timerAt) this.arm(at)
  }

  private arm(at: number): void {
    this.timer?.cancel()
    this.timerAt = at
    this.timer = this.clock.after(at - this.clock.monotonic(), () => this.run())
  }

  private run(): void {
    this.timerAt = Infinity
    const now = this.clock.monotonic()
    while (this.queue.length > 0 && this.queue[0]!.at <= now) {
      const { at, deadline } = this.pop()
      // Brought forward since: another entry stands for it.
      if (deadline.queuedAt !== at) continue
      deadline.queuedAt = undefined
      if (deadline.at === undefined) continue
      if (deadline.at > now) {
        this.enqueue(deadline, deadline.at)
      } else {
        deadline.at = undefined
        deadline.onDue()
      }
    }
    const next = this.queue[0]
    if (next && next.at < this.timerAt) this.arm(next.at)
  }

  private push(entry: { at: number; deadline: Deadline }): void {
    const { queue } = this
    let index = queue.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (queue[parent]!.at <= entry.at) break
      queue[index] = queue[parent]!
      index = parent
    }
    queue[index] = entry
  }

  private pop(): { at: number; deadline: Deadline } {
    const { queue } = this
    const first = queue[0]!
    const last = queue.pop()!
    if (queue.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= queue.length) break
      if (child + 1 < queue.length && queue[child + 1]!.at < queue[child]!.at) child++
      if (queue[child]!.at >= last.at) break
      queue[index] = queue[child]!
      index = child
    }
    queue[index] = last
    return first
  }
}
