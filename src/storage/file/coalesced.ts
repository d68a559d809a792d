/** Work that one run does for all who asked before it began: at most one is under way and one is to follow. */

export class Coalesced {
  private readonly work: () => Promise<void>
  private running: Promise<void> | undefined
  private following: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.work = work
  }

  /** Resolved: a run that began after this call has ended. */
  run(): Promise<void> {
    if (!this.running) {
      this.running = this.work().finally(() => {
        this.running = undefined
      })
      return this.running
    }
    this.following ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.following = undefined
        return this.run()
      })
    return this.following
  }
}
