/** Forgets producers that have long been silent, of all logs, as Kafka does: a slice at a time, and by time that no clock change touches. */

import type { Clock, Timer } from '../../clock.ts'
import type { LogCatalog } from './log-catalog.ts'

/** Kafka's `producer.id.expiration.check.interval.ms`, which nobody is meant to change. */
const INTERVAL_MS = 600_000

export class ProducerExpiry {
  private readonly catalog: LogCatalog
  private readonly clock: Clock
  private readonly timer: Timer
  private isRunning = false
  private isClosed = false

  constructor(catalog: LogCatalog, clock: Clock) {
    this.catalog = catalog
    this.clock = clock
    this.timer = clock.every(INTERVAL_MS, () => void this.run())
  }

  close(): void {
    this.isClosed = true
    this.timer.cancel()
  }

  private async run(): Promise<void> {
    if (this.isRunning) return
    this.isRunning = true
    for (const { producers, config } of this.catalog.logs.values()) {
      if (producers.size === 0) continue
      const silentSince = this.clock.monotonic() - config.producerIdExpirationMs
      for (const _slice of producers.forget(silentSince)) {
        await new Promise<void>((resolve) => this.clock.soon(resolve))
        if (this.isClosed) return
      }
    }
    this.isRunning = false
  }
}
