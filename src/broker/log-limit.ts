/** Log lines that a peer can cause at will: a few of each kind in a while, then only how many there would have been. */

import type { Logger } from '../logger.ts'
import type { Clock } from '../clock.ts'

const LINES_PER_WINDOW = 5
const WINDOW_MS = 10_000

interface Window {
  lines: number
  suppressed: number
}

export class LogLimit {
  private readonly log: Logger
  private readonly clock: Clock
  private readonly windows = new Map<string, Window>()

  constructor(log: Logger, clock: Clock) {
    this.log = log
    this.clock = clock
  }

  /** `kind` is one of a few fixed texts, never a peer's. */
  warn(kind: string, fields: object, text: string): void {
    if (this.admits(kind)) this.log.warn(fields, text)
  }

  /** Our own fault, which a peer may still know how to repeat. */
  error(kind: string, fields: object, text: string): void {
    if (this.admits(kind)) this.log.error(fields, text)
  }

  private admits(kind: string): boolean {
    let window = this.windows.get(kind)
    if (window === undefined) {
      window = { lines: 0, suppressed: 0 }
      this.windows.set(kind, window)
      this.clock.after(WINDOW_MS, () => this.close(kind))
    }
    if (window.lines < LINES_PER_WINDOW) {
      window.lines++
      return true
    }
    window.suppressed++
    return false
  }

  private close(kind: string): void {
    const suppressed = this.windows.get(kind)?.suppressed ?? 0
    this.windows.delete(kind)
    if (suppressed > 0) {
      this.log.warn({ kind, suppressed }, `${suppressed} more lines like the last ones (${kind}).`)
    }
  }
}
