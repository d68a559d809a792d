/** A request on its connection, from the frame that came to the reply that is queued: what cancels it, and what it holds. */

import type { Slab } from '../../slab-pool.ts'
import type { Outcome } from '../dispatch.ts'
import type { Cancellation } from '../cancellation.ts'
import type { Trace } from '../trace.ts'

type Reason = 'closed' | 'stopping'

export class Request implements Cancellation {
  /** Given up once the request is decoded: what the handler keeps of it is the handler's. */
  frame: Buffer | undefined
  /** What it is charged with until its reply is queued. */
  readonly bytes: number
  /** It may be in progress together with others like it. */
  readonly overlaps: boolean
  readonly trace: Trace | undefined
  private slab: Slab | undefined
  isAnswered = false
  outcome: Outcome = undefined
  private reason: Reason | undefined
  private listeners: ((reason: Reason) => void)[] | undefined

  /** The frame lies in `slab`, if it lies in one, which is retained until `release`. */
  constructor(
    frame: Buffer,
    bytes: number,
    overlaps: boolean,
    trace: Trace | undefined,
    slab?: Slab,
  ) {
    this.frame = frame
    this.bytes = bytes
    this.overlaps = overlaps
    this.trace = trace
    this.slab = slab
    slab?.retain()
  }

  get cancelled(): boolean {
    return this.reason !== undefined
  }

  onCancel(listener: (reason: Reason) => void): () => void {
    if (this.reason !== undefined) {
      listener(this.reason)
      return () => {}
    }
    this.listeners ??= []
    this.listeners.push(listener)
    return () => {
      this.listeners = this.listeners?.filter((other) => other !== listener)
    }
  }

  answer(outcome: Outcome): void {
    this.outcome = outcome
    this.isAnswered = true
    this.listeners = undefined
  }

  /**
   * It is over. Of a produced frame the store has retained what it keeps; any other may live on in what its handler
   * remembers, so that its slab is left to the garbage collector.
   */
  release(): void {
    if (this.overlaps) this.slab?.release()
    this.slab = undefined
  }

  /** Without effect when it is answered, or was cancelled before. */
  cancel(reason: Reason): void {
    if (this.isAnswered || this.reason !== undefined) return
    this.reason = reason
    const listeners = this.listeners
    this.listeners = undefined
    for (const listener of listeners ?? []) listener(reason)
  }
}
