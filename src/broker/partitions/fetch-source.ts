/** Where a fetch finds the partitions that it reads: named all in one request, or remembered by its session. */

import type { StorageEngine } from '../../storage/engine.ts'
import type { FetchPart } from './fetch.ts'

export interface FetchSource {
  /** Whether there is nothing at all to be waited for. */
  readonly isEmpty: boolean
  /** What is to be read now, in this order. */
  parts(): readonly FetchPart[]
  /** Calls for each part whose log may have moved, one that `parts` does not name yet as well. Returns how to stop. */
  watch(engine: StorageEngine, hint: (part: FetchPart) => void): () => void
}

/** Parts that stay as they are. */
export class NamedParts implements FetchSource {
  private readonly named: readonly FetchPart[]

  constructor(named: readonly FetchPart[]) {
    this.named = named
  }

  get isEmpty(): boolean {
    return this.named.length === 0
  }

  parts(): readonly FetchPart[] {
    return this.named
  }

  watch(engine: StorageEngine, hint: (part: FetchPart) => void): () => void {
    const stops = this.named.map((part) => engine.watch(part.partition.log, () => hint(part)))
    return () => {
      for (const stop of stops) stop()
    }
  }
}
