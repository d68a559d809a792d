/** Time, injected: the only file that touches Date, timers and setImmediate (captured at import, so that a user's fake timers never freeze the broker). */

const wallNow = Date.now
const monotonicNow = performance.now.bind(performance)
const startTimer = setTimeout
const stopTimer = clearTimeout
const startInterval = setInterval
const stopInterval = clearInterval
const startImmediate = setImmediate
const LocalDate = Date

export interface Timer {
  /** After this the callback is never called; calling it twice, or after it fired, does nothing. */
  cancel(): void
}

export interface Clock {
  /** Wall time in whole milliseconds since 1970: what goes into records. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back: what deadlines are made of. */
  monotonic(): number
  /** Calls once, `delayMs` from now at the earliest. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer
  /** Calls again and again, the next time `intervalMs` after the last call returned. Does not keep the process alive. */
  every(intervalMs: number, callback: () => void): Timer
  /** Calls once when the I/O events of this turn of the event loop have been handled. */
  soon(callback: () => void): void
}

/** Longest delay that a Node timer takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2_147_483_647

class RealTimer implements Timer {
  private handle: NodeJS.Timeout | undefined
  private readonly callback: () => void

  constructor(delayMs: number, callback: () => void) {
    this.callback = callback
    this.arm(delayMs)
  }

  arm(delayMs: number): void {
    this.handle = startTimer(
      () => {
        if (delayMs > MAX_DELAY_MS) this.arm(delayMs - MAX_DELAY_MS)
        else this.callback()
      },
      Math.min(Math.max(delayMs, 0), MAX_DELAY_MS),
    )
    this.handle.unref()
  }

  cancel(): void {
    stopTimer(this.handle)
  }
}

export const systemClock: Clock = {
  now: () => wallNow(),
  monotonic: () => monotonicNow(),
  after: (delayMs, callback) => new RealTimer(delayMs, callback),
  every(intervalMs, callback) {
    let cancelled = false
    let timer: Timer | undefined
    const arm = (): void => {
      timer = new RealTimer(intervalMs, () => {
        callback()
        if (!cancelled) arm()
      })
    }
    arm()
    return {
      cancel() {
        cancelled = true
        timer?.cancel()
      },
    }
  },
  soon(callback) {
    startImmediate(callback)
  },
}

/** Keeps the process alive until the work has ended, for what it waits on does not: not our timers, and not our sockets. */
export async function keepingAlive<T>(work: () => Promise<T>): Promise<T> {
  const hold = startInterval(() => {}, MAX_DELAY_MS)
  try {
    return await work()
  } finally {
    stopInterval(hold)
  }
}

/** `2026-01-31 23:59:59.123` where this machine is. Intl would say it too, and takes ten milliseconds to begin. */
export function localTime(ms: number): string {
  const date = new LocalDate(ms)
  const local = new LocalDate(ms - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, -1).replace('T', ' ')
}

/** A clock that moves only when a test says so; `soon` callbacks run on the real event loop, so promises and files go on. */
export class ManualClock implements Clock {
  private wall: number
  private elapsed = 0
  private order = 0
  private readonly waiting = new Set<{ due: number; order: number; callback: () => void }>()

  constructor(startMs = 1_700_000_000_000) {
    this.wall = startMs
  }

  now(): number {
    return this.wall
  }

  monotonic(): number {
    return this.elapsed
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { due: this.elapsed + Math.max(delayMs, 0), order: this.order++, callback }
    this.waiting.add(timer)
    return { cancel: () => void this.waiting.delete(timer) }
  }

  every(intervalMs: number, callback: () => void): Timer {
    let cancelled = false
    let timer: Timer
    const arm = (): void => {
      timer = this.after(intervalMs, () => {
        callback()
        if (!cancelled) arm()
      })
    }
    arm()
    return {
      cancel() {
        cancelled = true
        timer.cancel()
      },
    }
  }

  soon(callback: () => void): void {
    startImmediate(callback)
  }

  /** Moves time on and calls what falls due, in order of its time, letting the event loop turn after each call. */
  async advance(byMs: number): Promise<void> {
    const until = this.elapsed + byMs
    for (;;) {
      let next: { due: number; order: number; callback: () => void } | undefined
      for (const timer of this.waiting) {
        if (timer.due > until) continue
        if (!next || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) {
          next = timer
        }
      }
      if (!next) break
      this.waiting.delete(next)
      this.move(next.due)
      next.callback()
      await new Promise<void>((resolve) => startImmediate(resolve))
    }
    this.move(until)
    await new Promise<void>((resolve) => startImmediate(resolve))
  }

  /** Sets the wall clock alone, as an operator or NTP would: deadlines do not move. */
  setWall(ms: number): void {
    this.wall = ms
  }

  private move(to: number): void {
    if (to <= this.elapsed) return
    this.wall += to - this.elapsed
    this.elapsed = to
  }
}
