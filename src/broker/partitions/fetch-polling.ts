/** One request of a fetch session: what it reads is what the session has reason to read when it does. */

import type { StorageEngine } from '../../storage/engine.ts'
import type { FetchPart } from './fetch.ts'
import type { BoundPart, FetchSession } from './fetch-session.ts'
import type { FetchSource } from './fetch-source.ts'

export class FetchPolling implements FetchSource {
  readonly session: FetchSession
  /** What was read last. */
  looked: readonly BoundPart[] = []
  private readonly nextEpoch: number

  /** The session has gone on to the epoch behind this request's. */
  constructor(session: FetchSession) {
    this.session = session
    this.nextEpoch = session.epoch
  }

  /** Whether the client has sent the next request without the answer to this one. */
  get isOvertaken(): boolean {
    return this.session.epoch !== this.nextEpoch
  }

  get isEmpty(): boolean {
    return this.session.isUnreadable
  }

  parts(): readonly FetchPart[] {
    this.looked = this.session.beginRead()
    return this.looked
  }

  watch(_engine: StorageEngine, hint: (part: FetchPart) => void): () => void {
    return this.session.listen(hint)
  }
}
