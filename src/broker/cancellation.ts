/** How what waits for its reply learns that nobody wants it any more. */

/** Says that nobody waits for this request any more: its connection closed, or the broker stops. */
export interface Cancellation {
  readonly cancelled: boolean
  /** Calls `listener` once when it is cancelled (at once if it already is). Returns how to stop listening. */
  onCancel(listener: (reason: 'closed' | 'stopping') => void): () => void
}
