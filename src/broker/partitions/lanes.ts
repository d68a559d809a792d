/** Keeps work on logs in the order in which it came, though some of it must wait for something first. */

import type { LogId } from '../../storage/engine.ts'

export class Lanes {
  /** The last work in each lane that has not begun; a log without one is free. */
  private readonly last = new Map<LogId, Promise<void>>()

  isFree(log: LogId): boolean {
    return this.last.size === 0 || !this.last.has(log)
  }

  /**
   * Begins `work` when `ready` is there and all that came before on any of these logs has begun.
   * Work that came before and lost its `ready` no longer stands in the way.
   */
  async inTurn<Ready, Result>(
    logs: readonly LogId[],
    ready: Promise<Ready>,
    work: (ready: Ready) => Promise<Result>,
  ): Promise<Result> {
    const before = logs.flatMap((log) => this.last.get(log) ?? [])
    let begun = (): void => {}
    const turn = new Promise<void>((resolve) => {
      begun = resolve
    })
    for (const log of logs) this.last.set(log, turn)
    // Is looked at only in turn, since what comes after may not overtake what came before.
    ready.catch(() => {})
    let result: Promise<Result>
    try {
      await Promise.all(before)
      result = work(await ready)
    } finally {
      for (const log of logs) if (this.last.get(log) === turn) this.last.delete(log)
      begun()
    }
    return result
  }
}
